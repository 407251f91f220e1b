import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AccessTokenClaims } from '../../src/tokens/access-token.ts';
import { isInFirstHalf, isReusable, readOwnToken, reuseDigest } from '../../src/tokens/reusable-token.ts';

const CLAIMS: AccessTokenClaims = {
  iss: 'https://issuer.example',
  sub: 'billing',
  client_id: 'billing',
  aud: 'https://issuer.example',
  iat: 1000,
  exp: 1900,
  jti: 'j',
  scope: 'read',
  roles: ['user'],
  epoch: 0,
  amr: ['client_secret'],
};
const kept = (iat: number, exp: number, kid = 'k') => ({ token: 't', jti: 'j', iat, exp, kid });

describe('what two tokens must have in common', () => {
  it('is everything but times and id', () => {
    expect(reuseDigest('s_1', { ...CLAIMS, iat: 7, exp: 8, jti: 'other' })).toBe(reuseDigest('s_1', CLAIMS));
    expect(reuseDigest('s_1', CLAIMS)).toMatch(/^[\w-]{43}$/);
  });

  it.each<Partial<AccessTokenClaims>>([
    { iss: 'https://other.example' },
    { sub: 'other' },
    { client_id: 'other' },
    { aud: 'https://api.example' },
    { scope: 'read write' },
    { roles: ['user', 'admin'] },
    { roles: [] },
    { epoch: 1 },
    { amr: ['client_secret', 'ip'] },
    { sid: 'ak_1' },
    { ip: ['192.0.2.0/24'] },
    { cnf: { jkt: 'thumbprint' } },
  ])('is not the same with %j', (other) => {
    expect(reuseDigest('s_1', { ...CLAIMS, ...other })).not.toBe(reuseDigest('s_1', CLAIMS));
  });

  it('is not the same with another credential', () => expect(reuseDigest('s_2', CLAIMS)).not.toBe(reuseDigest('s_1', CLAIMS)));
});

describe('a token that is handed out again', () => {
  it('has half of its life left to the second, never more than was to come, and is not from the future', () => {
    expect([999, 1000, 1450, 1451, 1900].map((now) => isInFirstHalf({ iat: 1000, exp: 1900 }, now))).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
  });

  it('is signed by the key that signs now', () => {
    const fresh = { iat: 1000, exp: 1900 };
    expect(isReusable(kept(1000, 1900, 'k'), fresh, 'k')).toBe(true);
    expect(isReusable(kept(1000, 1900, 'former'), fresh, 'k')).toBe(false);
  });

  it('whatever the lifetimes were and are, never has less than half of its life or of a new one left, and never ends later', () => {
    const time = fc.integer({ min: 0, max: 20_000 });
    const life = fc.integer({ min: 1, max: 3600 });
    fc.assert(
      fc.property(time, life, time, life, (iat, life1, now, life2) => {
        if (!isReusable(kept(iat, iat + life1), { iat: now, exp: now + life2 }, 'k')) return;
        const left = iat + life1 - now;
        expect(now).toBeGreaterThanOrEqual(iat);
        expect(left).toBeGreaterThanOrEqual(life1 / 2);
        expect(left).toBeGreaterThanOrEqual(life2 / 2);
        expect(left).toBeLessThanOrEqual(life2);
      }),
      { numRuns: 2000 },
    );
    // And is handed out at all, with the usual lifetime.
    for (let age = 0; age <= 450; age += 1) expect(isReusable(kept(1000, 1900), { iat: 1000 + age, exp: 1900 + age }, 'k')).toBe(true);
  });
});

describe('a token of ours', () => {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

  it('says what it is', () => {
    const token = `${part({ alg: 'RS256', kid: 'k' })}.${part(CLAIMS)}.c2ln`;
    expect(readOwnToken(token)).toEqual({ token, jti: 'j', iat: 1000, exp: 1900, kid: 'k' });
  });

  it.each([
    '',
    'a.b.c',
    `${part({ kid: 'k' })}.${part({ jti: 'j', iat: '1', exp: 2 })}.x`,
    `${part({})}.${part(CLAIMS)}.x`,
    `${part([])}..`,
  ])('is not %j', (text) => expect(readOwnToken(text)).toBeUndefined());
});
