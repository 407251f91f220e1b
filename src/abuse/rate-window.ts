/**
 * A sliding minute from two fixed ones: the calls of this minute, and of the one before in proportion to how much of it still lies
 * within the last sixty seconds. One counter write decides; nothing is read back and written.
 */
import type { RateLimit } from './rate-limit.ts';

export const WINDOW_SECONDS = 60;

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

export const minuteOf = (nowMs: number): number => Math.floor(nowMs / (WINDOW_SECONDS * 1000));

export function judgeRate({ limit, previousHits, hits, nowMs }: RateObservation): RateVerdict {
  const quota = limit.perMinute + limit.burst;
  const elapsed = (nowMs / 1000) % WINDOW_SECONDS;
  // Refused calls count no further than the limit: who kept knocking is not kept out for longer than who stopped.
  const previous = Math.min(previousHits, quota);
  const estimate = previous * (1 - elapsed / WINDOW_SECONDS) + hits;
  const allowed = estimate <= quota;
  return {
    allowed,
    quota,
    remaining: allowed ? Math.floor(quota - estimate) : 0,
    resetSeconds: Math.ceil(WINDOW_SECONDS - elapsed),
    retryAfterSeconds: allowed ? 0 : Math.max(1, Math.ceil(waitSeconds(quota, previous, hits, elapsed))),
  };
}

/** Seconds until `previous x what is left of its minute + hits + 1` fits the quota, in this window or the next. */
function waitSeconds(quota: number, previous: number, hits: number, elapsed: number): number {
  if (previous > 0 && hits + 1 <= quota) return WINDOW_SECONDS * (1 - (quota - hits - 1) / previous) - elapsed;
  const carried = Math.min(hits, quota);
  return WINDOW_SECONDS - elapsed + (carried + 1 <= quota ? 0 : WINDOW_SECONDS * (1 - (quota - 1) / carried));
}

/** RateLimit and RateLimit-Policy header fields (draft-ietf-httpapi-ratelimit-headers). */
export const rateLimitHeaders = (policy: string, verdict: RateVerdict): Readonly<Record<string, string>> => ({
  'ratelimit-policy': `"${policy}";q=${verdict.quota};w=${WINDOW_SECONDS}`,
  ratelimit: `"${policy}";r=${verdict.remaining};t=${verdict.resetSeconds}`,
});
