// How long what is said of a signing key takes to be known everywhere (docs/signing-keys.md). Seconds.
import { MAXIMUM } from '../clients/maximum-lengths.ts';

const HOUR = 3600;
/** Verifiers may keep a JWKS for two hours: API Gateway's JWT authorizer does. */
const VERIFIER_CACHE_SECONDS = 2 * HOUR;
/** Environments that hold the ring, a cache in front of the JWKS (300 s), and clocks that differ by a minute each way. */
const SLACK_SECONDS = 600;

/** A key is published that long before it signs. */
export const PUBLISHED_AHEAD_SECONDS = VERIFIER_CACHE_SECONDS + SLACK_SECONDS;
/** The longest that a token outlives the moment in which it was signed. */
export const TOKEN_SECONDS_MAX = MAXIMUM.accessTokenLifetimeSeconds;
/** A key is published that long after its successor has taken over: until its last token has expired, and two hours more. */
export const KEPT_AFTER_SECONDS = TOKEN_SECONDS_MAX + VERIFIER_CACHE_SECONDS + SLACK_SECONDS;
/** Our authorizers keep a JWKS that long while it cannot be read. */
const JWKS_KEPT_SECONDS = 24 * HOUR;
/** That long a revoked key is named by the feed: after it nobody holds the key any more, whatever it may still sign. */
export const DISTRUST_TOLD_SECONDS = JWKS_KEPT_SECONDS + VERIFIER_CACHE_SECONDS + SLACK_SECONDS;
