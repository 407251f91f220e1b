import { createHmac, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodeBase64Url, encodeBase64Url } from '../../src/tokens/base64url.ts';
import { DPOP_ALGORITHMS, PROOF_LENGTH_MAX, verifyDpopProof, type ProofExpectations } from '../../src/tokens/dpop.ts';
import { ALGORITHMS } from '../../src/tokens/algorithms.ts';
import { NOW, signedJws, testKey } from './test-issuer.ts';
import { dpopProof, proofKey, type ProofChanges } from './test-proof.ts';

const URL_OF_TOKEN = 'https://issuer.example/token';
const TO = `POST ${URL_OF_TOKEN}`;
const key = proofKey();
const judge = (proof: string, expected: Partial<ProofExpectations> = {}) =>
  verifyDpopProof({ headers: [proof], method: 'POST', url: URL_OF_TOKEN, now: NOW, ...expected });
const outcomeOf = (proof: string, expected: Partial<ProofExpectations> = {}): string => {
  const proven = judge(proof, expected);
  if (proven.ok) return 'proven';
  return proven.failure.reason === 'dpop_proof_invalid' ? proven.failure.flaw : proven.failure.reason;
};
const changed = (changes: ProofChanges, iat = NOW): string => dpopProof(key, TO, iat, undefined, changes);

describe('a DPoP proof', () => {
  it.each(ALGORITHMS)('of an %s key proves that key, until it is too old for anybody', (alg) => {
    const own = proofKey(alg);
    const proof = dpopProof(own, TO, NOW, undefined, { claims: { jti: 'one' } });
    expect(judge(proof)).toEqual({ ok: true, value: { jkt: own.jkt, jti: 'one', until: NOW + 61 } });
    // And a second time, with what was remembered of the first one.
    expect(judge(proof)).toEqual(judge(proof));
  });
  it('may call EdDSA by its newer name, and no other', () => {
    const own = proofKey('EdDSA');
    expect(outcomeOf(dpopProof(own, TO, NOW, undefined, { header: { alg: 'Ed25519' } }))).toBe('proven');
    expect(outcomeOf(dpopProof(own, TO, NOW, undefined, { header: { alg: 'Ed448' } }))).toBe('algorithm_unsupported');
    expect(DPOP_ALGORITHMS).toEqual([...ALGORITHMS, 'Ed25519']);
  });
  it('is the one of RFC 9449 section 4.1', () => {
    const proof =
      'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg';
    expect(judge(proof, { url: 'https://server.example.com/token', now: 1_562_262_616 })).toMatchObject({
      ok: true,
      value: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I', jti: '-BwC3ESc6acc2lTc' },
    });
  });
});

