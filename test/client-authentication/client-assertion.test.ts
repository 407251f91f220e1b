import { createHmac, createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  ASSERTION_LIFETIME_MAX_SECONDS,
  ASSERTION_SKEW_SECONDS,
  readAssertion,
  verifyClientAssertion,
} from '../../src/client-authentication/client-assertion.ts';
import { encodeBase64Url } from '../../src/tokens/base64url.ts';
import { keysAmong } from '../../src/tokens/jwks.ts';
import { accessToken, ISSUER, keysOf, NOW, signedJws, testKey, type TestKey } from '../tokens/test-issuer.ts';
import { wycheproof } from '../tokens/wycheproof.ts';

const KEYS = { RS256: testKey('RS256'), PS256: testKey('PS256'), ES256: testKey('ES256'), EdDSA: testKey('EdDSA') };
const ES = KEYS.ES256;
const stranger = testKey('ES256');
const CLAIMS = { iss: 'client-1', sub: 'client-1', aud: ISSUER, exp: NOW + 60, iat: NOW, jti: 'once' };

const verify = (assertion: string, keys = keysOf(ES)) =>
  verifyClientAssertion({ assertion, keys, clientId: 'client-1', issuer: ISSUER, now: NOW });
const judge = (claims: object | string, header: object = {}, key: TestKey = ES) =>
  verify(signedJws(key, { alg: key.alg, kid: key.kid, ...header }, claims), keysOf(key));
const faultOf = (result: ReturnType<typeof verify>) => (result.ok ? 'taken' : result.failure.reason);
const changed = (changes: object) => faultOf(judge({ ...CLAIMS, ...changes }));

describe('an assertion is taken', () => {
  it.each(Object.values(KEYS))('signed with $alg', (key) => {
    expect(judge(CLAIMS, {}, key)).toEqual({
      ok: true,
      value: { jti: 'once', until: NOW + 60 + ASSERTION_SKEW_SECONDS, kid: key.kid },
    });
  });
  it.each([undefined, 'JWT', 'jwt', 'client-authentication+jwt', 'application/client-authentication+jwt'])('of the type %s', (typ) => {
    expect(judge(CLAIMS, { typ })).toMatchObject({ ok: true });
  });
  it('of an Ed25519 key under either name of its algorithm (RFC 9864), in the header or the key', () => {
    for (const alg of ['EdDSA', 'Ed25519'])
      for (const jwk of [KEYS.EdDSA.jwk, { ...KEYS.EdDSA.jwk, alg: 'Ed25519' }])
        expect(verify(signedJws(KEYS.EdDSA, { alg, kid: KEYS.EdDSA.kid }, CLAIMS), keysAmong([jwk], 'RS256'))).toMatchObject({ ok: true });
    expect(judge(CLAIMS, { alg: 'Ed25519' }, ES)).toMatchObject({ ok: false, failure: { reason: 'algorithm_mismatch' } });
  });
  it('without a kid where one key alone has its algorithm', () => {
    const text = signedJws(ES, { alg: 'ES256' }, CLAIMS);
    expect(verify(text, keysOf(ES, KEYS.RS256))).toMatchObject({ ok: true, value: { kid: ES.kid } });
    expect(faultOf(verify(text, keysOf(ES, stranger)))).toBe('key_unknown');
    expect(faultOf(verify(text, keysOf(KEYS.RS256)))).toBe('key_unknown');
    expect(faultOf(verify(text, keysOf()))).toBe('key_unknown');
  });
  it('by each of several keys, while one replaces the other', () => {
    for (const key of [ES, stranger])
      expect(verify(signedJws(key, { alg: 'ES256', kid: key.kid }, CLAIMS), keysOf(ES, stranger))).toMatchObject({ ok: true });
  });
  it.each([
    ['exp with a fraction', { exp: NOW + 59.5 }],
    ['no iat', { iat: undefined }],
    ['a clock that is behind by the skew', { exp: NOW - ASSERTION_SKEW_SECONDS + 1 }],
    ['a clock that is ahead by the skew', { iat: NOW + ASSERTION_SKEW_SECONDS, nbf: NOW + ASSERTION_SKEW_SECONDS }],
    ['the longest life', { exp: NOW + ASSERTION_LIFETIME_MAX_SECONDS }],
    ['claims of others', { scope: 'admin', roles: ['admin'] }],
  ])('with %s', (_, changes) => {
    expect(changed(changes)).toBe('taken');
  });
});

