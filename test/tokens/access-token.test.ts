import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  accessTokenSigningInput,
  isExpired,
  verifyAccessToken,
  verifySignedAccessToken,
  type AccessTokenExpectations,
} from '../../src/tokens/access-token.ts';
import { ALGORITHMS } from '../../src/tokens/algorithms.ts';
import { accessToken, AUDIENCE, ISSUER, keysOf, NOW, signedJws, testClaims, testKey } from './test-issuer.ts';

const key = testKey('ES256');
const keys = keysOf(key);
const expected = (token: string, changes: Partial<AccessTokenExpectations> = {}): AccessTokenExpectations => ({
  token,
  keys,
  issuer: ISSUER,
  audience: AUDIENCE,
  now: NOW,
  ...changes,
});
const reasonOf = (token: string, changes: Partial<AccessTokenExpectations> = {}): string => {
  const verified = verifyAccessToken(expected(token, changes));
  if (verified.ok) return 'ok';
  return verified.failure.reason === 'claim_invalid' ? `claim_invalid ${verified.failure.claim}` : verified.failure.reason;
};
const withClaims = (changes: object): string =>
  signedJws(key, { alg: 'ES256', kid: key.kid, typ: 'at+jwt' }, { ...testClaims(), ...changes });
const withoutClaim = (claim: string): string => withClaims({ [claim]: undefined });

describe('an access token (RFC 9068)', () => {
  it.each(ALGORITHMS)('signed with %s is verified to the claims that it was made of', (alg) => {
    const signer = testKey(alg);
    const optional = { sid: 's', cnf: { jkt: 'x' }, ip: ['192.0.2.0/24'], act: { sub: 'y' } };
    expect(verifyAccessToken({ ...expected(accessToken(signer, optional)), keys: keysOf(signer) })).toEqual({
      ok: true,
      value: testClaims(optional),
    });
  });
  it('says its type, algorithm and key in its header, and nothing else', () => {
    const [header = ''] = accessTokenSigningInput({ alg: 'RS256', kid: 'k' }, testClaims()).split('.');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'RS256', typ: 'at+jwt', kid: 'k' });
  });
  it('tells which key signed', () => {
    expect(verifySignedAccessToken(expected(accessToken(key)))).toMatchObject({ ok: true, value: { kid: key.kid } });
  });
  it('with any byte changed is refused', () => {
    const token = accessToken(key);
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.integer({ min: 0, max: 0xff }), (at, code) => {
        const character = String.fromCharCode(code);
        fc.pre(token[at] !== character);
        return !verifyAccessToken(expected(token.slice(0, at) + character + token.slice(at + 1))).ok;
      }),
      { numRuns: 500 },
    );
  });
  it('with a byte left out or put in is refused', () => {
    const token = accessToken(key);
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom('A', '.', '-'), (at, character) => {
        return (
          !verifyAccessToken(expected(token.slice(0, at) + token.slice(at + 1))).ok &&
          !verifyAccessToken(expected(token.slice(0, at) + character + token.slice(at))).ok
        );
      }),
      { numRuns: 200 },
    );
  });
});

describe('the type', () => {
  it.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/AT+jwt'])('%s is an access token', (typ) => {
    expect(reasonOf(signedJws(key, { alg: 'ES256', kid: key.kid, typ }, testClaims()))).toBe('ok');
  });
  it.each(['JWT', 'jwt', '', 'dpop+jwt', 'at+jwt ', 'application/jwt', 'x/at+jwt', 'application/application/at+jwt'])(
    '%j is none',
    (typ) => {
      expect(reasonOf(signedJws(key, { alg: 'ES256', kid: key.kid, typ }, testClaims()))).toBe('type_wrong');
    },
  );
  it('must be there', () => {
    expect(reasonOf(signedJws(key, { alg: 'ES256', kid: key.kid }, testClaims()))).toBe('type_wrong');
  });
});

