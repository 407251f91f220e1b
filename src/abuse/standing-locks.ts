/**
 * Whom this environment has refused for failed authentications, and until when: until then it refuses again without a storage call,
 * and by itself where a failure could not be counted.
 */
const ENTRIES_MAX = 10_000;

export interface StandingLocks {
  /** Whole seconds that are left, or undefined. */
  waitSeconds(key: string, nowMs: number): number | undefined;
  /** @param until epoch seconds. */
  remember(key: string, until: number): void;
}

export function createStandingLocks(): StandingLocks {
  const locks = new Map<string, number>();
  return {
    waitSeconds(key, nowMs) {
      const until = locks.get(key);
      if (until === undefined) return undefined;
      const left = Math.ceil(until - nowMs / 1000);
      if (left > 0) return left;
      locks.delete(key);
      return undefined;
    },
    remember(key, until) {
      if (locks.size >= ENTRIES_MAX) locks.clear(); // forgetting only costs a storage call
      locks.set(key, until);
    },
  };
}
