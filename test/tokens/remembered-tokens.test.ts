import { expect, it } from 'vitest';
import { createRememberedTokens } from '../../src/tokens/remembered-tokens.ts';

const kept = { token: 't', jti: 'j', iat: 1000, exp: 1900, kid: 'k' };

it('remembers for each request what it came to, and the token for half of its life', () => {
  const remembered = createRememberedTokens();
  expect(remembered.recall('one', 1000)).toBeUndefined();
  remembered.remember('one', 'digest', kept);
  expect(remembered.recall('one', 1450)).toEqual({ digest: 'digest', kept });
  expect(remembered.recall('one', 1451)).toEqual({ digest: 'digest', kept: undefined });
  expect(remembered.recall('other', 1000)).toBeUndefined();
  remembered.remember('one', 'next', { ...kept, jti: 'k' });
  expect(remembered.recall('one', 1000)).toMatchObject({ digest: 'next', kept: { jti: 'k' } });
  remembered.forget('one');
  expect(remembered.recall('one', 1000)).toBeUndefined();
});

it('forgets rather than grows', () => {
  const remembered = createRememberedTokens();
  for (let at = 0; at < 1000; at += 1) remembered.remember(`request ${at}`, 'digest', kept);
  remembered.remember('request 0', 'again', kept);
  expect(remembered.recall('request 999', 1000)).toBeDefined();
  remembered.remember('one more', 'digest', kept);
  expect(remembered.recall('request 999', 1000)).toBeUndefined();
  expect(remembered.recall('one more', 1000)).toBeDefined();
});

it('does not keep what a request says at length', () => {
  const remembered = createRememberedTokens();
  remembered.remember('x'.repeat(5000), 'digest', kept);
  expect(remembered.recall('x'.repeat(5000), 1000)).toBeUndefined();
});
