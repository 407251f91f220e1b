/**
 * A sliding minute from two fixed ones: the calls of this minute, and of the one before in proportion to how much of it still lies
 * within the last sixty seconds. One counter write decides; nothing is read back and written.
 */
import type { Allowance } from './allowance.ts';
import type { RateLimit } from './rate-limit.ts';

export const WINDOW_SECONDS = 60;
const WINDOW_MS = WINDOW_SECONDS * 1000;

export type RateVerdict = {
  readonly allowed: boolean;
  /** Calls in any sliding minute. */
  readonly quota: number;
  /** Whole calls left now. */
  readonly remaining: number;
  /** Seconds until this fixed window ends and the estimate starts to fall. */
  readonly resetSeconds: number;
  /** Whole seconds after which one more call would be allowed; 0 when allowed. */
  readonly retryAfterSeconds: number;
};

export type RateObservation = {
  readonly limit: RateLimit;
  readonly previousHits: number;
  /** This call included. */
  readonly hits: number;
  /** Epoch milliseconds. */
  readonly nowMs: number;
};

export const minuteOf = (nowMs: number): number => Math.floor(nowMs / WINDOW_MS);

export function judgeRate({ limit, previousHits, hits, nowMs }: RateObservation): RateVerdict {
  const quota = limit.perMinute + limit.burst;
  const elapsedMs = nowMs % WINDOW_MS;
  // Refused calls count no further than the limit: who kept knocking is not kept out for longer than who stopped.
  const previous = Math.min(previousHits, quota);
  // In calls x milliseconds: whole numbers, so that verdict and Retry-After agree exactly.
  const left = (quota - hits) * WINDOW_MS - previous * (WINDOW_MS - elapsedMs);
  const allowed = left >= 0;
  return {
    allowed,
    quota,
    remaining: allowed ? Math.floor(left / WINDOW_MS) : 0,
    resetSeconds: Math.ceil((WINDOW_MS - elapsedMs) / 1000),
    retryAfterSeconds: allowed ? 0 : Math.ceil(waitMs(quota, previous, hits, elapsedMs) / 1000),
  };
}

/** Until `previous x what is left of its minute + hits + 1` fits the quota, in this window or the next. */
function waitMs(quota: number, previous: number, hits: number, elapsedMs: number): number {
  if (hits < quota) return (WINDOW_MS * (previous + hits + 1 - quota)) / previous - elapsedMs;
  // Full by itself, this minute is the next one's former, of which one call's worth must slide out.
  return WINDOW_MS - elapsedMs + WINDOW_MS / quota;
}

/** @param policy the name of the limit: that of the endpoint. */
export const rateAllowance = (policy: string, { quota, remaining, resetSeconds }: RateVerdict): Allowance => ({
  policy,
  quota,
  windowSeconds: WINDOW_SECONDS,
  remaining,
  resetSeconds,
});
