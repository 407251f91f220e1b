// Access tokens as JWTs (RFC 9068 sections 2 and 4; RFC 7519): what they say, how they are written, when they are believed.
import { ok, refuse, type Result } from '../result.ts';
import type { Algorithm } from './algorithms.ts';
import type { VerificationKey } from './jwk.ts';
import { jwsSigningInput, verifyJws, type JwsFault } from './jws.ts';
import { parseJsonObject, type JsonObject } from './strict-json.ts';

export type AccessTokenClaims = {
  readonly iss: string;
  /** The client, or after an exchange the one on whose behalf it acts. */
  readonly sub: string;
  readonly client_id: string;
  /** Exactly one audience. */
  readonly aud: string;
  /** Epoch seconds. */
  readonly iat: number;
  /** Epoch seconds. */
  readonly exp: number;
  readonly jti: string;
  /** Space-separated (RFC 6749 section 3.3); empty for a token without scope. */
  readonly scope: string;
  readonly roles: readonly string[];
  /** The client's epoch when it was issued; a lower one than the client's now means revoked. */
  readonly epoch: number;
  /** The session that it belongs to. */
  readonly sid?: string;
  /** Key or certificate that the presenter must prove (RFC 7800); never valid as a plain bearer token. */
  readonly cnf?: Readonly<Record<string, unknown>>;
  /** CIDRs from which alone it may be used. */
  readonly ip?: readonly string[];
  /** The factors that the client proved. */
  readonly amr: readonly string[];
  /** Who acts for `sub` (RFC 8693 section 4.1). */
  readonly act?: Readonly<Record<string, unknown>>;
};

/** Why a token is not believed. `claims` are given once the signature and every claim's form have been checked. */
export type TokenFault =
  | JwsFault
  | { readonly reason: 'type_wrong'; readonly typ: string | undefined }
  | { readonly reason: 'claims_malformed' }
  | { readonly reason: 'claim_invalid'; readonly claim: string }
  | { readonly reason: 'issuer_wrong'; readonly claims: AccessTokenClaims }
  | { readonly reason: 'audience_wrong'; readonly claims: AccessTokenClaims }
  | { readonly reason: 'token_expired'; readonly claims: AccessTokenClaims }
  | { readonly reason: 'token_from_the_future'; readonly claims: AccessTokenClaims };

/**
 * How far issuer's and verifier's clocks may differ before a fresh token is refused for its `iat` or `nbf`. `exp` has no
 * leeway of its own unless the caller gives one: a token that is out of time for its holder is so for everybody.
 */
const CLOCK_SKEW_SECONDS_MAX = 60;

/** The text that is signed to make an access token: `header.payload`; the token is this, a dot and the signature. */
export function accessTokenSigningInput(key: { readonly alg: Algorithm; readonly kid: string }, claims: AccessTokenClaims): string {
  return jwsSigningInput({ alg: key.alg, typ: 'at+jwt', kid: key.kid }, claims);
}

export type AccessTokenExpectations = {
  readonly token: string;
  /** The issuer's keys by `kid`. */
  readonly keys: ReadonlyMap<string, VerificationKey>;
  readonly issuer: string;
  /** Required `aud`; undefined where tokens for any audience are examined (introspection, revocation). */
  readonly audience?: string | undefined;
  /** Epoch seconds. */
  readonly now: number;
  /** How long after `exp` a token is still taken, at most 60; 0 by default. */
  readonly skewSeconds?: number;
};

/** The claims of a token that this issuer signed and that is valid now; revocation and use are judged by others. */
export function verifyAccessToken(expected: AccessTokenExpectations): Result<AccessTokenClaims, TokenFault> {
  const signed = verifySignedAccessToken(expected);
  return signed.ok ? ok(signed.value.claims) : signed;
}

/** As `verifyAccessToken`, and the `kid` of the key that signed, for whoever must know whether that key is still trusted. */
export function verifySignedAccessToken(
  expected: AccessTokenExpectations,
): Result<{ readonly claims: AccessTokenClaims; readonly kid: string }, TokenFault> {
  const jws = verifyJws(expected.token, expected.keys);
  if (!jws.ok) return jws;
  const { typ, kid } = jws.value.header;
  if (!isAccessTokenType(typ)) return refuse({ reason: 'type_wrong', typ: typ?.slice(0, 32) });
  const payload = parseJsonObject(jws.value.payload);
  if (payload === undefined) return refuse({ reason: 'claims_malformed' });
  const claims = claimsFrom(payload);
  if (!claims.ok) return claims;
  const fault = expectationFault(claims.value, payload['nbf'] as number | undefined, expected);
  return fault === undefined ? ok({ claims: claims.value, kid }) : refuse({ reason: fault, claims: claims.value });
}

/** Whether valid claims still are at `now` (epoch seconds), for whoever remembers a verified token. */
export const isExpired = (claims: { readonly exp: number }, now: number, skewSeconds = 0): boolean =>
  now >= claims.exp + Math.min(skewSeconds, CLOCK_SKEW_SECONDS_MAX);

/** RFC 9068 section 4; media types compare without case, and `application/` may be left out (RFC 7515 section 4.1.9). */
function isAccessTokenType(typ: string | undefined): boolean {
  if (typ === 'at+jwt') return true;
  const type = typ?.toLowerCase();
  return type === 'at+jwt' || type === 'application/at+jwt';
}

function expectationFault(
  claims: AccessTokenClaims,
  notBefore: number | undefined,
  expected: AccessTokenExpectations,
): 'issuer_wrong' | 'audience_wrong' | 'token_expired' | 'token_from_the_future' | undefined {
  if (claims.iss !== expected.issuer) return 'issuer_wrong';
  if (expected.audience !== undefined && claims.aud !== expected.audience) return 'audience_wrong';
  if (isExpired(claims, expected.now, expected.skewSeconds)) return 'token_expired';
  if (Math.max(claims.iat, notBefore ?? 0) > expected.now + CLOCK_SKEW_SECONDS_MAX) return 'token_from_the_future';
  return undefined;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
/** Seconds and counters; a fraction, a negative or a number too large to be exact is none of ours. */
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isTextList = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText);
const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
/** RFC 6749 section 3.3: scope tokens between single spaces; an empty scope is an empty string. */
const isScope = (value: unknown): value is string =>
  value === '' || (typeof value === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/.test(value));

type ClaimRule = readonly [claim: string, isValid: (value: unknown) => boolean];
const REQUIRED_CLAIMS: readonly ClaimRule[] = [
  ['iss', isText],
  ['sub', isText],
  ['client_id', isText],
  ['aud', isText],
  ['iat', isCount],
  ['exp', isCount],
  ['jti', isText],
  ['scope', isScope],
  ['roles', isTextList],
  ['epoch', isCount],
  ['amr', isTextList],
];
const OPTIONAL_CLAIMS: readonly ClaimRule[] = [
  ['sid', isText],
  ['cnf', isObject],
  ['ip', isTextList],
  ['act', isObject],
  ['nbf', isCount],
];

/** Every claim checked for its form; claims unknown to this profile are ignored (RFC 7519 section 4). */
function claimsFrom(payload: JsonObject): Result<AccessTokenClaims, TokenFault> {
  for (const [claim, isValid] of REQUIRED_CLAIMS) {
    if (!isValid(payload[claim])) return refuse({ reason: 'claim_invalid', claim });
  }
  for (const [claim, isValid] of OPTIONAL_CLAIMS) {
    if (payload[claim] !== undefined && !isValid(payload[claim])) return refuse({ reason: 'claim_invalid', claim });
  }
  return ok(payload as AccessTokenClaims);
}
