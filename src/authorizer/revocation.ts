// What the core must be told to know whether a valid token still stands; the feed, the table and nothing each tell it their way.
import type { AccessTokenClaims } from '../tokens/access-token.ts';
import type { RevocationFault } from './denial.ts';

/** A token whose signature, form, issuer, audience and times have been found right; only `examine` makes one. */
export type VerifiedToken = {
  readonly claims: AccessTokenClaims;
  readonly kid: string;
  /** What the feed would call it, filled in by the ledger as needed. */
  feedIds?: { jti?: string; sid?: string };
};

/** What is known of revocations at one moment. */
export type RevocationView = { faultOf(token: VerifiedToken): RevocationFault | undefined };

/** Where views come from. `view` throws `Outage` when revocations cannot be known and may not be left unknown. */
export type RevocationSource = {
  /** Refreshes what is remembered if it is time; answers what is worth waiting for, undefined when there is nothing. */
  prepare(nowMs: number): Promise<void> | undefined;
  view(token: VerifiedToken, nowMs: number): RevocationView | Promise<RevocationView>;
  /** Whether an operator has denied the certificate of the connection. @param ids what it may be denied by. Throws `Outage` as `view` does. */
  denies(ids: readonly string[], nowMs: number): boolean | Promise<boolean>;
};

/** Verification alone: tokens stand until they expire. */
export const NOTHING_REVOKED: RevocationView = { faultOf: () => undefined };
export const withoutRevocation: RevocationSource = { prepare: () => undefined, view: () => NOTHING_REVOKED, denies: () => false };

/** What the table knows of one token; see storage/revocation-check.ts. */
export type TokenStanding = {
  /** Undefined: the client does not exist or was deleted. */
  readonly clientEpoch: number | undefined;
  readonly clientDisabled: boolean;
  /** `none` for a token without a session. */
  readonly sessionStatus: 'active' | 'ended' | 'absent' | 'none';
  readonly tokenRevoked: boolean;
};

/** A view of the one token that was looked up. An absent client or session denies: nothing is known to its credit. */
export const viewOfStanding = (
  standing: TokenStanding,
): { faultOf(token: Pick<VerifiedToken, 'claims'>): RevocationFault | undefined } => ({
  faultOf: ({ claims }) => {
    if (standing.tokenRevoked) return { reason: 'token_revoked' };
    if (standing.clientEpoch === undefined) return { reason: 'client_unknown' };
    if (standing.clientDisabled) return { reason: 'client_disabled' };
    if (claims.epoch < standing.clientEpoch) return { reason: 'epoch_raised' };
    if (claims.sid === undefined) return undefined;
    if (standing.sessionStatus === 'ended') return { reason: 'session_ended' };
    return standing.sessionStatus === 'active' ? undefined : { reason: 'session_unknown' };
  },
});

/** Reads the table for each token: a revocation bites at the very next call. */
export const tableRevocation = (
  check: (ids: { jti: string; clientId: string; sid?: string | undefined }, now: number) => Promise<TokenStanding>,
  denies: (ids: readonly string[], now: number) => Promise<boolean>,
): RevocationSource => ({
  prepare: () => undefined,
  view: async ({ claims }, nowMs) =>
    viewOfStanding(await check({ jti: claims.jti, clientId: claims.client_id, sid: claims.sid }, Math.floor(nowMs / 1000))),
  denies: (ids, nowMs) => denies(ids, Math.floor(nowMs / 1000)),
});
