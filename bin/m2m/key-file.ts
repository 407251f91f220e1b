// Key files: the public half registers a client for private_key_jwt (RFC 7523), the private half signs its assertions.
import { constants, createPrivateKey, createPublicKey, randomUUID, sign, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CLIENT_ASSERTION_TYPE } from '../../src/client-authentication/client-assertion.ts';
import { isAlgorithm, type Algorithm } from '../../src/tokens/algorithms.ts';
import { encodeBase64Url } from '../../src/tokens/base64url.ts';
import { jwkThumbprint, publicMembers } from '../../src/tokens/jwk.ts';
import { jwsSigningInput } from '../../src/tokens/jws.ts';
import { CommandError } from './command.ts';

type Jwk = Readonly<Record<string, unknown>>;

export type SigningKey = { readonly key: KeyObject; readonly alg: Algorithm; readonly kid: string };

/**
 * The public keys in a file, as a JWK Set: of a JWK Set, a JWK or PEM, public or private. Nothing private leaves this machine.
 */
export function publicKeysIn(path: string): { readonly keys: readonly Jwk[] } {
  const text = read(path);
  const jwks = text.startsWith('-----') ? [createPublicKeyOf(path, text).export({ format: 'jwk' }) as Jwk] : jwksIn(path, text);
  return {
    keys: jwks.map((jwk) => {
      const { kid, alg } = jwk;
      const members = publicMembers(jwk);
      if (members === undefined) throw unusable(path, 'holds a key that is neither RSA nor EC nor OKP');
      return {
        ...members,
        ...(kid === undefined ? { kid: jwkThumbprint(jwk) } : { kid }),
        ...(alg === undefined ? {} : { alg }),
        use: 'sig',
      };
    }),
  };
}

/** The one private key in a file: a JWK, or PEM. @param kid where it is registered under a name that the file does not say. */
export function signingKeyIn(path: string, kid: string | undefined): SigningKey {
  const text = read(path);
  const [jwk] = text.startsWith('-----') ? [] : jwksIn(path, text);
  try {
    const key = jwk === undefined ? createPrivateKey(text) : createPrivateKey({ key: jwk, format: 'jwk' });
    const named = kid ?? jwk?.['kid'] ?? jwkThumbprint(key.export({ format: 'jwk' }));
    return { key, alg: algorithmOf(key, jwk?.['alg']), kid: typeof named === 'string' ? named : '' };
  } catch (error) {
    throw unusable(path, `holds no private key (${messageOf(error)})`);
  }
}

const LIFETIME_SECONDS = 60;

/** The form fields of RFC 7523 section 2.2, with an assertion that serves once. */
export function assertionFields({ key, alg, kid }: SigningKey, clientId: string, issuer: string): Readonly<Record<string, string>> {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: clientId, sub: clientId, aud: issuer, jti: randomUUID(), iat: now, exp: now + LIFETIME_SECONDS };
  const input = jwsSigningInput({ alg, kid, typ: 'JWT' }, claims);
  const assertion = `${input}.${encodeBase64Url(signatureBy(key, alg, Buffer.from(input)))}`;
  return { client_id: clientId, client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion: assertion };
}

/** In JOSE form (RFC 7518 section 3). */
export function signatureBy(key: KeyObject, alg: Algorithm, data: Buffer): Buffer {
  if (alg === 'EdDSA') return sign(null, data, key);
  if (alg === 'ES256') return sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' });
  return alg === 'RS256'
    ? sign('sha256', data, key)
    : sign('sha256', data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST });
}

function algorithmOf(key: KeyObject, said: unknown): Algorithm {
  if (isAlgorithm(said)) return said;
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  if (key.asymmetricKeyType === 'ed25519') return 'EdDSA';
  if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256';
  throw new TypeError('it must be RSA, EC P-256 or Ed25519');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw unusable(path, `cannot be read (${messageOf(error)})`);
  }
}

function createPublicKeyOf(path: string, pem: string): KeyObject {
  try {
    return createPublicKey(pem);
  } catch (error) {
    throw unusable(path, `holds no public key (${messageOf(error)})`);
  }
}

function jwksIn(path: string, text: string): readonly Jwk[] {
  const value = parsed(path, text);
  const keys = Array.isArray(value['keys']) ? (value['keys'] as readonly Jwk[]) : [value];
  if (!keys.every((key) => typeof key === 'object')) throw unusable(path, 'is no JWK Set');
  return keys;
}

function parsed(path: string, text: string): Jwk {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Jwk;
  } catch {
    // Told below, as for any other text that is no key.
  }
  throw unusable(path, 'is neither PEM nor a JWK');
}

const unusable = (path: string, problem: string): CommandError =>
  new CommandError(`The key file ${path} ${problem}.`, 'A key for tests: openssl genpkey -algorithm ed25519 -out key.pem', 2);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
