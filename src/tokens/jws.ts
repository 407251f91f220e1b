// JWS Compact Serialization, verification only (RFC 7515 section 5.2, RFC 7518 section 3, RFC 8037 section 3.1, RFC 8725).
// The key decides the algorithm; header members that bring or locate keys (jku, jwk, x5u, x5c) are never looked at.
import { constants, verify, type KeyObject } from 'node:crypto';
import { ok, refuse, type Result } from '../result.ts';
import type { Algorithm } from './algorithms.ts';
import { decodeBase64Url, encodeBase64Url } from './base64url.ts';
import type { VerificationKey } from './jwk.ts';
import { parseJsonObject, type JsonObject } from './strict-json.ts';

/** API Gateway passes 10,240 bytes of headers in all; nothing longer than this is ever decoded. */
export const JWS_LENGTH_MAX = 8192;
const KID_LENGTH_MAX = 256;
const PSS_SALT_BYTES = 32;
const ES256_SIGNATURE_BYTES = 64;

export type JwsHeader = { readonly alg: string; readonly kid: string; readonly typ: string | undefined };
export type Jws = {
  readonly header: JwsHeader;
  /** `header.payload` as it came (RFC 7515 section 5.1). */
  readonly signingInput: string;
  readonly payload: Buffer;
  readonly signature: Buffer;
};

export type JwsFault =
  | { readonly reason: 'token_too_long'; readonly length: number }
  | { readonly reason: 'token_malformed'; readonly part: 'form' | 'header' | 'payload' | 'signature' }
  | { readonly reason: 'header_member_invalid'; readonly member: 'alg' | 'kid' | 'typ' | 'crit' | 'b64' }
  | { readonly reason: 'key_unknown'; readonly kid: string }
  | { readonly reason: 'algorithm_mismatch'; readonly kid: string; readonly alg: string }
  | { readonly reason: 'signature_wrong'; readonly kid: string };

/** Takes a compact JWS apart, size first; nothing in it is to be believed yet. Its header must name the key. */
export function parseJws(text: string): Result<Jws, JwsFault> {
  const jws = parseJwsOfAnyKey(text);
  return jws.ok && jws.value.header.kid === '' ? refuse({ reason: 'header_member_invalid', member: 'kid' }) : jws;
}

/** The same for signers whose key the header need not name (`kid` is optional: RFC 7515 section 4.1.4): `kid` is empty then. */
export function parseJwsOfAnyKey(text: string): Result<Jws, JwsFault> {
  const parts = splitJws(text);
  if (!parts.ok) return parts;
  const { encodedHeader, signingInput, payload, signature } = parts.value;
  const header = parseHeader(encodedHeader);
  return header.ok ? ok({ header: header.value, signingInput, payload, signature }) : header;
}

/** Takes a compact JWS apart, size first, and leaves its header as it came. */
export function splitJws(text: string): Result<Omit<Jws, 'header'> & { readonly encodedHeader: string }, JwsFault> {
  if (text.length > JWS_LENGTH_MAX) return refuse({ reason: 'token_too_long', length: text.length });
  const headerEnd = text.indexOf('.');
  const payloadEnd = text.indexOf('.', headerEnd + 1);
  if (headerEnd < 1 || payloadEnd < 0 || text.includes('.', payloadEnd + 1)) return refuse({ reason: 'token_malformed', part: 'form' });
  const payload = decodeBase64Url(text.slice(headerEnd + 1, payloadEnd));
  if (payload === undefined) return refuse({ reason: 'token_malformed', part: 'payload' });
  const signature = decodeBase64Url(text.slice(payloadEnd + 1));
  if (signature === undefined || signature.length === 0) return refuse({ reason: 'token_malformed', part: 'signature' });
  return ok({ encodedHeader: text.slice(0, headerEnd), signingInput: text.slice(0, payloadEnd), payload, signature });
}

