import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KeyLifeStore, KeyRecord } from '../../src/endpoints/stores.ts';
import { createKeyLifeStore } from '../../src/storage/key-life-store.ts';
import { rotationRunKey, signingKeyKey } from '../../src/storage/keys.ts';
import { createFeedStore } from '../../src/storage/feed-store.ts';
import { ALGORITHMS } from '../../src/tokens/algorithms.ts';
import { startEngine, type Engine } from './engine.ts';
import { auditEvent, NOW } from './records.ts';

let engine: Engine;
let store: KeyLifeStore;
beforeAll(async () => {
  engine = await startEngine();
  store = createKeyLifeStore(engine);
});
beforeEach(async () => {
  for (const { PK, SK } of await engine.items()) await engine.remove({ PK: PK as string, SK: SK as string });
});
afterAll(() => engine.close());

const KEY: KeyRecord = {
  kid: 'kid-1',
  alg: 'ES256',
  arn: 'arn:aws:kms:eu-central-1:111122223333:key/1',
  jwk: { crv: 'P-256', kty: 'EC', x: 'x', y: 'y' },
  created_at: NOW,
  active_from: NOW + 9000,
};
const EVENT = auditEvent({ event_id: 'the-event' });
const item = () => engine.item(signingKeyKey('kid-1'));
const TIMES = { retires_at: NOW + 1, removed_at: NOW + 2 };

describe('each change', () => {
  beforeEach(() => store.add(KEY, auditEvent({ event_id: 'of-the-first-record' })));

  it.each<[string, () => Promise<boolean>, Partial<KeyRecord>]>([
    ['activate', () => store.activate('kid-1', NOW + 5, EVENT), { active_from: NOW + 5 }],
    ['retire', () => store.retire('kid-1', TIMES, EVENT), TIMES],
    ['distrust', () => store.distrust('kid-1', NOW, NOW + 90, EVENT), { distrusted_at: NOW }],
  ])('%s is one write with its event, and a repeat changes nothing and tells so', async (_, change, expected) => {
    expect(await change()).toBe(true);
    expect(await store.readAll()).toEqual([{ ...KEY, ...expected }]);
    expect((await item())?.['event']).toEqual(EVENT);
    const before = await item();
    expect(await change()).toBe(false);
    expect(await item()).toEqual(before);
  });

  it('of a key that is not there is none', async () => {
    expect(await store.activate('other', NOW, EVENT)).toBe(false);
    expect(await store.retire('other', TIMES, EVENT)).toBe(false);
    expect(await store.distrust('other', NOW, NOW, EVENT)).toBe(false);
    expect(await store.discard('other', NOW, NOW)).toBe(false);
    expect(await engine.items()).toHaveLength(1);
  });

  it('of a key that nobody trusts is none but giving it up', async () => {
    await store.distrust('kid-1', NOW, NOW + 90, EVENT);
    expect(await store.activate('kid-1', NOW, EVENT)).toBe(false);
    expect(await store.retire('kid-1', TIMES, EVENT)).toBe(false);
    expect(await store.discard('kid-1', NOW + 1, NOW + 99)).toBe(true);
  });

  it('never makes a key sign later than it was planned', async () => {
    expect(await store.activate('kid-1', NOW + 9001, EVENT)).toBe(false);
  });

  it('the first record of a key stands', async () => {
    expect(await store.add({ ...KEY, active_from: NOW }, EVENT)).toBe(false);
    expect(await store.readAll()).toEqual([KEY]);
  });
});

it('a revoked key is in the feed until it is in no cache any more', async () => {
  await store.add(KEY, EVENT);
  await store.distrust('kid-1', NOW, NOW + 90, EVENT);
  expect(await createFeedStore(engine).since(NOW * 1000 - 1)).toEqual([
    expect.objectContaining({ kind: 'kid', id: 'kid-1', atMs: NOW * 1000, until: NOW + 90 }),
  ]);
});

it('giving a key up takes its wrapped private key and any event with it, and lets the record go some time', async () => {
  await store.add({ ...KEY, wrapped: { ciphertext: 'c', wrapping_key: 'w', issuer: 'i' } }, EVENT);
  expect(await store.discard('kid-1', NOW, NOW + 99)).toBe(true);
  expect(await item()).toMatchObject({ discarded_at: NOW, purge_at: NOW + 99 });
  expect(await item()).not.toHaveProperty('wrapped');
  expect(await item()).not.toHaveProperty('event');
  expect(await store.discard('kid-1', NOW + 1, NOW + 100)).toBe(false);
});

describe('one run at a time', () => {
  it('keeps others out until it ends', async () => {
    expect(await store.beginRun('a', NOW, NOW + 90)).toEqual([]);
    expect(await store.beginRun('b', NOW + 89, NOW + 179)).toBeUndefined();
    await store.endRun('a', []);
    expect(await store.beginRun('b', NOW + 89, NOW + 179)).toEqual([]);
  });

  it('that never ended may have left a key of any algorithm behind', async () => {
    await store.beginRun('a', NOW, NOW + 90);
    expect(await store.beginRun('b', NOW + 90, NOW + 180)).toEqual(ALGORITHMS);
  });

  it('hands on what it is not sure of', async () => {
    await store.beginRun('a', NOW, NOW + 90);
    await store.endRun('a', ['ES256']);
    expect(await store.beginRun('b', NOW + 1, NOW + 90)).toEqual(['ES256']);
  });

  it('that comes back after another has begun ends nothing of that one', async () => {
    await store.beginRun('a', NOW, NOW + 90);
    await store.beginRun('b', NOW + 90, NOW + 180);
    await store.endRun('a', []);
    expect(await store.beginRun('c', NOW + 91, NOW + 181)).toBeUndefined();
  });

  it('is no key of the ring', async () => {
    await store.beginRun('a', NOW, NOW + 90);
    expect(await engine.item(rotationRunKey())).toBeDefined();
    expect(await store.readAll()).toEqual([]);
  });
});
