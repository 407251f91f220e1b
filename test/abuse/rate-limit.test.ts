import { expect, it } from 'vitest';
import { defaultBurst, rateLimitFrom } from '../../src/abuse/rate-limit.ts';

it('gives 60 calls a minute a burst of 20, and others a third, rounded up', () => {
  expect([60, 0, 1, 3, 4].map(defaultBurst)).toEqual([20, 0, 1, 1, 2]);
});

it('reads the limit from the environment, with its usual burst or the one given', () => {
  expect(rateLimitFrom({ RATE_LIMIT_PER_MINUTE: '0' })).toEqual({ perMinute: 0, burst: 0 });
  expect(rateLimitFrom({ RATE_LIMIT_PER_MINUTE: '60' })).toEqual({ perMinute: 60, burst: 20 });
  expect(rateLimitFrom({ RATE_LIMIT_PER_MINUTE: '60', RATE_LIMIT_BURST: '0' })).toEqual({ perMinute: 60, burst: 0 });
  expect(rateLimitFrom({ RATE_LIMIT_PER_MINUTE: '1000000', RATE_LIMIT_BURST: '1000000' })).toEqual({
    perMinute: 1_000_000,
    burst: 1_000_000,
  });
});

it.each([
  ['RATE_LIMIT_PER_MINUTE', {}],
  ['RATE_LIMIT_PER_MINUTE', { RATE_LIMIT_PER_MINUTE: '1000001' }],
  ['RATE_LIMIT_PER_MINUTE', { RATE_LIMIT_PER_MINUTE: '-1' }],
  ['RATE_LIMIT_BURST', { RATE_LIMIT_PER_MINUTE: '60', RATE_LIMIT_BURST: '' }],
  ['RATE_LIMIT_BURST', { RATE_LIMIT_PER_MINUTE: '60', RATE_LIMIT_BURST: '1000001' }],
])('refuses a malformed %s, naming it', (variable, environment) => {
  expect(() => rateLimitFrom(environment)).toThrow(variable);
});
