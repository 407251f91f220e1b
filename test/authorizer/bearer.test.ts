import { describe, expect, it } from 'vitest';
import { presentedToken } from '../../src/authorizer/bearer.ts';

const outcomeOf = (...values: string[]): string | undefined => {
  const presented = presentedToken(values);
  return presented.ok ? presented.value?.token : presented.failure.reason;
};

describe('the bearer token of a request (RFC 6750 section 2.1)', () => {
  it.each(['Bearer a.b.c', 'bearer a.b.c', 'BEARER a.b.c', 'bEaReR  a.b.c'])('is what follows the scheme in %j', (value) => {
    expect(outcomeOf(value)).toBe('a.b.c');
  });
  it.each(['DPoP a.b.c', 'dpop a.b.c', 'dPoP  a.b.c'])('may come with a proof of its key: %j', (value) => {
    expect(presentedToken([value])).toEqual({ ok: true, value: { scheme: 'DPoP', token: 'a.b.c' } });
    expect(presentedToken([value.replace(/^dpop/i, 'Bearer')])).toEqual({ ok: true, value: { scheme: 'Bearer', token: 'a.b.c' } });
  });
  it('is absent without the header, or with an empty one', () => {
    expect(outcomeOf()).toBeUndefined();
    expect(outcomeOf('')).toBeUndefined();
  });
  it.each(['Basic YTpi', 'DPoPa.b.c', 'a.b.c', 'Bearera.b.c', ' Bearer a.b.c', 'Token a', 'AWS4-HMAC-SHA256 Credential=x'])(
    'is not found in %j',
    (value) => {
      expect(outcomeOf(value)).toBe('authorization_not_bearer');
    },
  );
  it.each([
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer a,Bearer b',
    'Bearer a, Bearer b',
    'Bearer a,b',
    'Bearer garbage, Bearer a.b.c',
    'DPoP',
    'DPoP a.b.c, Bearer a.b.c',
    'Bearer a.b.c ',
  ])('is never chosen from %j', (value) => {
    expect(outcomeOf(value)).toBe('authorization_malformed');
  });
  it('is never chosen from two headers', () => {
    expect(outcomeOf('Bearer a', 'Bearer a')).toBe('authorization_repeated');
    expect(outcomeOf('Basic x', 'Bearer a')).toBe('authorization_repeated');
  });
});
