/**
 * Who was refused for its rate, and until when: until then this environment refuses again without a storage call, so that a caller
 * in a tight loop costs nothing and does not count against itself.
 */
import type { RateVerdict } from './rate-window.ts';

const ENTRIES_MAX = 10_000;

export interface RefusedUntil {
  /** The verdict that still stands, with what is left of its wait, or undefined. */
  standing(key: string, nowMs: number): RateVerdict | undefined;
  remember(key: string, verdict: RateVerdict, nowMs: number): void;
}

export function createRefusedUntil(): RefusedUntil {
  const refusals = new Map<string, { readonly verdict: RateVerdict; readonly atMs: number }>();
  return {
    standing(key, nowMs) {
      const refusal = refusals.get(key);
      if (refusal === undefined) return undefined;
      const passedSeconds = (nowMs - refusal.atMs) / 1000;
      const retryAfterSeconds = Math.ceil(refusal.verdict.retryAfterSeconds - passedSeconds);
      if (retryAfterSeconds > 0)
        return {
          ...refusal.verdict,
          retryAfterSeconds,
          resetSeconds: Math.max(1, Math.ceil(refusal.verdict.resetSeconds - passedSeconds)),
        };
      refusals.delete(key);
      return undefined;
    },
    remember(key, verdict, nowMs) {
      if (refusals.size >= ENTRIES_MAX) refusals.clear(); // forgetting only costs a storage call
      refusals.set(key, { verdict, atMs: nowMs });
    },
  };
}
