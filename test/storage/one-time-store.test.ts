import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { OneTimeStore, OneTimeValue } from '../../src/endpoints/stores.ts';
import { oneTimeKey } from '../../src/storage/keys.ts';
import { createOneTimeStore } from '../../src/storage/one-time-store.ts';
import { startEngine, type Engine } from './engine.ts';
import { NOW } from './records.ts';

let engine: Engine;
let store: OneTimeStore;
let answersToLose = 0;
beforeAll(async () => {
  engine = await startEngine();
  store = createOneTimeStore(engine);
  // Below the SDK's retries: each pass through here is one attempt over the network.
  engine.dynamodb.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args);
      if (answersToLose === 0) return answer;
      answersToLose -= 1;
      throw Object.assign(new Error('socket hang up'), { name: 'TimeoutError', code: 'ECONNRESET' });
    },
    { step: 'deserialize', priority: 'low', name: 'loseAnswers' },
  );
});
afterAll(() => engine.close());
beforeEach(() => {
  answersToLose = 0;
});

let attempts = 0;
const spend = (changes: Partial<OneTimeValue> = {}, now = NOW): Promise<boolean> =>
  store.spend({ use: 'client_assertion', of: 'billing', value: 'jti', until: NOW + 60, ...changes }, `attempt-${(attempts += 1)}`, now);

it('keeps a digest, by whom it was spent and until when, and no value', async () => {
  expect(await store.spend({ use: 'dpop', of: 'thumbprint', value: 'x', until: NOW + 60 }, 'me', NOW)).toBe(true);
  const key = oneTimeKey('dpop', 'thumbprint', 'LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE');
  expect(key).toEqual({ PK: 'ONCE#dpop#thumbprint#LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE', SK: 'ONCE' });
  expect(await engine.item(key)).toEqual({ ...key, used_by: 'me', used_until: NOW + 60, purge_at: NOW + 60 + 3600 });
});

it('answers true to one of fifty', async () => {
  const spent = await Promise.all(Array.from({ length: 50 }, () => spend({ value: 'raced' })));
  expect(spent.filter(Boolean)).toHaveLength(1);
});

it('keeps uses, clients and values apart', async () => {
  expect(await spend({ value: 'apart' })).toBe(true);
  for (const other of [{ use: 'dpop' }, { of: 'another' }, { value: 'Apart' }] as const)
    expect(await spend({ value: 'apart', ...other })).toBe(true);
  expect(await spend({ value: 'apart' })).toBe(false);
});

it('takes values of any length and content', async () => {
  for (const value of ['', '#', 'a\nb', '\u0000', '💥', 'x'.repeat(100_000)]) {
    expect(await spend({ value })).toBe(true);
    expect(await spend({ value })).toBe(false);
  }
});

it('remembers until the value is refused for its time, and no longer', async () => {
  expect(await spend({ value: 'timed' })).toBe(true);
  expect(await spend({ value: 'timed', until: NOW + 120 }, NOW + 59)).toBe(false);
  expect(await spend({ value: 'timed', until: NOW + 120 }, NOW + 60)).toBe(true);
  expect(await spend({ value: 'timed', until: NOW + 180 }, NOW + 61)).toBe(false);
});

it('knows its own write again when only the answer was lost', async () => {
  answersToLose = 2;
  expect(await spend({ value: 'lost' })).toBe(true);
  expect(await spend({ value: 'lost' })).toBe(false);
});
