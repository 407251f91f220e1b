import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConfigurationError } from '../../src/environment.ts';
import type { HttpApiEvent } from '../../src/http/lambda-event.ts';
import { lambda, type Endpoint } from '../../src/http/lambda.ts';
import { jsonResponse } from '../../src/http/message.ts';
import { Outage } from '../../src/outage.ts';
import { captureLog, type CapturedLog } from '../telemetry/captured-log.ts';

const event: HttpApiEvent = {
  routeKey: 'POST /token',
  rawPath: '/token',
  requestContext: { http: { method: 'POST', sourceIp: '192.0.2.1' } },
};
const call = (endpoint: Endpoint) => lambda('token', () => endpoint)(event, {});

let captured: CapturedLog;
beforeEach(() => {
  captured = captureLog();
});
afterEach(() => {
  captured.release();
  vi.useRealTimers();
});
const logged = (level: string) => captured.lines().filter((line) => line['level'] === level);
const metrics = () => captured.lines().filter((line) => '_aws' in line);

describe('an endpoint behind API Gateway', () => {
  it('answers with its response, the trace id and the headers that every answer owes', async () => {
    const result = await call(async (request) => jsonResponse(200, { ip: request.ip }));
    expect(result).toMatchObject({ statusCode: 200, body: '{"ip":"192.0.2.1"}', isBase64Encoded: false });
    expect(result.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-trace-id': expect.stringMatching(/^[0-9a-f]{32}$/) as string,
    });
    expect(captured.lines()).toEqual([]);
  });

  it('answers an outage with 503 and Retry-After, and logs which dependency', async () => {
    const result = await call(() => Promise.reject(new Outage('kms:Sign', { throttled: true, cause: new Error('slow down') })));
    expect(result.statusCode).toBe(503);
    expect(result.headers).toMatchObject({ 'retry-after': '1', 'cache-control': 'no-store' });
    expect(JSON.parse(result.body)).toEqual({
      error: 'temporarily_unavailable',
      error_description: 'the service is temporarily unavailable; retry shortly',
      trace_id: result.headers['x-trace-id'],
    });
    expect(logged('ERROR')).toMatchObject([
      {
        message: 'outage',
        endpoint: 'token',
        dependency: 'kms:Sign',
        throttled: true,
        error: 'Outage: kms:Sign failed (Error: slow down)',
      },
    ]);
    expect(metrics()).toMatchObject([{ outcome: 'outage', reason: 'kms:Sign', requests: 1 }, { outage: 1 }]);
  });

  it('answers a defect with 500 that tells nothing, and logs where it happened', async () => {
    const result = await call(() => Promise.reject(new TypeError('internal detail')));
    expect(result.statusCode).toBe(500);
    expect(result.body).not.toContain('detail');
    expect(JSON.parse(result.body)).toMatchObject({ error: 'server_error' });
    expect(logged('ERROR')).toMatchObject([
      { message: 'defect', error: 'TypeError: internal detail', stack: expect.stringContaining('lambda.test') as string },
    ]);
    expect(metrics()).toMatchObject([{ outcome: 'defect' }]);
  });

  it('logs a defect that is no error as such', async () => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- that is the case
    expect((await call(() => Promise.reject('text'))).statusCode).toBe(500);
    expect(logged('ERROR')).toMatchObject([{ message: 'defect', error: 'unknown' }]);
    expect(logged('ERROR')[0]).not.toHaveProperty('stack');
  });

  it('answers with 503 when a configuration turns out bad during a call, naming the variable', async () => {
    const result = await call(() => Promise.reject(new ConfigurationError('RING_SECRET_ARN', 'names a ring that holds no key')));
    expect(result).toMatchObject({ statusCode: 503, headers: { 'retry-after': '1' } });
    expect(logged('FATAL')).toMatchObject([{ variable: 'RING_SECRET_ARN', endpoint: 'token' }]);
    expect(metrics()).toMatchObject([{ outcome: 'outage' }, { configuration_error: 1 }]);
  });

  it('answers within its own deadline of 3.8 s whatever happens behind', async () => {
    vi.useFakeTimers();
    let settled = false;
    const result = call(() => new Promise(() => undefined)).finally(() => {
      settled = true;
    });
    await vi.advanceTimersByTimeAsync(3_799);
    expect(settled).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect((await result).statusCode).toBe(503);
    expect(logged('ERROR')).toMatchObject([{ dependency: 'deadline' }]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves no timer behind an answer', async () => {
    vi.useFakeTimers();
    await call(async () => jsonResponse(200, {}));
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a function that cannot be built', () => {
  it('says which variable is wrong once, and answers every call with 503', async () => {
    const handler = lambda('token', () => {
      throw new ConfigurationError('SIGNING_KEYS', 'must be JSON');
    });
    expect(logged('FATAL')).toMatchObject([
      { variable: 'SIGNING_KEYS', error: 'ConfigurationError: SIGNING_KEYS must be JSON', endpoint: 'token' },
    ]);
    for (let at = 0; at < 2; at += 1) {
      expect(await handler(event, {})).toMatchObject({ statusCode: 503, headers: { 'retry-after': '1' } });
    }
    expect(logged('FATAL')).toHaveLength(1);
    expect(metrics().filter((line) => line['configuration_error'] === 1)).toHaveLength(1);
  });

  it('does so for any other error, too', async () => {
    const handler = lambda('token', () => {
      throw new TypeError('no such thing');
    });
    expect(logged('FATAL')).toMatchObject([{ error: 'TypeError: no such thing' }]);
    expect(logged('FATAL')[0]).not.toHaveProperty('variable');
    expect((await handler(event, {})).statusCode).toBe(503);
  });
});
