/**
 * How many refusals reach the event bus from this environment: the first of each endpoint, subject and network in a minute, and
 * few in all, so that an attack is seen without becoming a bill. Every refusal is in the log all the same.
 */
import { minuteOf } from './rate-window.ts';

const PER_MINUTE_MAX = 20;

export interface DenialBudget {
  /** Whether this refusal goes out; spends one of the minute's when it does. */
  take(key: string, nowMs: number): boolean;
}

export function createDenialBudget(): DenialBudget {
  const sent = new Set<string>();
  let minute = 0;
  return {
    take(key, nowMs) {
      if (minuteOf(nowMs) !== minute) {
        minute = minuteOf(nowMs);
        sent.clear();
      }
      if (sent.size >= PER_MINUTE_MAX || sent.has(key)) return false;
      sent.add(key);
      return true;
    },
  };
}