describe('an assertion is refused', () => {
  it.each([
    ['another issuer', { iss: 'client-2' }, 'claim_wrong'],
    ['another subject', { sub: 'client-2' }, 'claim_wrong'],
    ['no issuer', { iss: undefined }, 'claim_invalid'],
    ['no subject', { sub: undefined }, 'claim_invalid'],
    ['a subject in a list', { sub: ['client-1'] }, 'claim_invalid'],
    ['another audience', { aud: 'https://other.example' }, 'claim_wrong'],
    ['no audience', { aud: undefined }, 'claim_wrong'],
    ['the token endpoint as audience', { aud: `${ISSUER}/token` }, 'claim_wrong'],
    ['a slash behind the issuer', { aud: `${ISSUER}/` }, 'claim_wrong'],
    ['the issuer in capitals', { aud: ISSUER.toUpperCase() }, 'claim_wrong'],
    ['a list of the issuer alone', { aud: [ISSUER] }, 'claim_wrong'],
    ['a list with the issuer', { aud: ['https://evil.example', ISSUER] }, 'claim_wrong'],
    ['an object that prints as the issuer', { aud: { toString: ISSUER } }, 'claim_wrong'],
    ['no jti', { jti: undefined }, 'claim_invalid'],
    ['an empty jti', { jti: '' }, 'claim_invalid'],
    ['a jti that is a number', { jti: 7 }, 'claim_invalid'],
    ['a jti of 257 characters', { jti: 'j'.repeat(257) }, 'claim_invalid'],
    ['no exp', { exp: undefined }, 'claim_invalid'],
    ['exp as text', { exp: String(NOW + 60) }, 'claim_invalid'],
    ['exp as null', { exp: null }, 'claim_invalid'],
    ['a negative exp', { exp: -1 }, 'claim_invalid'],
    ['exp a moment past the skew', { exp: NOW - ASSERTION_SKEW_SECONDS }, 'assertion_expired'],
    ['exp 5 minutes ago', { exp: NOW - 300 }, 'assertion_expired'],
    ['exp an hour ahead', { exp: NOW + 3600 }, 'assertion_too_long_lived'],
    ['iat a minute and a second ahead', { iat: NOW + 61 }, 'assertion_from_the_future'],
    ['iat a year ahead', { iat: NOW + 31_536_000 }, 'assertion_from_the_future'],
    ['nbf ahead', { nbf: NOW + 61 }, 'assertion_from_the_future'],
    ['iat as text', { iat: String(NOW) }, 'claim_invalid'],
  ])('with %s', (_, changes, fault) => {
    expect(changed(changes)).toBe(fault);
  });

  it('with a number beyond a double, a repeated claim, or no object at all', () => {
    const text = JSON.stringify(CLAIMS);
    for (const payload of [
      text.replace(String(NOW + 60), '1e999'),
      text.replace('{', '{"aud":"https://evil.example",'),
      text.replace('}', `,"sub":"client-1"}`),
      text.replace('{', '{"\\u0069ss":"client-2",'),
      '[]',
      'null',
      '"x"',
      '',
      `${text} x`,
    ])
      expect(faultOf(judge(payload)), payload).toBe('claims_malformed');
  });

  it.each(['at+jwt', 'dpop+jwt', 'secevent+jwt', 'application/at+jwt', 'JWS', ''])('of the type "%s"', (typ) => {
    expect(faultOf(judge(CLAIMS, { typ }))).toBe('type_wrong');
  });

  it('that is an access token of ours, signed with a key that the client has registered', () => {
    expect(faultOf(verify(accessToken(ES, { iss: 'client-1', sub: 'client-1', aud: ISSUER, exp: NOW + 60 })))).toBe('type_wrong');
  });

  it("with an algorithm that is not the key's", () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', 'HS256', 'RS256', 'PS256', 'EdDSA', 'ES384', 'ES256K', ''])
      expect(faultOf(judge(CLAIMS, { alg })), alg).toBe('algorithm_mismatch');
    expect(faultOf(judge(CLAIMS, { alg: 'PS256' }, KEYS.RS256))).toBe('algorithm_mismatch');
    expect(faultOf(judge(CLAIMS, { alg: 'RS256' }, KEYS.PS256))).toBe('algorithm_mismatch');
  });

  it('with a MAC under the public key in any encoding', () => {
    const key = createPublicKey({ key: KEYS.RS256.jwk, format: 'jwk' });
    const input = `${encodeBase64Url(JSON.stringify({ alg: 'HS256', kid: KEYS.RS256.kid }))}.${encodeBase64Url(JSON.stringify(CLAIMS))}`;
    for (const secret of [
      key.export({ type: 'spki', format: 'pem' }),
      key.export({ type: 'pkcs1', format: 'pem' }),
      key.export({ type: 'spki', format: 'der' }),
      JSON.stringify(KEYS.RS256.jwk),
      KEYS.RS256.jwk['n']!,
      KEYS.RS256.kid,
      '',
    ]) {
      const mac = createHmac('sha256', secret).update(input).digest('base64url');
      expect(faultOf(verify(`${input}.${mac}`, keysOf(KEYS.RS256)))).toBe('algorithm_mismatch');
    }
  });

  it('signed with a key that it brings along or points to', () => {
    for (const header of [
      { jwk: stranger.jwk },
      { jku: 'https://evil.example/jwks' },
      { x5u: 'https://evil.example/cert' },
      { x5c: ['MIIB'] },
      { jwk: stranger.jwk, kid: ES.kid },
      { kid: stranger.kid },
      { kid: `${ES.kid}\0` },
      { kid: '../../dev/null' },
      { kid: "' OR 1=1 --" },
    ])
      expect(verify(signedJws(stranger, { alg: 'ES256', kid: ES.kid, ...header }, CLAIMS)).ok, JSON.stringify(header)).toBe(false);
    expect(faultOf(verify(signedJws(stranger, { alg: 'ES256', jwk: stranger.jwk }, CLAIMS)))).toBe('signature_wrong');
  });

  it.each([
    ['crit', { crit: ['exp'] }],
    ['b64', { b64: false }],
    ['a kid that is a list', { kid: [ES.kid] }],
    ['an empty kid', { kid: '' }],
    ['a type that is a number', { typ: 7 }],
  ])('with %s in its header', (_, header) => {
    expect(faultOf(judge(CLAIMS, header))).toBe('header_member_invalid');
  });

  it('in every other form', () => {
    const good = signedJws(ES, { alg: 'ES256', kid: ES.kid }, CLAIMS);
    const [head, body, signature] = good.split('.');
    for (const text of [
      '',
      '.',
      '..',
      '...',
      `${head}.${body}.`,
      `${head}.${body}`,
      `${good}.`,
      `${good}.x.y`,
      `${good}=`,
      ` ${good}`,
      `${good}\n`,
      `${head}.${body}.${'A'.repeat(86)}`,
      `${head}..${signature}`,
      JSON.stringify({ payload: body, protected: head, signature }),
      'x'.repeat(9000),
      `${good}${'A'.repeat(9000)}`,
      '.'.repeat(6000),
    ]) {
      expect(verify(text).ok, text.slice(0, 40)).toBe(false);
      expect(() => readAssertion(text)).not.toThrow();
    }
  });
});

