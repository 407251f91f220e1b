import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeError, log, logAudit } from '../../src/telemetry/log.ts';
import { emitCounter, emitRequestMetric, METRIC_NAMESPACE } from '../../src/telemetry/metrics.ts';
import { auditEvent } from '../storage/records.ts';
import { captureLog, type CapturedLog } from './captured-log.ts';

let captured: CapturedLog;
beforeEach(() => {
  captured = captureLog();
});
afterEach(() => {
  captured.release();
});

it('a log line is one JSON object on one line, with time, level and message', () => {
  log('WARN', 'a\nb', { endpoint: 'token', client_id: 'c' });
  log('INFO', 'c');
  expect(captured.texts()[0]).toMatch(/^\{[^\n]*\}\n$/);
  expect(captured.lines()[0]).toEqual({
    timestamp: expect.stringMatching(/^\d{4}-.*Z$/) as string,
    level: 'WARN',
    message: 'a\nb',
    endpoint: 'token',
    client_id: 'c',
  });
  expect(Object.keys(captured.lines()[1]!)).toEqual(['timestamp', 'level', 'message']);
});

it('an audit line carries the whole event', () => {
  logAudit(auditEvent());
  expect(captured.lines()).toMatchObject([{ level: 'INFO', message: 'audit', audit: auditEvent() }]);
});

it('an error is told by class and message, with its cause', () => {
  expect(describeError(new TypeError('a'))).toBe('TypeError: a');
  expect(describeError(new Error('a', { cause: new RangeError('b') }))).toBe('Error: a (RangeError: b)');
  expect(describeError(new Error('a', { cause: 'b' }))).toBe('Error: a');
  expect(describeError('a')).toBe('unknown');
});

it('a request that was served has no reason, and pays for none', () => {
  emitRequestMetric({ endpoint: 'token', outcome: 'success', reason: undefined, latencyMs: 12, nowMs: 1_800_000_000_000 });
  expect(captured.lines()).toMatchObject([{ _aws: { CloudWatchMetrics: [{ Dimensions: [['endpoint', 'outcome']] }] }, requests: 1 }]);
  expect(captured.lines()[0]).not.toHaveProperty('reason');
});

it('a request is a metric by endpoint and outcome, and by reason, and never by client', () => {
  emitRequestMetric({ endpoint: 'token', outcome: 'refused', reason: 'secret_mismatch', latencyMs: 12, nowMs: 1_800_000_000_000 });
  expect(captured.lines()).toEqual([
    {
      _aws: {
        Timestamp: 1_800_000_000_000,
        CloudWatchMetrics: [
          {
            Namespace: METRIC_NAMESPACE,
            Dimensions: [
              ['endpoint', 'outcome'],
              ['endpoint', 'outcome', 'reason'],
            ],
            Metrics: [
              { Name: 'requests', Unit: 'Count' },
              { Name: 'latency', Unit: 'Milliseconds' },
            ],
          },
        ],
      },
      endpoint: 'token',
      outcome: 'refused',
      reason: 'secret_mismatch',
      requests: 1,
      latency: 12,
    },
  ]);
});

it('a counter has no dimension', () => {
  emitCounter('refresh_token_reuse', 1);
  expect(captured.lines()).toEqual([
    {
      _aws: {
        Timestamp: 1,
        CloudWatchMetrics: [{ Namespace: 'M2mAuth', Dimensions: [[]], Metrics: [{ Name: 'refresh_token_reuse', Unit: 'Count' }] }],
      },
      refresh_token_reuse: 1,
    },
  ]);
});