describe('is refused', () => {
  const other = proofKey();
  const [header = '', payload = '', signature = ''] = changed({}).split('.');
  it.each<[string, string, string]>([
    ['for another method', dpopProof(key, `GET ${URL_OF_TOKEN}`, NOW), 'method_wrong'],
    ['for the method in lower case', dpopProof(key, `post ${URL_OF_TOKEN}`, NOW), 'method_wrong'],
    ['signed by another key', changed({ signedBy: other }), 'signature_wrong'],
    ['with the key of another', changed({ header: { jwk: other.publicJwk } }), 'signature_wrong'],
    ['changed after it was signed', `${header}.${encodeBase64Url(JSON.stringify({ iat: NOW }))}.${signature}`, 'signature_wrong'],
    ['with a private key', changed({ header: { jwk: { ...key.publicJwk, d: key.publicJwk['x'] } } }), 'key_unusable'],
    ['with a symmetric key', changed({ header: { jwk: { kty: 'oct', k: 'AAAA' } } }), 'key_unusable'],
    ['without a key', changed({ header: { jwk: undefined } }), 'key_unusable'],
    ['with a list as key', changed({ header: { jwk: [key.publicJwk] } }), 'key_unusable'],
    ['with a key for encryption', changed({ header: { jwk: { ...key.publicJwk, use: 'enc' } } }), 'key_unusable'],
    ['with a key of another algorithm', changed({ header: { jwk: { ...key.publicJwk, alg: 'RS256' } } }), 'key_unusable'],
    ['with a point off the curve', changed({ header: { jwk: { ...key.publicJwk, y: key.publicJwk['x'] } } }), 'key_unusable'],
    ['with alg none', changed({ header: { alg: 'none' } }), 'algorithm_unsupported'],
    ['with a MAC', changed({ header: { alg: 'HS256' } }), 'algorithm_unsupported'],
    ['with the algorithm of another type of key', changed({ header: { alg: 'RS256' } }), 'key_unusable'],
    ['as a JWT', changed({ header: { typ: 'JWT' } }), 'type_wrong'],
    ['as an access token', changed({ header: { typ: 'at+jwt' } }), 'type_wrong'],
    ['without a type', changed({ header: { typ: undefined } }), 'type_wrong'],
    ['with crit', changed({ header: { crit: ['exp'], exp: 1 } }), 'malformed'],
    ['without a signature', `${header}.${payload}.`, 'malformed'],
    ['as JSON', JSON.stringify({ protected: header, payload, signature }), 'dpop_proof_repeated'],
    ['as five parts', `${header}.${payload}.${signature}.${signature}.${signature}`, 'malformed'],
    ['empty', '', 'malformed'],
    ['with padding', `${header}.${payload}.${signature}=`, 'malformed'],
    ['beyond its length', changed({ claims: { pad: 'p'.repeat(PROOF_LENGTH_MAX) } }), 'too_long'],
    ['with a member twice', signedJws(key, { typ: 'dpop+jwt', alg: 'ES256', jwk: key.publicJwk }, '{"jti":"a","jti":"b"}'), 'malformed'],
  ])('%s', (_, proof, flaw) => {
    expect(outcomeOf(proof)).toBe(flaw);
  });
  it.each(['jti', 'htm', 'htu', 'iat'])('without %s', (claim) => {
    expect(judge(changed({ claims: { [claim]: undefined } }))).toMatchObject({ ok: false, failure: { flaw: 'claim_invalid', claim } });
  });
  it.each([
    { jti: '' },
    { jti: 1 },
    { jti: 'j'.repeat(257) },
    { iat: String(NOW) },
    { iat: -1 },
    { iat: 1e300 },
    { htm: ['POST'] },
    { htu: 'h'.repeat(2049) },
    { nonce: 1 },
    { ath: 1 },
  ])('with %j', (claims) => {
    expect(outcomeOf(changed({ claims }))).toBe('claim_invalid');
  });
  it('in two headers, or in one that joins them', () => {
    expect(outcomeOf('', { headers: [changed({}), changed({})] })).toBe('dpop_proof_repeated');
    expect(outcomeOf(`${changed({})}, ${changed({})}`)).toBe('dpop_proof_repeated');
    expect(outcomeOf(`${changed({})},`)).toBe('dpop_proof_repeated');
  });
  it('where its MAC was made with the public key', () => {
    const input = `${encodeBase64Url(JSON.stringify({ typ: 'dpop+jwt', alg: 'HS256', jwk: key.publicJwk }))}.${payload}`;
    const mac = createHmac('sha256', key.key.export({ format: 'pem', type: 'spki' }))
      .update(input)
      .digest('base64url');
    expect(outcomeOf(`${input}.${mac}`)).toBe('algorithm_unsupported');
  });
  it('with an ECDSA signature of zeros, in DER, or cut', () => {
    const resigned = (bytes: Uint8Array): string => `${header}.${payload}.${encodeBase64Url(bytes)}`;
    const raw = decodeBase64Url(signature) ?? Buffer.alloc(0);
    expect(outcomeOf(resigned(Buffer.alloc(64)))).toBe('signature_wrong');
    expect(outcomeOf(resigned(raw.subarray(1)))).toBe('signature_wrong');
    expect(outcomeOf(resigned(Buffer.concat([raw, Buffer.alloc(1)])))).toBe('signature_wrong');
  });
});