describe('what an assertion says of itself', () => {
  it('is its issuer, its subject and its key', () => {
    expect(readAssertion(signedJws(ES, { alg: 'ES256', kid: 'k' }, CLAIMS))).toEqual({ iss: 'client-1', sub: 'client-1', kid: 'k' });
    expect(readAssertion(signedJws(ES, { alg: 'ES256' }, CLAIMS))?.kid).toBe('');
  });
  it.each([{ iss: 7, sub: 'a' }, { iss: 'a' }, { sub: 'a' }, {}, { iss: ['a'], sub: 'a' }])('is nothing for %j', (claims) => {
    expect(readAssertion(signedJws(ES, { alg: 'ES256' }, claims))).toBeUndefined();
  });
});

describe('keys that others publish', () => {
  const { alg: _, kid: __, ...bare } = KEYS.RS256.jwk;
  it('are known by their thumbprint, and verify RS256, where they say neither', () => {
    expect([...keysAmong([bare], 'RS256').values()]).toMatchObject([{ kid: KEYS.RS256.kid, alg: 'RS256' }]);
    expect([...keysAmong([bare], 'PS256').values()]).toMatchObject([{ alg: 'PS256' }]);
  });
  it('that have the name of another are not trusted, nor is the other', () => {
    expect(keysAmong([ES.jwk, { ...stranger.jwk, kid: ES.kid }], 'RS256').size).toBe(0);
    expect(keysAmong([ES.jwk, ES.jwk, stranger.jwk], 'RS256').size).toBe(1);
  });
  it('that cannot verify are passed over', () => {
    const others = [
      null,
      7,
      [],
      {},
      { kty: 'oct', k: 'AAAA', kid: 'o' },
      { ...ES.jwk, kid: 'd', d: 'AAAA' },
      { ...ES.jwk, kid: 'e', use: 'enc' },
    ];
    expect([...keysAmong([...others, ES.jwk], 'RS256').keys()]).toEqual([ES.kid]);
  });
});

describe.each(['json_web_signature', 'json_web_key', 'json_web_crypto'])('Wycheproof %s', (name) => {
  const vectors = wycheproof(name);
  it.skipIf(vectors === undefined)('no signature is taken that is not one', () => {
    let judged = 0;
    for (const group of vectors?.testGroups ?? []) {
      const given = (group['public'] ?? group['private']) as { keys?: readonly unknown[] };
      const keys = keysAmong(given.keys ?? [given], 'RS256');
      for (const { tcId, jws, result } of group.tests) {
        if (typeof jws !== 'string') continue;
        judged++;
        // Its claims are no assertion's: only what is wrong with the signature comes first.
        const fault = faultOf(verify(jws, keys));
        if (result === 'invalid')
          expect({ tcId, fault }).not.toMatchObject({ fault: expect.stringMatching(/^(taken|claim|assertion|type)/) });
      }
    }
    expect(judged).toBeGreaterThan(0);
  });
});
