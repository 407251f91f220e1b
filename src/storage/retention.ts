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

/** A window counts as the previous one for a minute after its own; the rest is for clocks that differ. */
export const windowPurgeAt = (minute: number): number => (minute + 1) * MINUTE + 3 * MINUTE;
/** The rest is for clocks that differ. @param day since the epoch. */
export const quotaPurgeAt = (day: number): number => (day + 1) * 24 * HOUR + HOUR;
/** After every delay, everything owed and every proof that could still count (src/abuse/lockout.ts; a test compares). */
export const failurePurgeAt = (now: number): number => now + 72 * HOUR;
export const denialPurgeAt = (minute: number): number => (minute + 1) * MINUTE + HOUR;

/** From then on nobody is given it; whoever reads it sooner asks for half of its life (src/tokens/reusable-token.ts). */
export const issuedTokenPurgeAt = (exp: number): number => exp;

export const revocationFeedUntil = (exp: number): number => exp + CLOCK_LEEWAY_SECONDS;
export const revocationPurgeAt = (exp: number): number => revocationFeedUntil(exp) + HOUR;

/** A session's last rotation may come just before its end and its access token outlive it by the longest lifetime. */
export const sessionPurgeAt = ({ expires_at, last_access_exp }: { expires_at: number; last_access_exp: number }): number =>
  Math.max(expires_at + LONGEST_ACCESS_TOKEN_SECONDS, last_access_exp) + HOUR;

/** Tokens of the old epoch were made before `now`. */
export const epochFeedUntil = (now: number): number => now + LONGEST_ACCESS_TOKEN_SECONDS + CLOCK_LEEWAY_SECONDS;
/**
 * So were a session's when it ends. Its `last_access_exp` would tell too little: a replay within the grace window writes nothing, and its
 * access token outlives that time where the client's or audience's lifetime was raised meanwhile.
 */
export const endedSessionFeedUntil = (now: number): number => epochFeedUntil(now);
export const endedSessionPurgeAt = (now: number): number => endedSessionFeedUntil(now) + HOUR;

/**
 * A tombstone keeps the id taken until the last session of the client has reached its absolute end, up to a year later: a new
 * client of the same id and epoch would bring such a session back to life. The feed's entry stops to matter long before.
 */
export const tombstonePurgeAt = (now: number): number => now + MAXIMUM.refreshTokenLifetimeSeconds + LONGEST_ACCESS_TOKEN_SECONDS + HOUR;

/** Longer than a year, so that a secret of a yearly job still says that it is in use. */
export const secretUsePurgeAt = (usedAt: number): number => usedAt + 400 * 24 * HOUR;

/** A key past its end is listed for another month, so that its users can see why it stopped. */
export const apiKeyPurgeAt = (expiresAt: number): number => expiresAt + 30 * 24 * HOUR;
/** Its tokens are over after the longest lifetime; a delayed repeat of the request that made it may come for a day and finds that it has ended. */
export const endedApiKeyPurgeAt = (now: number): number => now + 24 * HOUR + LONGEST_ACCESS_TOKEN_SECONDS + HOUR;

/** A certificate past its own end is refused without a list. The rest is for clocks that differ. */
export const deniedCertificatePurgeAt = (until: number): number => until + HOUR;

/** The rest is for clocks that differ. @param until when the value itself is refused. */
export const oneTimePurgeAt = (until: number): number => until + HOUR;

/** What was removed a moment ago is removed for whoever repeats the request. */
export const removedRulePurgeAt = (now: number): number => now + 24 * HOUR;

/** What has ended is warned of no more. */
export const warningPurgeAt = (endsAt: number): number => endsAt + 24 * HOUR;
