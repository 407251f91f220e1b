/**
 * DPoP proofs (RFC 9449 sections 4.2 and 4.3): a JWT that the sender of one request signs to show that it holds a private key. Pure:
 * whether a proof was used before is for whoever remembers.
 */
import { hash } from 'node:crypto';
import { ok, refuse, type Result } from '../result.ts';
import { ALGORITHMS, isAlgorithm, type Algorithm } from './algorithms.ts';
import { importVerificationKey, jwkThumbprint, type VerificationKey } from './jwk.ts';
import { decodeJwsHeader, splitJws, verifySignature } from './jws.ts';
import { parseJsonObject, type JsonObject } from './strict-json.ts';

/** What proofs may be signed with. `Ed25519` is the name that RFC 9864 gives to EdDSA with the one curve that is taken here. */
export const DPOP_ALGORITHMS: readonly string[] = [...ALGORITHMS, 'Ed25519'];

/** How far a proof's `iat` may lie in the past or in the future, where no nonce says when it was made. */
export const PROOF_SKEW_SECONDS = 60;
/** A proof with an RSA key of 4,096 bits has 2,100 characters; beside it a token must fit into API Gateway's 10,240 bytes of headers. */
export const PROOF_LENGTH_MAX = 4_096;
const JTI_LENGTH_MAX = 256;
const URI_LENGTH_MAX = 2_048;

export type ProofFlaw =
  | 'too_long'
  | 'malformed'
  | 'type_wrong'
  | 'algorithm_unsupported'
  | 'key_unusable'
  | 'signature_wrong'
  | 'claim_invalid'
  | 'method_wrong'
  | 'uri_wrong'
  | 'token_wrong'
  | 'too_old'
  | 'from_the_future';

export type ProofFault =
  /** More than one header; which of them is meant nobody knows (RFC 9449 section 4.3, check 1). */
  | { readonly reason: 'dpop_proof_repeated' }
  /** Data for the log alone. */
  | { readonly reason: 'dpop_proof_invalid'; readonly flaw: ProofFlaw; readonly claim?: string; readonly seconds?: number }
  /** It has no nonce, or one that is of no use any more (RFC 9449 section 8). */
  | { readonly reason: 'dpop_nonce_required' };

export type ProvenKey = {
  /** Thumbprint of the key (RFC 7638). */
  readonly jkt: string;
  readonly jti: string;
  /** Epoch seconds from which the proof is refused by everybody for its age. */
  readonly until: number;
};

export type ProofExpectations = {
  /** Every value of the request's `DPoP` headers: one, since several may arrive joined with commas, which no proof contains. */
  readonly headers: readonly [string, ...string[]];
  readonly method: string;
  /** The request's own, as it is known by configuration and never by what its sender says (`Host`); a query does not count. */
  readonly url: string;
  /** The access token that it comes with; absent where none does. */
  readonly accessToken?: string;
  /** Where nonces are demanded: until when one is taken, in epoch seconds; undefined = it is not. */
  readonly nonceUntil?: (nonce: string) => number | undefined;
  /** Epoch seconds. */
  readonly now: number;
};

/** The checks of RFC 9449 section 4.3 in their order. */
export function verifyDpopProof(expected: ProofExpectations): Result<ProvenKey, ProofFault> {
  const [proof, ...others] = expected.headers;
  if (others.length > 0 || proof.includes(',')) return refuse({ reason: 'dpop_proof_repeated' });
  const signed = signedProof(proof);
  if (!signed.ok) return signed;
  const claims = claimsFrom(parseJsonObject(signed.value.payload));
  if (!claims.ok) return claims;
  const fault = expectationFault(claims.value, expected);
  if (fault !== undefined) return refuse(fault);
  const until = endOf(claims.value, expected);
  return until.ok ? ok({ jkt: signed.value.jkt, jti: claims.value.jti, until: until.value }) : until;
}

/** Checks 2 to 7: of its form, and signed with the key that it brings along. */
function signedProof(proof: string): Result<{ readonly jkt: string; readonly payload: Buffer }, ProofFault> {
  if (proof.length > PROOF_LENGTH_MAX) return flawed('too_long');
  const jws = splitJws(proof);
  if (!jws.ok) return flawed('malformed');
  const { encodedHeader, signingInput, payload, signature } = jws.value;
  const known = provenKeys.get(encodedHeader);
  const signer = known === undefined ? signerIn(encodedHeader) : ok(known);
  if (!signer.ok) return signer;
  if (!verifySignature(signer.value.key, signingInput, signature)) return flawed('signature_wrong');
  if (known === undefined) remember(encodedHeader, signer.value);
  return ok({ jkt: signer.value.jkt, payload });
}

const flawed = (flaw: ProofFlaw, more?: { readonly claim?: string; readonly seconds?: number }): Result<never, ProofFault> =>
  refuse({ reason: 'dpop_proof_invalid', flaw, ...more });

type Signer = { readonly key: VerificationKey; readonly jkt: string };

/** Keys of signed proofs by their headers: a sender's is always the same, and importing its key costs as much as the signature. */
const provenKeys = new Map<string, Signer>();
const PROVEN_KEYS_MAX = 500;

function remember(encodedHeader: string, signer: Signer): void {
  if (provenKeys.size >= PROVEN_KEYS_MAX) provenKeys.clear();
  provenKeys.set(encodedHeader, signer);
}

