/**
 * For which client and network nothing was on record when it was last read: for half a minute it is not read again. What is on record
 * is never remembered, and whoever fails is forgotten here first; so somebody who guesses has at most one guess more for each
 * environment that has served the client from this very network within that half minute, before the first of them is on record there.
 */
import type { FailureRecord } from './lockout.ts';

const REMEMBERED_MS = 30_000;
const ENTRIES_MAX = 10_000;

type Records = { readonly ofClient: FailureRecord | undefined; readonly ofNetwork: FailureRecord | undefined };

export interface CleanRecords {
  has(key: string, nowMs: number): boolean;
  /** @param records as read for a request that came at `nowMs`. */
  learn(key: string, records: Records, nowMs: number): void;
  forget(key: string): void;
}

export function createCleanRecords(): CleanRecords {
  const readAt = new Map<string, number>();
  return {
    has(key, nowMs) {
      const at = readAt.get(key);
      return at !== undefined && nowMs - at < REMEMBERED_MS;
    },
    learn(key, { ofClient, ofNetwork }, nowMs) {
      if ((ofClient?.failures ?? 0) > 0 || (ofNetwork?.failures ?? 0) > 0) {
        readAt.delete(key);
        return;
      }
      if (readAt.size >= ENTRIES_MAX) readAt.clear(); // forgetting only costs a read
      readAt.set(key, nowMs);
    },
    forget(key) {
      readAt.delete(key);
    },
  };
}
