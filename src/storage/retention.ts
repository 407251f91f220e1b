/**
 * How long things stay: `purge_at` (when DynamoDB may delete an item: garbage collection only) and `feed_until` (until when
 * an entry of the revocation feed matters). Everything in epoch seconds. No item goes before what it revokes has expired.
 */
import { MAXIMUM } from '../clients/maximum-lengths.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** No access token lives longer, whatever is configured. */
export const LONGEST_ACCESS_TOKEN_SECONDS = MAXIMUM.accessTokenLifetimeSeconds;
/** Verifiers' clocks may lag by as much: a token still passes that long after its `exp` (SECURITY 46). */
const CLOCK_LEEWAY_SECONDS = MINUTE;
/** A retry within the grace window gets an access token that no write records; the window is at most this long (functions/token/env.ts; a test compares). */
export const LONGEST_GRACE_SECONDS = 5 * MINUTE;

/** A window counts as the previous one for a minute after its own; the rest is for clocks that differ. */
export const windowPurgeAt = (minute: number): number => (minute + 1) * MINUTE + 3 * MINUTE;
export const denialPurgeAt = (minute: number): number => (minute + 1) * MINUTE + HOUR;

export const revocationFeedUntil = (exp: number): number => exp + CLOCK_LEEWAY_SECONDS;
export const revocationPurgeAt = (exp: number): number => revocationFeedUntil(exp) + HOUR;

/** A session's last rotation may come just before its end and its access token outlive it by the longest lifetime. */
export const sessionPurgeAt = ({ expires_at, last_access_exp }: { expires_at: number; last_access_exp: number }): number =>
  Math.max(expires_at + LONGEST_ACCESS_TOKEN_SECONDS, last_access_exp) + HOUR;
/** Added to `last_access_exp` by the write that ends a session. */
export const ENDED_SESSION_FEED_SECONDS = CLOCK_LEEWAY_SECONDS + LONGEST_GRACE_SECONDS;
export const ENDED_SESSION_PURGE_SECONDS = HOUR;

/** Tokens of the old epoch were made before `now`. */
export const epochFeedUntil = (now: number): number => now + LONGEST_ACCESS_TOKEN_SECONDS + CLOCK_LEEWAY_SECONDS;

/**
 * A tombstone keeps the id taken until the last session of the client has reached its absolute end, up to a year later: a new
 * client of the same id and epoch would bring such a session back to life. The feed's entry stops to matter long before.
 */
export const tombstonePurgeAt = (now: number): number => now + MAXIMUM.refreshTokenLifetimeSeconds + LONGEST_ACCESS_TOKEN_SECONDS + HOUR;

/** Longer than a year, so that a secret of a yearly job still says that it is in use. */
export const secretUsePurgeAt = (usedAt: number): number => usedAt + 400 * 24 * HOUR;
