import { describe, expect, it } from 'vitest';
import { allowanceHeaders } from '../../src/abuse/allowance.ts';
import { judgeRate, minuteOf, rateAllowance } from '../../src/abuse/rate-window.ts';

const MINUTE_MS = 60_000;
const START_MS = 30_000_000 * MINUTE_MS;
const limit = { perMinute: 60, burst: 20 };
const judge = (hits: number, previousHits = 0, elapsedSeconds = 0, given = limit) =>
  judgeRate({ limit: given, previousHits, hits, nowMs: START_MS + elapsedSeconds * 1000 });

describe('a sliding minute', () => {
  it('begins with the minute of the epoch', () => {
    expect([0, 59_999, 60_000, START_MS].map(minuteOf)).toEqual([0, 0, 1, 30_000_000]);
  });

  it('allows limit and burst together, and not one call more', () => {
    expect(judge(80)).toEqual({ allowed: true, quota: 80, remaining: 0, resetSeconds: 60, retryAfterSeconds: 0 });
    expect(judge(81)).toMatchObject({ allowed: false, quota: 80, remaining: 0 });
  });

  it('counts the minute before in proportion to how much of it lies within the last sixty seconds', () => {
    expect(judge(40, 80, 30)).toMatchObject({ allowed: true, remaining: 0 });
    expect(judge(41, 80, 30).allowed).toBe(false);
    expect(judge(61, 80, 45).allowed).toBe(false);
    expect(judge(60, 80, 45).allowed).toBe(true);
    expect(judge(10, 40, 30)).toMatchObject({ remaining: 50 });
  });

  it('tells whole calls left, rounded down', () => {
    expect(judge(10, 1, 30).remaining).toBe(69);
    expect(judge(1).remaining).toBe(79);
  });

  it('tells whole seconds until the fixed minute ends', () => {
    expect([0, 0.5, 29.999, 30, 59, 59.9].map((elapsed) => judge(1, 0, elapsed).resetSeconds)).toEqual([60, 60, 31, 30, 1, 1]);
  });

  it('counts refused calls of the minute before no further than the limit', () => {
    expect(judge(1, 80, 1)).toEqual(judge(1, 10_000, 1));
  });

  it('makes a limit of one call a minute just that', () => {
    const one = { perMinute: 1, burst: 0 };
    expect(judge(1, 0, 0, one).allowed).toBe(true);
    expect(judge(2, 0, 0, one)).toMatchObject({ allowed: false, retryAfterSeconds: 120 });
    expect(judge(1, 1, 59, one)).toMatchObject({ allowed: false, retryAfterSeconds: 61 });
  });
});

describe('Retry-After', () => {
  it('is when the minute before has slid far enough out', () => {
    // 80 x (1 - e/60) + 31 + 1 <= 80 from e = 24.
    expect(judge(31, 80, 20)).toMatchObject({ allowed: false, retryAfterSeconds: 4 });
  });

  it('is at least a second', () => {
    expect(judge(41, 80, 30)).toMatchObject({ allowed: false, retryAfterSeconds: 2 });
    expect(judge(80, 80, 59.999).retryAfterSeconds).toBeGreaterThanOrEqual(1);
  });

  it('is in the next minute when this one is full by itself', () => {
    // From the start of the next minute 80 x (1 - e/60) + 1 <= 80 from e = 0.75.
    expect(judge(81, 0, 10)).toMatchObject({ retryAfterSeconds: 51 });
    expect(judge(500, 80, 10)).toMatchObject({ retryAfterSeconds: 51 });
    expect(judge(80, 40, 10)).toMatchObject({ allowed: false, retryAfterSeconds: 51 });
    expect(judge(81, 0, 9.749)).toMatchObject({ retryAfterSeconds: 52 });
  });

  it('is 0 for an allowed call', () => {
    expect(judge(1).retryAfterSeconds).toBe(0);
  });
});

it('headers tell policy, calls left and seconds to the reset', () => {
  expect(allowanceHeaders([rateAllowance('token', judge(10, 0, 15))])).toEqual({
    'ratelimit-policy': '"token";q=80;w=60',
    ratelimit: '"token";r=70;t=45',
  });
});
