import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SecretUseStore } from '../../src/endpoints/stores.ts';
import { secretUseKey } from '../../src/storage/keys.ts';
import { createSecretUseStore } from '../../src/storage/secret-use-store.ts';
import { startEngine, type Engine } from './engine.ts';
import { NOW } from './records.ts';

let engine: Engine;
let store: SecretUseStore;
beforeAll(async () => {
  engine = await startEngine();
  store = createSecretUseStore(engine);
});
afterAll(() => engine.close());

const use = (last_used_at: number, ip = '203.0.113.7') => ({ last_used_at, ip, user_agent: 'billing/4' });

it('of many environments one writes within 5 minutes, and the others take that for done', async () => {
  await Promise.all(Array.from({ length: 10 }, (_, index) => store.record('c', 's_1', use(NOW, `203.0.113.${index}`))));
  const [first] = [...(await store.read('c', ['s_1'])).values()];
  await store.record('c', 's_1', use(NOW + 299, '198.51.100.1'));
  expect((await store.read('c', ['s_1'])).get('s_1')).toEqual(first);
  await store.record('c', 's_1', use(NOW + 300, '198.51.100.2'));
  expect((await store.read('c', ['s_1'])).get('s_1')).toEqual(use(NOW + 300, '198.51.100.2'));
});

it('never goes back in time, carries no event, and is kept for more than a year', async () => {
  await store.record('c', 's_2', use(NOW));
  await store.record('c', 's_2', use(NOW - 1000));
  const item = await engine.item(secretUseKey('c', 's_2'));
  expect(item).toMatchObject({ last_used_at: NOW });
  expect(item).not.toHaveProperty('event');
  expect(item?.['purge_at']).toBeGreaterThan(NOW + 366 * 86_400);
});

it('answers the uses that there are, of this client alone, and makes no call for none', async () => {
  await store.record('other', 's_9', use(NOW));
  expect([...(await store.read('c', ['s_9', 's_2', 's_1'])).keys()].toSorted()).toEqual(['s_1', 's_2']);
  expect((await store.read('c', [])).size).toBe(0);
});
