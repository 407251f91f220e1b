import { describe, expect, it } from 'vitest';
import { createVerifiedTokens } from '../../src/authorizer/verified-tokens.ts';
import { keysOf, testClaims, testKey } from '../tokens/test-issuer.ts';

const key = testKey('EdDSA');
const keys = keysOf(key);
const token = { claims: testClaims(), kid: key.kid };

const twice = (tokens: ReturnType<typeof createVerifiedTokens>, digest: string): void => {
  tokens.remember(digest, token, keys);
  tokens.remember(digest, token, keys);
};

describe('tokens verified before', () => {
  it('are found by the whole token alone, once they came twice', () => {
    const tokens = createVerifiedTokens();
    const digest = tokens.digestOf('a.b.c');
    tokens.remember(digest, token, keys);
    expect(tokens.find(digest, keys)).toBeUndefined();
    tokens.remember(digest, token, keys);
    expect(tokens.find(digest, keys)).toBe(token);
    expect(tokens.find(tokens.digestOf('a.b.d'), keys)).toBeUndefined();
  });
  it('are forgotten with the key that signed them, also when another takes its name', () => {
    const tokens = createVerifiedTokens();
    twice(tokens, 'x');
    expect(tokens.find('x', new Map())).toBeUndefined();
    expect(tokens.find('x', keysOf({ ...testKey('EdDSA'), kid: key.kid }))).toBeUndefined();
  });
  it('are bounded, and those in use outlive those that are not', () => {
    const tokens = createVerifiedTokens(10);
    twice(tokens, 'used');
    for (let index = 0; index < 1000; index++) {
      twice(tokens, `t${index}`);
      expect(tokens.find('used', keys)).toBe(token);
    }
    const found = Array.from({ length: 1000 }, (_, index) => tokens.find(`t${index}`, keys)).filter((held) => held !== undefined);
    expect(found.length).toBeLessThanOrEqual(20);
  });
  it('are not displaced by any number of tokens that come once', () => {
    const tokens = createVerifiedTokens(10);
    twice(tokens, 'used');
    for (let index = 0; index < 1000; index++) tokens.remember(`t${index}`, token, keys);
    expect(tokens.find('used', keys)).toBe(token);
  });
});
