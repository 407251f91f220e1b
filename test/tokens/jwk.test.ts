import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { importVerificationKey, jwkThumbprint, publicJwk, publicMembers } from '../../src/tokens/jwk.ts';
import { testKey } from './test-issuer.ts';
import { wycheproof } from './wycheproof.ts';

/** The key of RFC 7638 section 3.1. */
const RFC7638_KEY = {
  kty: 'RSA',
  n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
  e: 'AQAB',
  alg: 'RS256',
  kid: '2011-04-29',
};
const ES = testKey('ES256').jwk;
const ED = testKey('EdDSA').jwk;
const RS = testKey('RS256').jwk;
const reasonOf = (jwk: unknown): string => {
  const imported = importVerificationKey(jwk);
  return imported.ok ? 'ok' : imported.failure.reason;
};
const smallRsa = { ...generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' }), kid: 'small', alg: 'RS256' };
const exponent3 = {
  ...generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).publicKey.export({ format: 'jwk' }),
  kid: 'three',
  alg: 'RS256',
};

describe('thumbprints (RFC 7638)', () => {
  it('is the one of section 3.1', () => {
    expect(jwkThumbprint(RFC7638_KEY)).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
  });
  it('is the one of RFC 8037 appendix A.3', () => {
    expect(jwkThumbprint({ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' })).toBe(
      'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
    );
  });
  it('does not exist for a key without its members', () => {
    expect(jwkThumbprint({ kty: 'EC', crv: 'P-256', x: ES['x'] })).toBeUndefined();
    expect(jwkThumbprint({ kty: 'oct', k: 'AAAA' })).toBeUndefined();
    expect(jwkThumbprint({ kty: 'constructor' })).toBeUndefined();
  });
});

describe('keys for publication', () => {
  it('show public members and their purpose, nothing private', () => {
    const jwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
    expect(publicJwk({ kid: 'k', alg: 'RS256', jwk })).toEqual({ kty: 'RSA', n: jwk.n, e: jwk.e, kid: 'k', alg: 'RS256', use: 'sig' });
  });
  it('come in thumbprint order, whatever order they were given in', () => {
    expect(Object.keys(publicMembers(ES) ?? {})).toEqual(['crv', 'kty', 'x', 'y']);
  });
});

describe('importing a verification key', () => {
  it.each([RFC7638_KEY, RS, ES, ED, { ...RS, alg: 'PS256' }, { ...ES, key_ops: ['verify'] }])(
    'takes a public key with its algorithm',
    (jwk) => {
      expect(reasonOf(jwk)).toBe('ok');
    },
  );
  it('knows the algorithm of keys that have only one', () => {
    const { alg: _, ...es } = ES;
    expect(importVerificationKey(es)).toMatchObject({ ok: true, value: { alg: 'ES256', kid: ES['kid'] } });
  });
  it.each([
    ['no object', 'key_malformed', 'key'],
    ['null', 'key_malformed', null],
    ['a list', 'key_malformed', [ES]],
    ['no kid', 'key_malformed', { ...ES, kid: undefined }],
    ['an empty kid', 'key_malformed', { ...ES, kid: '' }],
    ['a kid of another type', 'key_malformed', { ...ES, kid: 1 }],
    ['a private key', 'key_not_public', { ...ES, d: 'AAAA' }],
    ['a symmetric key', 'key_not_public', { kty: 'oct', k: 'AAAA', kid: 'k', alg: 'HS256' }],
    ['an unknown type', 'key_type_unsupported', { ...ES, kty: 'AKP' }],
    ['a type named like an inherited member', 'key_type_unsupported', { ...ES, kty: 'toString' }],
    ['an encryption key', 'key_not_for_verification', { ...RS, use: 'enc' }],
    ['a key only for signing', 'key_not_for_verification', { ...RS, key_ops: ['sign'] }],
    ['key_ops of another type', 'key_not_for_verification', { ...RS, key_ops: 'verify' }],
    ['RSA without an algorithm', 'key_algorithm_mismatch', { ...RS, alg: undefined }],
    ['RSA for ES256', 'key_algorithm_mismatch', { ...RS, alg: 'ES256' }],
    ['a curve for RS256', 'key_algorithm_mismatch', { ...ES, alg: 'RS256' }],
    ['none', 'key_algorithm_mismatch', { ...RS, alg: 'none' }],
    ['HS256', 'key_algorithm_mismatch', { ...RS, alg: 'HS256' }],
    ['1024-bit RSA', 'key_weak', smallRsa],
    ['exponent 3', 'key_weak', exponent3],
    ['exponent 1', 'key_weak', { ...RS, e: 'AQ' }],
    ['an even exponent', 'key_weak', { ...RS, e: 'AQAC' }],
    ['a huge exponent', 'key_weak', { ...RS, e: 'AQAAAAAAAQ' }],
    [
      'a modulus with a leading zero',
      'key_malformed',
      { ...RS, n: Buffer.concat([Buffer.alloc(1), Buffer.from(RS['n'] ?? '', 'base64url')]).toString('base64url') },
    ],
    ['a padded modulus', 'key_malformed', { ...RS, n: `${RS['n']}==` }],
    ['another curve', 'key_type_unsupported', { ...ES, crv: 'P-384' }],
    ['a short coordinate', 'key_malformed', { ...ES, x: 'AAAA' }],
    ['a point off the curve', 'key_malformed', { ...ES, y: ES['x'] }],
    ['X25519', 'key_type_unsupported', { ...ED, crv: 'X25519' }],
    ['a point of small order', 'key_weak', { ...ED, x: 'AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
    [
      'a point of small order with a sign',
      'key_weak',
      { ...ED, x: Buffer.concat([Buffer.alloc(31), Buffer.from([0x80])]).toString('base64url') },
    ],
  ])('refuses %s', (_, reason, jwk) => {
    expect(reasonOf(JSON.parse(JSON.stringify(jwk)))).toBe(reason);
  });
  it('does not take members from a prototype', () => {
    expect(reasonOf(Object.create(ES) as object)).toBe('key_malformed');
  });
});

const keySets = wycheproof('json_web_key');
describe.skipIf(keySets === undefined)('keys that Wycheproof warns of', () => {
  it('imports none that is symmetric, private or weak', () => {
    const keys = (keySets?.testGroups ?? []).flatMap(
      ({ private: given }) => (given as { keys?: readonly Record<string, unknown>[] })?.keys ?? [given as Record<string, unknown>],
    );
    expect(keys.length).toBeGreaterThan(0);
    for (const jwk of keys) {
      if (jwk['kty'] === 'oct' || 'd' in jwk || jwk['e'] === 'AQ') expect(reasonOf(jwk)).not.toBe('ok');
    }
  });
});
