// Sets of other people's public keys (RFC 7517 section 5), and what is signed with one of them.
import { ok, refuse, type Result } from '../result.ts';
import { ALGORITHMS, type Algorithm } from './algorithms.ts';
import { importVerificationKey, jwkThumbprint, type VerificationKey } from './jwk.ts';
import { parseJwsOfAnyKey, verifySignature, type Jws, type JwsFault } from './jws.ts';
import { parseJsonObject, type JsonObject } from './strict-json.ts';

/** By `kid`. */
export type VerificationKeys = ReadonlyMap<string, VerificationKey>;

/** Large providers publish fewer than twenty. */
const KEYS_MAX = 100;

/** As headers and keys of others may write them: RFC 9864 renames `EdDSA` with a key on that curve. */
export const ALGORITHM_NAMES = [...ALGORITHMS, 'Ed25519'] as const;
const named25519 = (alg: unknown): unknown => (alg === 'Ed25519' ? 'EdDSA' : alg);

/** What an RSA key without an `alg` of its own verifies: that it serves for two never means that the token chooses. */
export type RsaAlgorithm = Extract<Algorithm, 'RS256' | 'PS256'>;

/** The usable keys of a JWKS document; undefined for anything that is not one. */
export function keysInDocument(document: Uint8Array | string, rsaAlgorithm: RsaAlgorithm): VerificationKeys | undefined {
  const jwks = parseJsonObject(document)?.['keys'];
  return Array.isArray(jwks) && jwks.length <= KEYS_MAX ? keysAmong(jwks, rsaAlgorithm) : undefined;
}

/**
 * Those that can verify; keys of other kinds and for other uses are none of ours ("Implementations SHOULD ignore JWKs within a JWK Set
 * that use "kty" values that are not understood": RFC 7517 section 5). A key without a name is known by its thumbprint.
 */
export function keysAmong(jwks: readonly unknown[], rsaAlgorithm: RsaAlgorithm): VerificationKeys {
  const keys = new Map<string, VerificationKey>();
  const repeated = new Set<string>();
  for (const jwk of jwks) {
    const key = importVerificationKey(named(jwk, rsaAlgorithm));
    if (!key.ok) continue;
    if (keys.has(key.value.kid)) repeated.add(key.value.kid);
    keys.set(key.value.kid, key.value);
  }
  // Two keys of one name: which of them signed cannot be told, so neither is trusted.
  for (const kid of repeated) keys.delete(kid);
  return keys;
}

/** The JWK with the name and the algorithm that it may leave out. */
export function named(jwk: unknown, rsaAlgorithm: RsaAlgorithm): unknown {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) return jwk;
  const { kid = jwkThumbprint(jwk as JsonObject), alg = own(jwk, 'kty') === 'RSA' ? rsaAlgorithm : undefined } = jwk as JsonObject;
  return { ...jwk, kid, ...(alg === undefined ? {} : { alg: named25519(alg) }) };
}

const own = (record: object, name: string): unknown => (Object.hasOwn(record, name) ? (record as JsonObject)[name] : undefined);

/**
 * The parsed JWS if it is signed with one of `keys`: with the one that its header names or, where it names none, with the only one of
 * its algorithm. The key decides the algorithm; a key that the header brings along is never looked at.
 */
export function verifyJwsByAnyOf(
  text: string,
  keys: VerificationKeys,
): Result<{ readonly jws: Jws; readonly key: VerificationKey }, JwsFault> {
  const jws = parseJwsOfAnyKey(text);
  if (!jws.ok) return jws;
  const { alg, kid } = jws.value.header;
  const key = kid === '' ? onlyKeyFor(alg, keys) : keys.get(kid);
  if (key === undefined) return refuse({ reason: 'key_unknown', kid });
  if (named25519(alg) !== key.alg) return refuse({ reason: 'algorithm_mismatch', kid, alg: alg.slice(0, 16) });
  if (!verifySignature(key, jws.value.signingInput, jws.value.signature)) return refuse({ reason: 'signature_wrong', kid: key.kid });
  return ok({ jws: jws.value, key });
}

function onlyKeyFor(alg: string, keys: VerificationKeys): VerificationKey | undefined {
  const [first, ...others] = [...keys.values()].filter((key) => key.alg === named25519(alg));
  return others.length === 0 ? first : undefined;
}
