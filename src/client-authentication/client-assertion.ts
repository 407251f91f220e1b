/**
 * A JWT that a client signs to authenticate (`private_key_jwt`: RFC 7523 sections 2.2 and 3, with the audience rule of
 * draft-ietf-oauth-rfc7523bis: the issuer alone). Its keys are those that the client is registered with; that it is used once is for
 * whoever remembers.
 */
import { ok, refuse, type Result } from '../result.ts';
import { verifyJwsByAnyOf, type VerificationKeys } from '../tokens/jwks.ts';
import { parseJwsOfAnyKey, type JwsFault } from '../tokens/jws.ts';
import { parseJsonObject, type JsonObject } from '../tokens/strict-json.ts';

/** RFC 7523 section 2.2, the only value of `client_assertion_type`. */
export const CLIENT_ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** How far the client's clock and ours may differ, in either direction. */
export const ASSERTION_SKEW_SECONDS = 30;
/** From now to `exp` at most, besides the skew: an assertion is made for the request that it comes with. */
export const ASSERTION_LIFETIME_MAX_SECONDS = 10 * 60;
const JTI_LENGTH_MAX = 256;

/** What an assertion says of itself. Nothing of it is to be believed: it serves to find the record that it is judged by. */
export type UnverifiedAssertion = { readonly iss: string; readonly sub: string; /** Empty where it names no key. */ readonly kid: string };

/** Undefined for what cannot be an assertion at all. */
export function readAssertion(text: string): UnverifiedAssertion | undefined {
  const jws = parseJwsOfAnyKey(text);
  const claims = jws.ok ? parseJsonObject(jws.value.payload) : undefined;
  const [iss, sub] = [claims?.['iss'], claims?.['sub']];
  return jws.ok && typeof iss === 'string' && typeof sub === 'string' ? { iss, sub, kid: jws.value.header.kid } : undefined;
}

export type AssertionFault =
  | JwsFault
  | { readonly reason: 'type_wrong'; readonly typ: string | undefined }
  | { readonly reason: 'claims_malformed' }
  | { readonly reason: 'claim_invalid'; readonly claim: string }
  | { readonly reason: 'claim_wrong'; readonly claim: 'iss' | 'sub' | 'aud' }
  /** Seconds: how far the time is off, beyond what is allowed. */
  | { readonly reason: 'assertion_expired' | 'assertion_from_the_future' | 'assertion_too_long_lived'; readonly seconds: number };

export type VerifiedAssertion = {
  readonly jti: string;
  /** Epoch seconds until which nobody may use it again: from then on it has expired for everybody. */
  readonly until: number;
  /** Of the key that signed. */
  readonly kid: string;
};

export type AssertionExpectations = {
  readonly assertion: string;
  /** The client's own. */
  readonly keys: VerificationKeys;
  readonly clientId: string;
  /** The only audience. */
  readonly issuer: string;
  /** Epoch seconds. */
  readonly now: number;
};

export function verifyClientAssertion(expected: AssertionExpectations): Result<VerifiedAssertion, AssertionFault> {
  const signed = verifyJwsByAnyOf(expected.assertion, expected.keys);
  if (!signed.ok) return signed;
  const { jws, key } = signed.value;
  const { typ } = jws.header;
  if (!isAssertionType(typ)) return refuse({ reason: 'type_wrong', typ: typ?.slice(0, 32) });
  const payload = parseJsonObject(jws.payload);
  if (payload === undefined) return refuse({ reason: 'claims_malformed' });
  const claims = claimsFrom(payload);
  if (!claims.ok) return claims;
  const fault = expectationFault(claims.value, expected);
  if (fault !== undefined) return refuse(fault);
  return ok({ jti: claims.value.jti, until: Math.ceil(claims.value.exp) + ASSERTION_SKEW_SECONDS, kid: key.kid });
}

/** Explicit typing (rfc7523bis section 5, RFC 8725 section 3.11) where there is any; what is made for another purpose says so here. */
const ASSERTION_TYPES = ['jwt', 'client-authentication+jwt'];

const isAssertionType = (typ: string | undefined): boolean =>
  typ === undefined || ASSERTION_TYPES.includes(typ.toLowerCase().replace(/^application\//, ''));

type Claims = {
  readonly iss: string;
  readonly sub: string;
  readonly aud: unknown;
  readonly jti: string;
  readonly exp: number;
  readonly nbf?: number;
  readonly iat?: number;
};

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isTime = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isTimeOrAbsent = (value: unknown): boolean => value === undefined || isTime(value);
const isJti = (value: unknown): boolean => isText(value) && (value as string).length <= JTI_LENGTH_MAX;

const CLAIM_RULES: readonly (readonly [claim: string, isValid: (value: unknown) => boolean])[] = [
  ['iss', isText],
  ['sub', isText],
  // RFC 7519 section 4.1.4: a NumericDate may have a fraction.
  ['exp', isTime],
  ['nbf', isTimeOrAbsent],
  ['iat', isTimeOrAbsent],
  // Optional in RFC 7523; without it nobody could tell a second use.
  ['jti', isJti],
];

function claimsFrom(payload: JsonObject): Result<Claims, AssertionFault> {
  const invalid = CLAIM_RULES.find(([claim, isValid]) => !isValid(payload[claim]));
  return invalid === undefined ? ok(payload as Claims) : refuse({ reason: 'claim_invalid', claim: invalid[0] });
}

function expectationFault(claims: Claims, { clientId, issuer, now }: AssertionExpectations): AssertionFault | undefined {
  if (claims.iss !== clientId) return { reason: 'claim_wrong', claim: 'iss' };
  if (claims.sub !== clientId) return { reason: 'claim_wrong', claim: 'sub' };
  // "The JWT MUST contain ... the issuer identifier ... as its sole value" (rfc7523bis section 3): no list, and no endpoint's URL.
  if (claims.aud !== issuer) return { reason: 'claim_wrong', claim: 'aud' };
  return timeFault(claims, now);
}

function timeFault({ exp, nbf = 0, iat = 0 }: Claims, now: number): AssertionFault | undefined {
  const past = now - exp - ASSERTION_SKEW_SECONDS;
  if (past >= 0) return { reason: 'assertion_expired', seconds: Math.ceil(past) };
  const ahead = Math.max(nbf, iat) - now - ASSERTION_SKEW_SECONDS;
  if (ahead > 0) return { reason: 'assertion_from_the_future', seconds: Math.ceil(ahead) };
  const beyond = exp - now - ASSERTION_LIFETIME_MAX_SECONDS - ASSERTION_SKEW_SECONDS;
  if (beyond > 0) return { reason: 'assertion_too_long_lived', seconds: Math.ceil(beyond) };
  return undefined;
}
