/**
 * Rate windows of the minute before, once read: nobody counts in a minute that is over, so this environment reads each of them once and
 * not with every request. It is a read unit of every call less for a caller that comes several times a minute.
 */
import type { RateWindow } from '../endpoints/stores.ts';
import { keyText, previousWindowKey } from './keys.ts';

/** Calls that began in the minute before, on clocks that differ a little, may still be counted then. */
const SETTLING_SECONDS = 2;
const ENTRIES_MAX = 10_000;

export interface SettledWindows {
  /** Hits of the minute before `window`, if they are known. */
  hits(window: RateWindow): number | undefined;
  /** @param now epoch seconds, when they were read. */
  learn(window: RateWindow, hits: number, now: number): void;
}

export function createSettledWindows(): SettledWindows {
  const known = new Map<string, number>();
  let minute = -1;
  const nameOf = (window: RateWindow): string => keyText(previousWindowKey(window));
  return {
    hits: (window) => (window.minute === minute ? known.get(nameOf(window)) : undefined),
    learn(window, hits, now) {
      if (now < window.minute * 60 + SETTLING_SECONDS) return;
      if (window.minute < minute) return;
      if (window.minute > minute || known.size >= ENTRIES_MAX) known.clear(); // forgetting only costs a read
      minute = window.minute;
      known.set(nameOf(window), hits);
    },
  };
}
