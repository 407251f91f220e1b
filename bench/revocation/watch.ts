import { setTimeout as sleep } from 'node:timers/promises';
import type { FeedAuthorizer } from './feed-authorizers.ts';

/** What became of one revoked token at one environment, in milliseconds since the revocation was answered. */
export type Watched = {
  /** When the first call was sent that was denied and after which none was allowed. */
  readonly deniedMs: number;
  /** When the last call was sent that was allowed; -Infinity when none was. */
  readonly lastAllowedMs: number;
};

/**
 * Calls every environment with the token until each has denied it, and on until `watchMs` have passed: a denial may be for a feed that was
 * out of reach, and none may be followed by a call that passes too late.
 */
export function watchRevoked(
  token: string,
  revokedAt: number,
  authorizers: readonly FeedAuthorizer[],
  { everyMs, watchMs }: { everyMs: number; watchMs: number },
): Promise<readonly Watched[]> {
  const watchOne = async ({ allows }: FeedAuthorizer): Promise<Watched> => {
    let deniedMs: number | undefined;
    let lastAllowedMs = -Infinity;
    for (;;) {
      const sentMs = performance.now() - revokedAt;
      if (await allows(token)) {
        lastAllowedMs = sentMs;
        deniedMs = undefined;
      } else deniedMs ??= sentMs;
      if (deniedMs !== undefined && sentMs >= watchMs) return { deniedMs, lastAllowedMs };
      if (sentMs > watchMs + 60_000) throw new Error('a revoked token passes for good');
      await sleep(everyMs);
    }
  };
  return Promise.all(authorizers.map(watchOne));
}
