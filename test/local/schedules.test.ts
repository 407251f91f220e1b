import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { LambdaFunction } from '../../local/functions/lambda-function.ts';
import { startSchedules } from '../../local/schedules.ts';

const HOUR = 3_600_000;
const calls: string[] = [];
const lambda = (name: string): LambdaFunction => ({
  name,
  invoke: (event) => {
    calls.push(`${name} ${event}`);
    return Promise.resolve({ ok: true, payload: name });
  },
  warm: () => undefined,
  stop: () => Promise.resolve(),
});
const functions = new Map(['f', 'g'].map((name) => [name, lambda(name)]));
const SPECS = [
  { name: 'hourly', functionName: 'f', everyMs: HOUR, input: '{"schedule":"hourly"}' },
  { name: 'daily', functionName: 'g', everyMs: 24 * HOUR, input: '{"schedule":"daily"}' },
];

beforeEach(() => {
  calls.length = 0;
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

it('calls each function at its rate with its own input, the first time after one interval, until it is stopped', () => {
  const schedules = startSchedules(SPECS, functions);
  vi.advanceTimersByTime(HOUR - 1);
  expect(calls).toEqual([]);
  vi.advanceTimersByTime(1 + 23 * HOUR);
  expect(calls.filter((call) => call === 'f {"schedule":"hourly"}')).toHaveLength(24);
  expect(calls.filter((call) => call === 'g {"schedule":"daily"}')).toHaveLength(1);
  schedules.stop();
  vi.advanceTimersByTime(48 * HOUR);
  expect(calls).toHaveLength(25);
});

it('calls one by hand, with its input or another, and knows no other names', async () => {
  const schedules = startSchedules(SPECS, functions);
  expect(await schedules.run('daily')).toEqual({ ok: true, payload: 'g' });
  await schedules.run('hourly', '{"force":true}');
  expect(await schedules.run('weekly')).toBeUndefined();
  expect(calls).toEqual(['g {"schedule":"daily"}', 'f {"force":true}']);
  schedules.stop();
});