/** The parsed JWS if its `kid` names one of `keys`, its `alg` is that key's, and the signature is the key's. */
export function verifyJws(text: string, keys: ReadonlyMap<string, VerificationKey>): Result<Jws, JwsFault> {
  const jws = parseJws(text);
  if (!jws.ok) return jws;
  const { alg, kid } = jws.value.header;
  const key = keys.get(kid);
  if (key === undefined) return refuse({ reason: 'key_unknown', kid });
  if (alg !== key.alg) return refuse({ reason: 'algorithm_mismatch', kid, alg: alg.slice(0, 16) });
  if (!verifySignature(key, jws.value.signingInput, jws.value.signature)) return refuse({ reason: 'signature_wrong', kid });
  return jws;
}

/** Whether `signature` (JOSE form) over the signing input is the key's, by the key's own algorithm. */
export function verifySignature(key: VerificationKey, signingInput: string | Uint8Array, signature: Uint8Array): boolean {
  const data = typeof signingInput === 'string' ? Buffer.from(signingInput, 'latin1') : signingInput;
  return VERIFIERS[key.alg](key.key, data, signature);
}

const VERIFIERS: Readonly<Record<Algorithm, (key: KeyObject, data: Uint8Array, signature: Uint8Array) => boolean>> = {
  // An RSA KeyObject alone means PKCS #1 v1.5, and is half as slow as an options object.
  RS256: (key, data, signature) => verify('sha256', data, key, signature),
  PS256: (key, data, signature) =>
    verify('sha256', data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: PSS_SALT_BYTES }, signature),
  // R || S of 32 bytes each (RFC 7518 section 3.4); OpenSSL refuses zero and anything from the group order up.
  ES256: (key, data, signature) =>
    signature.length === ES256_SIGNATURE_BYTES && verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature),
  EdDSA: (key, data, signature) => verify(null, data, key, signature),
};

/** The signing input of a new JWS (RFC 7515 section 5.1): protected header and payload, encoded and joined. */
export function jwsSigningInput(header: Readonly<Record<string, unknown>>, payload: object): string {
  return `${encodeBase64Url(JSON.stringify(header))}.${encodeBase64Url(JSON.stringify(payload))}`;
}

/** Good headers by their text: every token of a key has the same one, and reading it is a quarter of the work beside the signature. */
const parsedHeaders = new Map<string, Result<JwsHeader, JwsFault>>();
const PARSED_HEADERS_MAX = 64;

function parseHeader(encoded: string): Result<JwsHeader, JwsFault> {
  const known = parsedHeaders.get(encoded);
  if (known !== undefined) return known;
  const header = readHeader(encoded);
  if (header.ok) {
    if (parsedHeaders.size >= PARSED_HEADERS_MAX) parsedHeaders.clear();
    parsedHeaders.set(encoded, header);
  }
  return header;
}

function readHeader(encoded: string): Result<JwsHeader, JwsFault> {
  const header = decodeJwsHeader(encoded);
  if (!header.ok) return header;
  const { alg, kid = '', typ } = header.value as { alg: string; kid?: string; typ?: string };
  return ok({ alg, kid, typ });
}

/** All members of a header, those that every header may have checked for their form. */
export function decodeJwsHeader(encoded: string): Result<JsonObject, JwsFault> {
  const bytes = decodeBase64Url(encoded);
  const header = bytes === undefined ? undefined : parseJsonObject(bytes);
  if (header === undefined) return refuse({ reason: 'token_malformed', part: 'header' });
  const fault = headerFault(header);
  return fault === undefined ? ok(header) : refuse({ reason: 'header_member_invalid', member: fault });
}

/** No extension is understood here, so `crit` (RFC 7515 section 4.1.11) and `b64` (RFC 7797) refuse the token. */
function headerFault(header: JsonObject): 'alg' | 'kid' | 'typ' | 'crit' | 'b64' | undefined {
  if (Object.hasOwn(header, 'crit')) return 'crit';
  if (Object.hasOwn(header, 'b64')) return 'b64';
  if (typeof header['alg'] !== 'string') return 'alg';
  if (Object.hasOwn(header, 'kid') && !isKid(header['kid'])) return 'kid';
  if (Object.hasOwn(header, 'typ') && typeof header['typ'] !== 'string') return 'typ';
  return undefined;
}

const isKid = (kid: unknown): boolean => typeof kid === 'string' && kid !== '' && kid.length <= KID_LENGTH_MAX;
