// What one client may ask of one endpoint from one network. The arithmetic is in rate-window.ts.
import { integer, type Environment } from '../environment.ts';

/** At most `perMinute + burst` calls in any sliding minute; `perMinute` 0 means no limit. */
export type RateLimit = { readonly perMinute: number; readonly burst: number };

const RATE_LIMIT_MAX = 1_000_000;

/** The burst that goes with a limit unless one is given: a third of it (20 for the default 60). */
export const defaultBurst = (perMinute: number): number => Math.ceil(perMinute / 3);

export function rateLimitFrom(environment: Environment): RateLimit {
  const perMinute = integer(environment, 'RATE_LIMIT_PER_MINUTE', { min: 0, max: RATE_LIMIT_MAX });
  const burst =
    environment['RATE_LIMIT_BURST'] === undefined
      ? defaultBurst(perMinute)
      : integer(environment, 'RATE_LIMIT_BURST', { min: 0, max: RATE_LIMIT_MAX });
  return { perMinute, burst };
}
