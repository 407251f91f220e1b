/**
 * Who was refused for its rate, and until when: until then this environment refuses again without a storage call, so that a caller
 * in a tight loop costs nothing and does not count against itself.
 */
const ENTRIES_MAX = 10_000;

export interface RefusedUntil {
  /** Whole seconds still to wait, or undefined. */
  remainingSeconds(key: string, nowMs: number): number | undefined;
  remember(key: string, untilMs: number): void;
}

export function createRefusedUntil(): RefusedUntil {
  const until = new Map<string, number>();
  return {
    remainingSeconds(key, nowMs) {
      const end = until.get(key);
      if (end === undefined) return undefined;
      if (end > nowMs) return Math.ceil((end - nowMs) / 1000);
      until.delete(key);
      return undefined;
    },
    remember(key, untilMs) {
      if (until.size >= ENTRIES_MAX) until.clear(); // forgetting only costs a storage call
      until.set(key, untilMs);
    },
  };
}
