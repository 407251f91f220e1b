// The public keys that a client registers (RFC 7591 section 2, `jwks` and `jwks_uri`): only what could verify its assertions later is taken.
import { createHash } from 'node:crypto';
import { refuse, ok, type Result } from '../result.ts';
import type { Algorithm } from '../tokens/algorithms.ts';
import { importVerificationKey, publicMembers, type JwkFault } from '../tokens/jwk.ts';
import { named } from '../tokens/jwks.ts';
import type { ClientKey, ClientMetadata } from './client.ts';
import { MAXIMUM } from './maximum-lengths.ts';

type Jwks = NonNullable<ClientMetadata['jwks']>;
type Jwk = Readonly<Record<string, unknown>>;

/** Reads the set as it is stored: public members alone, each key with a name. Refusals are in words for the caller. */
export function readClientKeys(value: unknown): Result<Jwks, string> {
  const listed = isRecord(value) ? value['keys'] : undefined;
  if (!Array.isArray(listed) || listed.length === 0) return refuse('must be a JWK Set: an object with keys');
  if (listed.length > MAXIMUM.jwksKeys) return refuse(`must have at most ${MAXIMUM.jwksKeys} keys`);
  const keys: ClientKey[] = [];
  for (const [index, jwk] of listed.entries()) {
    const key = readKey(jwk);
    if (!key.ok) return refuse(`key ${index} ${key.failure}`);
    if (keys.some(({ kid }) => kid === key.value.kid)) return refuse(`key ${index} has the kid of another`);
    keys.push(key.value);
  }
  return JSON.stringify(keys).length > MAXIMUM.jwksText ? refuse(`must be at most ${MAXIMUM.jwksText} characters together`) : ok({ keys });
}

/** An address that the service itself will ask: https, and nothing in it that is a secret or means nothing to a server. */
export function readJwksUri(value: unknown): Result<string, string> {
  if (typeof value !== 'string' || !URL.canParse(value)) return refuse('must be an https URL');
  if (value.length > MAXIMUM.jwksUri) return refuse(`must be at most ${MAXIMUM.jwksUri} characters`);
  const { protocol, username, password } = new URL(value);
  return protocol === 'https:' && username === '' && password === '' && /^[\x21-\x7E]+$/.test(value) && !value.includes('#')
    ? ok(value)
    : refuse('must be an https URL without credentials and fragment');
}

/** What is wrong with the keys that a client has, or has not, for its method. */
export function keyProblem(metadata: ClientMetadata): { readonly field: keyof ClientMetadata; readonly problem: string } | undefined {
  const { jwks, jwks_uri, token_endpoint_auth_method: method, token_endpoint_auth_signing_alg: alg } = metadata;
  // RFC 7591 section 2: "The "jwks_uri" and "jwks" parameters MUST NOT both be present".
  if (jwks !== undefined && jwks_uri !== undefined) return { field: 'jwks_uri', problem: 'must not be there beside jwks' };
  if (method === 'private_key_jwt' && jwks === undefined && jwks_uri === undefined)
    return { field: 'token_endpoint_auth_method', problem: 'private_key_jwt needs jwks or jwks_uri' };
  if (jwks !== undefined && alg !== undefined && !jwks.keys.every((key) => verifies(key, alg)))
    return { field: 'token_endpoint_auth_signing_alg', problem: 'is not that of every key in jwks' };
  return undefined;
}

function verifies(key: ClientKey, alg: Algorithm): boolean {
  const imported = importVerificationKey(named(key, alg === 'PS256' ? 'PS256' : 'RS256'));
  return imported.ok && imported.value.alg === alg;
}

function readKey(jwk: unknown): Result<ClientKey, string> {
  const imported = importVerificationKey(named(jwk, 'RS256'));
  if (!imported.ok) return refuse(PROBLEMS[imported.failure.reason]);
  const { kid } = imported.value;
  if (kid.length > MAXIMUM.kid || !/^[\x20-\x7E]+$/.test(kid))
    return refuse(`must have a kid of at most ${MAXIMUM.kid} printable characters`);
  const { alg } = jwk as Jwk;
  return ok({ ...publicMembers(jwk as Jwk), kid, ...(typeof alg === 'string' ? { alg } : {}), use: 'sig' });
}

const PROBLEMS: Readonly<Record<JwkFault['reason'], string>> = {
  key_malformed: 'is malformed, or its point is not on the curve',
  key_not_public: 'holds private or symmetric members; register the public key alone, and replace this one',
  key_not_for_verification: 'must be for signatures: use sig, key_ops verify',
  key_type_unsupported: 'must be RSA, EC P-256 or OKP Ed25519',
  key_algorithm_mismatch: 'must have an alg of RS256, PS256, ES256, EdDSA or Ed25519 that fits its type',
  key_weak: 'is weak: RSA takes 2048 to 8192 bits and an exponent of 65537 or more',
};

const isRecord = (value: unknown): value is Jwk => typeof value === 'object' && value !== null && !Array.isArray(value);

const ID_CHARACTERS = 16;

/** The id under which the uses of a key are recorded: its `kid` may be of any length and form. */
export const keyCredentialId = (kid: string): string => `k_${createHash('sha256').update(kid).digest('base64url').slice(0, ID_CHARACTERS)}`;
