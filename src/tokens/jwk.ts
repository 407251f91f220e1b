// Public signature keys as JWKs (RFC 7517, 7518 section 6, 8037 section 2) and their thumbprints (RFC 7638).
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { refuse, ok, type Result } from '../result.ts';
import { isAlgorithm, type Algorithm } from './algorithms.ts';
import { decodeBase64Url } from './base64url.ts';
import { isRocaModulus } from './roca.ts';

/** A key that may verify with exactly one algorithm: a token's own `alg` never chooses (RFC 8725 section 3.1). */
export type VerificationKey = { readonly kid: string; readonly alg: Algorithm; readonly key: KeyObject };

/** Why a JWK cannot be used to verify; carries nothing of the key's material. */
export type JwkFault =
  | { readonly reason: 'key_malformed'; readonly member: string }
  | { readonly reason: 'key_not_public' }
  | { readonly reason: 'key_not_for_verification' }
  | { readonly reason: 'key_type_unsupported'; readonly kty: string }
  | { readonly reason: 'key_algorithm_mismatch' }
  | { readonly reason: 'key_weak' };

/** The members that make up the key and its thumbprint, in the order of RFC 7638 section 3.2 and RFC 8037 section 2. */
const PUBLIC_MEMBERS = { RSA: ['e', 'kty', 'n'], EC: ['crv', 'kty', 'x', 'y'], OKP: ['crv', 'kty', 'x'] } as const;
type KeyType = keyof typeof PUBLIC_MEMBERS;
const ALGORITHMS_OF_TYPE: Readonly<Record<KeyType, readonly Algorithm[]>> = { RSA: ['RS256', 'PS256'], EC: ['ES256'], OKP: ['EdDSA'] };
/** Members of private and symmetric keys (RFC 7518 sections 6.2.2, 6.3.2, 6.4.1; RFC 8037 section 2). */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

const KID_LENGTH_MAX = 256;
const RSA_MODULUS_BITS_MIN = 2048;
/** Verification time grows with the modulus; nobody's signing keys are longer. */
const RSA_MODULUS_BITS_MAX = 8192;
const RSA_EXPONENT_MIN = 65_537n;
const RSA_EXPONENT_MAX = 2n ** 32n;
const COORDINATE_BYTES = 32;

/**
 * The verification key in an untrusted JWK: public, of a supported type and strength, meant for verifying (`use`,
 * `key_ops`), with a `kid`. `alg` may be absent only where the key's type leaves a single choice.
 */
export function importVerificationKey(jwk: unknown): Result<VerificationKey, JwkFault> {
  if (!isRecord(jwk)) return refuse({ reason: 'key_malformed', member: '' });
  const kid = own(jwk, 'kid');
  if (typeof kid !== 'string' || kid === '' || kid.length > KID_LENGTH_MAX) return refuse({ reason: 'key_malformed', member: 'kid' });
  if (SECRET_MEMBERS.some((member) => Object.hasOwn(jwk, member))) return refuse({ reason: 'key_not_public' });
  const kty = own(jwk, 'kty');
  if (!isKeyType(kty)) return refuse({ reason: 'key_type_unsupported', kty: String(kty).slice(0, 16) });
  if (!meantForVerification(jwk)) return refuse({ reason: 'key_not_for_verification' });
  const alg = algorithmFor(kty, own(jwk, 'alg'));
  if (alg === undefined) return refuse({ reason: 'key_algorithm_mismatch' });
  const key = importKey(kty, jwk);
  return key.ok ? ok({ kid, alg, key: key.value }) : key;
}

/** base64url of the SHA-256 thumbprint of a public key (RFC 7638); undefined when a required member is missing. */
export function jwkThumbprint(jwk: Readonly<Record<string, unknown>>): string | undefined {
  const members = publicMembers(jwk);
  if (members === undefined) return undefined;
  // JSON.stringify keeps insertion order and writes no whitespace: the form that RFC 7638 section 3 hashes.
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}