function signerIn(encodedHeader: string): Result<Signer, ProofFault> {
  const header = decodeJwsHeader(encodedHeader);
  if (!header.ok) return flawed('malformed');
  const { typ, alg, jwk } = header.value;
  // Check 4: no other JWT of the same key is ever a proof.
  if (typ !== 'dpop+jwt') return flawed('type_wrong');
  // Check 5: asymmetric, and one of the list.
  const algorithm = algorithmOf(alg);
  if (algorithm === undefined) return flawed('algorithm_unsupported');
  if (!isObject(jwk)) return flawed('key_unusable');
  if (jwk['alg'] !== undefined && algorithmOf(jwk['alg']) !== algorithm) return flawed('key_unusable');
  // Check 7 too: a key with private members is refused.
  const key = importVerificationKey({ ...jwk, kid: 'dpop', alg: algorithm });
  const jkt = jwkThumbprint(jwk);
  return key.ok && jkt !== undefined ? ok({ key: key.value, jkt }) : flawed('key_unusable');
}

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

function algorithmOf(alg: unknown): Algorithm | undefined {
  if (alg === 'Ed25519') return 'EdDSA';
  return isAlgorithm(alg) ? alg : undefined;
}

type Claims = {
  readonly jti: string;
  readonly htm: string;
  readonly htu: string;
  readonly iat: number;
  readonly ath?: string;
  readonly nonce?: string;
};

const isText =
  (max: number) =>
  (value: unknown): boolean =>
    typeof value === 'string' && value !== '' && value.length <= max;
const isTextOrAbsent = (value: unknown): boolean => value === undefined || isText(JTI_LENGTH_MAX)(value);

const CLAIM_RULES: readonly (readonly [claim: string, isValid: (value: unknown) => boolean])[] = [
  ['jti', isText(JTI_LENGTH_MAX)],
  ['htm', isText(32)],
  ['htu', isText(URI_LENGTH_MAX)],
  // RFC 7519 section 2: a NumericDate may have a fraction.
  ['iat', (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0 && value < Number.MAX_SAFE_INTEGER],
  ['ath', isTextOrAbsent],
  ['nonce', isTextOrAbsent],
];

function claimsFrom(payload: JsonObject | undefined): Result<Claims, ProofFault> {
  if (payload === undefined) return flawed('malformed');
  const invalid = CLAIM_RULES.find(([claim, isValid]) => !isValid(payload[claim]));
  return invalid === undefined ? ok(payload as Claims) : flawed('claim_invalid', { claim: invalid[0] });
}

function expectationFault({ htm, htu, ath }: Claims, { method, url, accessToken }: ProofExpectations): ProofFault | undefined {
  // Checks 8, 9 and 12.
  if (htm !== method) return { reason: 'dpop_proof_invalid', flaw: 'method_wrong' };
  if (!isSameUri(htu, url)) return { reason: 'dpop_proof_invalid', flaw: 'uri_wrong' };
  if (accessToken !== undefined && ath !== hash('sha256', accessToken, 'base64url'))
    return { reason: 'dpop_proof_invalid', flaw: 'token_wrong' };
  return undefined;
}

/** Checks 10 and 11: a nonce that is taken says when the proof was made, whatever the sender's clock says. */
function endOf({ iat, nonce }: Claims, { nonceUntil, now }: ProofExpectations): Result<number, ProofFault> {
  if (nonceUntil !== undefined) {
    const until = nonce === undefined ? undefined : nonceUntil(nonce);
    return until === undefined ? refuse({ reason: 'dpop_nonce_required' }) : ok(until);
  }
  if (now - iat > PROOF_SKEW_SECONDS) return flawed('too_old', { seconds: Math.ceil(now - iat - PROOF_SKEW_SECONDS) });
  if (iat - now > PROOF_SKEW_SECONDS) return flawed('from_the_future', { seconds: Math.ceil(iat - now - PROOF_SKEW_SECONDS) });
  return ok(Math.floor(iat) + PROOF_SKEW_SECONDS + 1);
}

/** "after applying Syntax-Based Normalization and Scheme-Based Normalization ... ignoring any query and fragment parts" (check 9). */
function isSameUri(htu: string, url: string): boolean {
  const normal = normalUri(htu);
  return normal !== undefined && normal === normalUri(url);
}

/** RFC 3986 sections 6.2.2 and 6.2.3; undefined for what is no URI of a request. */
function normalUri(text: string): string | undefined {
  // What a lenient parser would drop or turn into something else.
  if (/[^\x21-\x7E]|[\\"<>^`{|}]|%(?![0-9A-Fa-f]{2})/.test(text) || !/^https?:\/\/[^/]/i.test(text) || !URL.canParse(text))
    return undefined;
  const { protocol, host, pathname, username, password } = new URL(text);
  if (username !== '' || password !== '') return undefined;
  return `${protocol}//${host}${pathname.replaceAll(/%[0-9A-Fa-f]{2}/g, normalEscape)}`;
}

/** RFC 3986 section 6.2.2: unreserved characters stand for themselves, other escapes are in upper case. */
function normalEscape(escape: string): string {
  const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
  return /[A-Za-z0-9._~-]/.test(character) ? character : escape.toUpperCase();
}
