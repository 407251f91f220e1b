/**
 * A token that a caller hands in to be revoked or introspected: which kind it is and, once its MAC or signature is proven, whose.
 * "token_type_hint ... a hint ... the authorization server MUST extend its search" (RFC 7009 section 2.1): both kinds tell
 * themselves apart here, so the hint is not needed and a wrong one does no harm.
 */
import { verifyAccessToken, type AccessTokenClaims, type TokenFault } from '../tokens/access-token.ts';
import type { VerificationKey } from '../tokens/jwk.ts';
import { parseJws } from '../tokens/jws.ts';
import { isAuthentic, parseRefreshToken, REFRESH_TOKEN_PREFIX, sidOf, type RefreshToken } from '../tokens/refresh-token.ts';
import type { SecretRing } from './stores.ts';

export type InspectedToken =
  | { readonly kind: 'access_token'; readonly clientId: string; readonly claims: AccessTokenClaims; readonly expired: boolean }
  | { readonly kind: 'refresh_token'; readonly clientId: string; readonly sid: string; readonly token: RefreshToken }
  /** Forged, foreign or no token at all. */
  | { readonly kind: 'unknown' };

/** The issuer's verification keys by `kid`, from memory; read again, within bounds, when `kid` is not among them. */
export type VerificationKeys = (kid: string, now: number) => Promise<ReadonlyMap<string, VerificationKey>>;

export type InspectionDeps = {
  readonly issuer: string;
  readonly ring: SecretRing;
  readonly keys: VerificationKeys;
};

/** @param now epoch seconds. */
export async function inspectToken(text: string, now: number, deps: InspectionDeps): Promise<InspectedToken> {
  return text.startsWith(REFRESH_TOKEN_PREFIX) ? inspectRefreshToken(text, now, deps) : inspectAccessToken(text, now, deps);
}

async function inspectRefreshToken(text: string, now: number, { ring }: InspectionDeps): Promise<InspectedToken> {
  const token = parseRefreshToken(text);
  if (token === undefined) return { kind: 'unknown' };
  const macKey = await ring.key(token.keyId, 'refresh-token-mac', now);
  if (macKey === undefined || !isAuthentic(token, macKey)) return { kind: 'unknown' };
  return { kind: 'refresh_token', clientId: token.clientId, sid: sidOf(token.handle), token };
}

async function inspectAccessToken(token: string, now: number, deps: InspectionDeps): Promise<InspectedToken> {
  const jws = parseJws(token);
  if (!jws.ok) return { kind: 'unknown' };
  const keys = await deps.keys(jws.value.header.kid, now);
  const verified = verifyAccessToken({ token, keys, issuer: deps.issuer, now });
  if (verified.ok) return { kind: 'access_token', clientId: verified.value.client_id, claims: verified.value, expired: false };
  return expiredToken(verified.failure);
}

/** The signature and every claim were good, only the time is over: still worth recognising for whoever revokes it. */
const expiredToken = (fault: TokenFault): InspectedToken =>
  fault.reason === 'token_expired'
    ? { kind: 'access_token', clientId: fault.claims.client_id, claims: fault.claims, expired: true }
    : { kind: 'unknown' };
