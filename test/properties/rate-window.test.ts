import fc from 'fast-check';
import { expect, it } from 'vitest';
import { allowanceHeaders } from '../../src/abuse/allowance.ts';
import { judgeRate, minuteOf, rateAllowance, WINDOW_SECONDS } from '../../src/abuse/rate-window.ts';

const observation = fc.record({
  limit: fc.record({ perMinute: fc.integer({ min: 1, max: 10_000 }), burst: fc.integer({ min: 0, max: 10_000 }) }),
  previousHits: fc.oneof(fc.nat(50), fc.nat(100_000)),
  hits: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 100_000 })),
  nowMs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
});
const small = fc.record({
  limit: fc.record({ perMinute: fc.integer({ min: 1, max: 9 }), burst: fc.integer({ min: 0, max: 3 }) }),
  previousHits: fc.nat(20),
  hits: fc.integer({ min: 1, max: 20 }),
  nowMs: fc.integer({ min: 0, max: 600_000 }),
});

/** The verdict on one more call, if nobody else calls in between. */
function judgeAt(laterMs: number, { limit, previousHits, hits, nowMs }: Parameters<typeof judgeRate>[0]) {
  const minutes = minuteOf(laterMs) - minuteOf(nowMs);
  if (minutes === 0) return judgeRate({ limit, previousHits, hits: hits + 1, nowMs: laterMs });
  return judgeRate({ limit, previousHits: minutes === 1 ? hits : 0, hits: 1, nowMs: laterMs });
}

it('Retry-After is true: after waiting it, one call is allowed', () => {
  fc.assert(
    fc.property(fc.oneof(observation, small), (observed) => {
      const verdict = judgeRate(observed);
      fc.pre(!verdict.allowed);
      expect(Number.isInteger(verdict.retryAfterSeconds) && verdict.retryAfterSeconds >= 1).toBe(true);
      expect(verdict.retryAfterSeconds).toBeLessThanOrEqual(2 * WINDOW_SECONDS);
      expect(judgeAt(observed.nowMs + verdict.retryAfterSeconds * 1000, observed).allowed).toBe(true);
    }),
    { numRuns: 5000 },
  );
});

it('Retry-After is not longer than needed: a full second less and the call is refused', () => {
  fc.assert(
    fc.property(fc.oneof(observation, small), (observed) => {
      const { allowed, retryAfterSeconds } = judgeRate(observed);
      fc.pre(!allowed && retryAfterSeconds > 1);
      expect(judgeAt(observed.nowMs + (retryAfterSeconds - 1) * 1000, observed).allowed).toBe(false);
    }),
    { numRuns: 5000 },
  );
});

it('a verdict counts truly: as many calls as remain are allowed at once, and not one more', () => {
  fc.assert(
    fc.property(fc.oneof(observation, small), (observed) => {
      const { allowed, remaining, quota } = judgeRate(observed);
      expect(remaining).toBeGreaterThanOrEqual(0);
      expect(remaining).toBeLessThanOrEqual(quota);
      fc.pre(allowed);
      expect(judgeRate({ ...observed, hits: observed.hits + remaining }).allowed).toBe(true);
      expect(judgeRate({ ...observed, hits: observed.hits + remaining + 1 }).allowed).toBe(false);
    }),
  );
});

it('no sliding minute holds more served calls than the quota and its rounding', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 200 }), fc.integer({ min: 1, max: 12 }), (pauses, perMinute) => {
      const hits = new Map<number, number>();
      const served: number[] = [];
      let nowMs = 0;
      for (const pause of pauses) {
        nowMs += pause;
        const minute = minuteOf(nowMs);
        hits.set(minute, (hits.get(minute) ?? 0) + 1);
        const verdict = judgeRate({
          limit: { perMinute, burst: 0 },
          previousHits: hits.get(minute - 1) ?? 0,
          hits: hits.get(minute)!,
          nowMs,
        });
        if (verdict.allowed) served.push(nowMs);
      }
      for (const minute of hits.keys()) expect(served.filter((at) => minuteOf(at) === minute).length).toBeLessThanOrEqual(perMinute);
    }),
  );
});

it('headers are well-formed whatever the numbers', () => {
  fc.assert(
    fc.property(observation, (observed) => {
      const headers = allowanceHeaders([rateAllowance('token', judgeRate(observed))]);
      expect(headers['ratelimit']).toMatch(/^"token";r=\d+;t=\d+$/);
      expect(headers['ratelimit-policy']).toMatch(/^"token";q=\d+;w=60$/);
    }),
  );
});
