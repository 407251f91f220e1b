// An issuer with real keys for the tests of whatever reads tokens.
import { constants, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { accessTokenSigningInput, type AccessTokenClaims } from '../../src/tokens/access-token.ts';
import type { Algorithm } from '../../src/tokens/algorithms.ts';
import { encodeBase64Url } from '../../src/tokens/base64url.ts';
import { jwkThumbprint, publicJwk, type VerificationKey } from '../../src/tokens/jwk.ts';

export type TestKey = VerificationKey & { readonly privateKey: KeyObject; readonly jwk: Readonly<Record<string, string>> };

const PAIRS = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
} as const;

export function testKey(alg: Algorithm): TestKey {
  const { publicKey, privateKey } = PAIRS[alg]();
  const members = publicKey.export({ format: 'jwk' });
  const kid = jwkThumbprint(members) ?? '';
  return { kid, alg, key: publicKey, privateKey, jwk: publicJwk({ kid, alg, jwk: members }) };
}

export function signatureOf(key: TestKey, input: string): Buffer {
  const data = Buffer.from(input);
  switch (key.alg) {
    case 'RS256':
      return sign('sha256', data, key.privateKey);
    case 'PS256':
      return sign('sha256', data, { key: key.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
    case 'ES256':
      return sign('sha256', data, { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
    case 'EdDSA':
      return sign(null, data, key.privateKey);
  }
}

/** A JWS over any header and payload, well-formed or not. */
export function signedJws(key: TestKey, header: unknown, payload: unknown): string {
  const part = (value: unknown): string => encodeBase64Url(typeof value === 'string' ? value : JSON.stringify(value));
  const input = `${part(header)}.${part(payload)}`;
  return `${input}.${encodeBase64Url(signatureOf(key, input))}`;
}

export const ISSUER = 'https://issuer.example';
export const AUDIENCE = 'https://api.example';
/** Epoch seconds, in the middle of the test token's life. */
export const NOW = 1_800_000_100;

export const testClaims = (changes: Partial<AccessTokenClaims> = {}): AccessTokenClaims => ({
  iss: ISSUER,
  sub: 'client-1',
  client_id: 'client-1',
  aud: AUDIENCE,
  iat: NOW - 100,
  exp: NOW + 800,
  jti: 'token-1',
  scope: 'read write',
  roles: ['user'],
  epoch: 3,
  amr: ['client_secret'],
  ...changes,
});

export function accessToken(key: TestKey, changes: Partial<AccessTokenClaims> = {}): string {
  const input = accessTokenSigningInput(key, testClaims(changes));
  return `${input}.${encodeBase64Url(signatureOf(key, input))}`;
}

export const keysOf = (...keys: readonly TestKey[]): ReadonlyMap<string, VerificationKey> =>
  new Map(keys.map(({ kid, alg, key }) => [kid, { kid, alg, key }]));