describe('the time of a proof', () => {
  it.each([
    [NOW - 60, 'proven'],
    [NOW - 60.9, 'too_old'],
    [NOW - 61, 'too_old'],
    [NOW - 3600, 'too_old'],
    [0, 'too_old'],
    [NOW + 60, 'proven'],
    [NOW + 61, 'from_the_future'],
    [NOW * 1000, 'from_the_future'],
    [NOW - 10, 'proven'],
    [NOW + 10.5, 'proven'],
  ])('%d is %s', (iat, outcome) => {
    expect(outcomeOf(changed({}, iat))).toBe(outcome);
  });
  it.each([NOW - 60, NOW - 59.5, NOW, NOW + 0.5, NOW + 59.9, NOW + 60])(
    'one of %d is on record for as long as it would be taken',
    (iat) => {
      const proof = changed({}, iat);
      const proven = judge(proof);
      if (!proven.ok) throw new Error('not proven');
      const { until } = proven.value;
      expect([until - 1, until, until + 1].map((now) => outcomeOf(proof, { now })).slice(1)).toEqual(['too_old', 'too_old']);
      expect(Number.isSafeInteger(until)).toBe(true);
    },
  );
  it('does not matter where a nonce says it', () => {
    const nonceUntil = (nonce: string) => (nonce === 'good' ? NOW + 300 : undefined);
    const withNonce = changed({ claims: { nonce: 'good' } }, NOW - 86_400);
    expect(judge(withNonce, { nonceUntil })).toMatchObject({ ok: true, value: { until: NOW + 300 } });
    for (const claims of [{}, { nonce: 'bad' }]) expect(outcomeOf(changed({ claims }), { nonceUntil })).toBe('dpop_nonce_required');
    // Where nonces are not demanded, whatever stands there.
    expect(outcomeOf(changed({ claims: { nonce: 'bad' } }))).toBe('proven');
  });
});

describe('the URI of a proof', () => {
  const at = (htu: string, url = URL_OF_TOKEN): string => outcomeOf(dpopProof(key, `POST ${htu}`, NOW), { url });
  it.each([
    'https://issuer.example/token',
    'HTTPS://Issuer.EXAMPLE/token',
    'https://issuer.example:443/token',
    'https://issuer.example/token?a=b',
    'https://issuer.example/token#f',
    'https://issuer.example/%74oken',
    'https://issuer.example/./token',
    'https://issuer.example/x/../token',
  ])('%s is the same', (htu) => {
    expect(at(htu)).toBe('proven');
  });
  it.each([
    'https://issuer.example/Token',
    'https://issuer.example/token/',
    'https://issuer.example//token',
    'https://issuer.example/iam/token',
    'https://issuer.example/token%2F',
    'https://issuer.example/token%',
    'https://issuer.example',
    'http://issuer.example/token',
    'https://issuer.example:8443/token',
    'https://issuer.example./token',
    'https://issuer.example.evil.example/token',
    'https://evil.example/token',
    'https://user@issuer.example/token',
    'https://issuer.example\\token',
    'https:\\\\issuer.example/token',
    'https:/issuer.example/token',
    'https:///issuer.example/token',
    '//issuer.example/token',
    '/token',
    'token',
    'https://issuer.example/to\tken',
    'https://issuer.example/token\n',
    ' https://issuer.example/token',
    'https://issuer.example/tokén',
    'ftp://issuer.example/token',
    'javascript:alert(1)',
  ])('%j is another', (htu) => {
    expect(
      outcomeOf(signedJws(key, { typ: 'dpop+jwt', alg: 'ES256', jwk: key.publicJwk }, { jti: randomUUID(), htm: 'POST', htu, iat: NOW })),
    ).toBe('uri_wrong');
  });
  it('keeps escapes of reserved characters, in whichever case', () => {
    expect(at('https://api.example/a%2fb', 'https://api.example/a%2Fb')).toBe('proven');
    expect(at('https://api.example/a/b', 'https://api.example/a%2Fb')).toBe('uri_wrong');
    expect(at('https://api.example/%C3%A4', 'https://api.example/%c3%a4')).toBe('proven');
    expect(at('http://127.0.0.1:3000/token', 'http://127.0.0.1:3000/token')).toBe('proven');
    expect(at('http://[::1]:3000/token', 'http://[::1]:3000/token')).toBe('proven');
  });
});

describe('beside an access token', () => {
  it('is bound to that one', () => {
    expect(outcomeOf(dpopProof(key, TO, NOW, 'token-a'), { accessToken: 'token-a' })).toBe('proven');
    expect(outcomeOf(dpopProof(key, TO, NOW, 'token-b'), { accessToken: 'token-a' })).toBe('token_wrong');
    expect(outcomeOf(dpopProof(key, TO, NOW), { accessToken: 'token-a' })).toBe('token_wrong');
  });
});

it('costs little, whatever is sent', () => {
  const huge = [
    'a'.repeat(1_000_000),
    '.'.repeat(6000),
    signedJws(testKey('ES256'), { typ: 'dpop+jwt', alg: 'ES256', jwk: {} }, 'x'.repeat(500_000)),
  ];
  const started = performance.now();
  for (const proof of huge) expect(judge(proof).ok).toBe(false);
  expect(performance.now() - started).toBeLessThan(50);
});