/** The public members alone, in thumbprint order: of a JWK or, by `key.export({ format: 'jwk' })`, of a key. */
export function publicMembers(jwk: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> | undefined {
  const kty = own(jwk, 'kty');
  if (!isKeyType(kty)) return undefined;
  const members: Record<string, string> = {};
  for (const name of PUBLIC_MEMBERS[kty]) {
    const value = own(jwk, name);
    if (typeof value !== 'string' || value === '') return undefined;
    members[name] = value;
  }
  return members;
}

/** A signature key as a JWKS publishes it (RFC 7517 section 4): its public members, what it is for, and nothing else. */
export function publicJwk(key: {
  readonly kid: string;
  readonly alg: Algorithm;
  readonly jwk: Readonly<Record<string, unknown>>;
}): Readonly<Record<string, string>> {
  const members = publicMembers(key.jwk);
  if (members === undefined) throw new TypeError(`key ${key.kid} has no public members`);
  return { ...members, kid: key.kid, alg: key.alg, use: 'sig' };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const own = (record: Readonly<Record<string, unknown>>, name: string): unknown => (Object.hasOwn(record, name) ? record[name] : undefined);
const isKeyType = (kty: unknown): kty is KeyType => typeof kty === 'string' && Object.hasOwn(PUBLIC_MEMBERS, kty);

/** RFC 7517 sections 4.2 and 4.3: both optional, both binding where present. */
function meantForVerification(jwk: Readonly<Record<string, unknown>>): boolean {
  const use = own(jwk, 'use');
  const operations = own(jwk, 'key_ops');
  return (use === undefined || use === 'sig') && (operations === undefined || (Array.isArray(operations) && operations.includes('verify')));
}

function algorithmFor(kty: KeyType, alg: unknown): Algorithm | undefined {
  const possible = ALGORITHMS_OF_TYPE[kty];
  if (alg === undefined) return possible.length === 1 ? possible[0] : undefined;
  return isAlgorithm(alg) && possible.includes(alg) ? alg : undefined;
}

function importKey(kty: KeyType, jwk: Readonly<Record<string, unknown>>): Result<KeyObject, JwkFault> {
  const members = publicMembers(jwk);
  if (members === undefined) return refuse({ reason: 'key_malformed', member: PUBLIC_MEMBERS[kty].join(' ') });
  const fault = kty === 'RSA' ? rsaFault(members) : curveFault(kty, members);
  if (fault !== undefined) return refuse(fault);
  try {
    // For EC this also checks that the point lies on the curve.
    return ok(createPublicKey({ key: members, format: 'jwk' }));
  } catch {
    return refuse({ reason: 'key_malformed', member: PUBLIC_MEMBERS[kty].join(' ') });
  }
}

function rsaFault(members: Readonly<Record<string, string>>): JwkFault | undefined {
  const modulus = unsignedInteger(members['n']);
  const exponent = unsignedInteger(members['e']);
  if (modulus === undefined) return { reason: 'key_malformed', member: 'n' };
  if (exponent === undefined) return { reason: 'key_malformed', member: 'e' };
  const bits = modulus.toString(2).length;
  if (bits < RSA_MODULUS_BITS_MIN || bits > RSA_MODULUS_BITS_MAX || modulus % 2n === 0n) return { reason: 'key_weak' };
  if (exponent < RSA_EXPONENT_MIN || exponent > RSA_EXPONENT_MAX || exponent % 2n === 0n) return { reason: 'key_weak' };
  return isRocaModulus(modulus) ? { reason: 'key_weak' } : undefined;
}

/** Base64urlUInt (RFC 7518 section 2): big-endian, no leading zero bytes. */
function unsignedInteger(text: string | undefined): bigint | undefined {
  const bytes = text === undefined ? undefined : decodeBase64Url(text);
  if (bytes === undefined || bytes.length === 0 || bytes[0] === 0) return undefined;
  return BigInt(`0x${bytes.toString('hex')}`);
}

const CURVES = { EC: { crv: 'P-256', coordinates: ['x', 'y'] }, OKP: { crv: 'Ed25519', coordinates: ['x'] } } as const;

function curveFault(kty: 'EC' | 'OKP', members: Readonly<Record<string, string>>): JwkFault | undefined {
  const { crv, coordinates } = CURVES[kty];
  if (members['crv'] !== crv) return { reason: 'key_type_unsupported', kty: `${kty} ${String(members['crv']).slice(0, 16)}` };
  for (const name of coordinates) {
    const bytes = decodeBase64Url(members[name] ?? '');
    if (bytes?.length !== COORDINATE_BYTES) return { reason: 'key_malformed', member: name };
    if (kty === 'OKP' && hasSmallOrder(bytes)) return { reason: 'key_weak' };
  }
  return undefined;
}

/** The y coordinates of the Ed25519 points of order 1, 2, 4 and 8, little-endian: under such a key anybody can sign. */
const SMALL_ORDER_Y = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  // The same again, written with y at or above the prime.
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);

function hasSmallOrder(encoded: Buffer): boolean {
  const y = Buffer.from(encoded);
  y[COORDINATE_BYTES - 1] = (y[COORDINATE_BYTES - 1] ?? 0) & 0x7f; // the top bit is the sign of x
  return SMALL_ORDER_Y.has(y.toString('hex'));
}