describe('every claim', () => {
  const texts = ['iss', 'sub', 'client_id', 'aud', 'jti'];
  const numbers = ['iat', 'exp', 'epoch'];
  const lists = ['roles', 'amr'];
  it.each([...texts, ...numbers, ...lists, 'scope'])('%s is required', (claim) => {
    expect(reasonOf(withoutClaim(claim))).toBe(`claim_invalid ${claim}`);
    expect(reasonOf(withClaims({ [claim]: null }))).toBe(`claim_invalid ${claim}`);
  });
  it.each(['sid', 'cnf', 'ip', 'act'])('%s may be absent, but not null', (claim) => {
    expect(reasonOf(withoutClaim(claim))).toBe('ok');
    expect(reasonOf(withClaims({ [claim]: null }))).toBe(`claim_invalid ${claim}`);
  });
  it.each([...texts, 'sid'].flatMap((claim) => [1, true, '', [ISSUER], { '0': ISSUER }].map((value) => [claim, value] as const)))(
    '%s of the form %j is refused',
    (claim, value) => {
      expect(reasonOf(withClaims({ [claim]: value }))).toBe(`claim_invalid ${claim}`);
    },
  );
  it.each(
    [...numbers, 'nbf'].flatMap((claim) => ['1800000000', true, [NOW], {}, -1, 1.5, 2 ** 53].map((value) => [claim, value] as const)),
  )('%s of the form %j is refused', (claim, value) => {
    expect(reasonOf(withClaims({ [claim]: value }))).toBe(`claim_invalid ${claim}`);
  });
  it.each([...lists, 'ip'].flatMap((claim) => ['admin', 1, {}, [1], [''], [['a']], [null]].map((value) => [claim, value] as const)))(
    '%s of the form %j is refused',
    (claim, value) => {
      expect(reasonOf(withClaims({ [claim]: value }))).toBe(`claim_invalid ${claim}`);
    },
  );
  it.each(['cnf', 'act'].flatMap((claim) => ['x', 1, true, [], [{}]].map((value) => [claim, value] as const)))(
    '%s of the form %j is refused',
    (claim, value) => {
      expect(reasonOf(withClaims({ [claim]: value }))).toBe(`claim_invalid ${claim}`);
    },
  );
  it.each([['read'], 1, {}, ' read', 'read ', 'read  write', 'read\twrite', 'rea"d', 'rea\\d', 'réad', '\0'])(
    'scope of the form %j is refused',
    (scope) => {
      expect(reasonOf(withClaims({ scope }))).toBe('claim_invalid scope');
    },
  );
  it('scope may be empty', () => {
    expect(reasonOf(withClaims({ scope: '' }))).toBe('ok');
  });
  it('that is infinite makes the token unreadable', () => {
    const payload = JSON.stringify(testClaims()).replace(/"exp":\d+/, '"exp":1e999');
    expect(reasonOf(signedJws(key, { alg: 'ES256', kid: key.kid, typ: 'at+jwt' }, payload))).toBe('claims_malformed');
  });
  it('that is repeated makes the token unreadable', () => {
    const payload = JSON.stringify(testClaims()).replace('{', '{"scope":"admin",');
    expect(reasonOf(signedJws(key, { alg: 'ES256', kid: key.kid, typ: 'at+jwt' }, payload))).toBe('claims_malformed');
  });
  it.each(['not JSON', '[]', '"x"', 'null', ''])('is missing from a payload of %j', (payload) => {
    expect(reasonOf(signedJws(key, { alg: 'ES256', kid: key.kid, typ: 'at+jwt' }, payload))).toBe('claims_malformed');
  });
  it('unknown to this profile is ignored', () => {
    expect(reasonOf(withClaims({ azp: 'x', hasOwnProperty: 1, toString: 'x' }))).toBe('ok');
  });
});

describe('issuer and audience', () => {
  it.each([`${ISSUER}/`, ISSUER.toUpperCase(), `${ISSUER}.attacker.example`, 'https://issuer', 'https://attacker.example', ` ${ISSUER}`])(
    '%j is not the issuer',
    (iss) => {
      expect(reasonOf(withClaims({ iss }))).toBe('issuer_wrong');
    },
  );
  it.each([`${AUDIENCE}/`, `${AUDIENCE}/v1`, 'https://api', 'https://other.example', AUDIENCE.toUpperCase()])(
    '%j is not the audience',
    (aud) => {
      expect(reasonOf(withClaims({ aud }))).toBe('audience_wrong');
    },
  );
  it('any audience will do where none is expected', () => {
    expect(reasonOf(withClaims({ aud: 'https://other.example' }), { audience: undefined })).toBe('ok');
  });
});

describe('time', () => {
  const token = accessToken(key);
  const { exp } = testClaims();
  it('is up at exp, not a second later', () => {
    expect(reasonOf(token, { now: exp - 1 })).toBe('ok');
    expect(reasonOf(token, { now: exp })).toBe('token_expired');
    expect(isExpired({ exp }, exp)).toBe(true);
  });
  it('may be stretched, by a minute at most', () => {
    expect(reasonOf(token, { now: exp + 29, skewSeconds: 30 })).toBe('ok');
    expect(reasonOf(token, { now: exp + 30, skewSeconds: 30 })).toBe('token_expired');
    expect(reasonOf(token, { now: exp + 60, skewSeconds: 3600 })).toBe('token_expired');
  });
  it.each(['iat', 'nbf'])('of %s may be a minute ahead of ours, not more', (claim) => {
    expect(reasonOf(withClaims({ [claim]: NOW + 60 }))).toBe('ok');
    expect(reasonOf(withClaims({ [claim]: NOW + 61 }))).toBe('token_from_the_future');
  });
  it('is told with the claims, whose signature is known to be right', () => {
    expect(verifyAccessToken(expected(token, { now: exp }))).toEqual({
      ok: false,
      failure: { reason: 'token_expired', claims: testClaims() },
    });
  });
});
