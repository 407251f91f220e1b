import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BlockStore, FailureStore, RequestStore } from '../../src/endpoints/stores.ts';
import { createBlockStore } from '../../src/storage/block-store.ts';
import { createFailureStore } from '../../src/storage/failure-store.ts';
import { attackKey, BLOCKS_KEY, failureKey } from '../../src/storage/keys.ts';
import { createRequestStore } from '../../src/storage/request-store.ts';
import { startEngine, type Engine } from './engine.ts';
import { auditEvent, NOW } from './records.ts';

let engine: Engine;
let failures: FailureStore;
let blocks: BlockStore;
let requests: RequestStore;
beforeAll(async () => {
  engine = await startEngine();
  failures = createFailureStore(engine);
  blocks = createBlockStore(engine);
  requests = createRequestStore(engine);
});
afterAll(() => engine.close());

const network = '203.0.113.9';
const FRESH = { read: undefined, goesOn: false };
const read = async (clientId: string) => (await requests.load({ clientId, failingNetwork: network }, NOW)).failures;

describe('failures of a client from a network', () => {
  it('count every one of 100 parallel ones, and keep when the series began', async () => {
    const subject = { clientId: 'busy', network };
    await failures.count(subject, FRESH, NOW);
    await Promise.all(Array.from({ length: 100 }, () => failures.count(subject, FRESH, NOW + 1)));
    expect((await read('busy')).ofClient).toEqual({ failures: 101, startedAt: NOW, lastAt: NOW + 1 });
  });
  it("are the network's own where no client is named", async () => {
    await failures.count({ network }, FRESH, NOW);
    expect(await read('quiet')).toEqual({ ofClient: undefined, ofNetwork: { failures: 1, startedAt: NOW, lastAt: NOW } });
  });
  it('begin anew once, however many begin at the same time', async () => {
    const subject = { clientId: 'again', network };
    for (let time = 0; time < 4; time += 1) await failures.count(subject, FRESH, NOW);
    const old = (await read('again')).ofClient;
    await Promise.all(Array.from({ length: 20 }, () => failures.count(subject, { read: old, goesOn: false }, NOW + 1000)));
    expect((await read('again')).ofClient).toEqual({ failures: 20, startedAt: NOW + 1000, lastAt: NOW + 1000 });
  });
  it('are claimed in advance by one of many', async () => {
    const subject = { clientId: 'claimed', network };
    await failures.count(subject, FRESH, NOW);
    const known = (await read('claimed')).ofClient!;
    const claims = await Promise.all(Array.from({ length: 20 }, () => failures.claim(subject, known, NOW + 60)));
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect((await read('claimed')).ofClient).toEqual({ failures: 2, startedAt: NOW, lastAt: NOW + 60 });
  });
  it('stand beside a proof, which neither counts nor is counted away', async () => {
    const subject = { clientId: 'proven', network };
    await failures.prove(subject, NOW - 5, NOW);
    expect((await read('proven')).ofClient).toEqual({ failures: 0, startedAt: 0, lastAt: 0, provenAt: NOW - 5 });
    await failures.count(subject, { read: (await read('proven')).ofClient, goesOn: false }, NOW);
    expect((await read('proven')).ofClient).toEqual({ failures: 1, startedAt: NOW, lastAt: NOW, provenAt: NOW - 5 });
  });
  it('are kept for three days after the last write, and carry no event', async () => {
    const item = await engine.item(failureKey({ clientId: 'busy', network }));
    expect(item).toMatchObject({ purge_at: NOW + 1 + 3 * 86_400 });
    expect(item).not.toHaveProperty('event');
  });
});

it('failures from everywhere give each a number of its own, and send an event once', async () => {
  const counts = await Promise.all(Array.from({ length: 60 }, () => failures.countAttack('target', 7, NOW)));
  expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, at) => at + 1));
  await failures.recordAttack('target', 7, auditEvent());
  expect(await engine.item(attackKey('target', 7))).toMatchObject({ failures: 60, event: auditEvent() });
  await failures.countAttack('target', 7, NOW);
  expect(await engine.item(attackKey('target', 7))).not.toHaveProperty('event');
});

describe('blocked networks', () => {
  const block = { cidr: '203.0.113.0/24', created_at: NOW, expires_at: NOW + 60, reason: 'test', created_by: 'ops' };
  it("are read with a request's own read where that is wanted", async () => {
    expect((await requests.load({ blocks: true }, NOW)).blocks).toEqual([]);
    expect(await blocks.read()).toEqual({ blocks: [], version: 0 });
    expect(await blocks.replace({ version: 0, blocks: [block] }, auditEvent())).toBe(true);
    expect((await requests.load({ blocks: true }, NOW)).blocks).toEqual([block]);
    expect((await requests.load({}, NOW)).blocks).toBeUndefined();
    expect(await engine.item(BLOCKS_KEY)).toMatchObject({ event: auditEvent(), version: 1 });
  });
  it('change only as they were read, and a repeat of the same change is success', async () => {
    const other = auditEvent({ event_id: 'another' });
    expect(await blocks.replace({ version: 0, blocks: [] }, other)).toBe(false);
    expect(await blocks.replace({ version: 7, blocks: [] }, other)).toBe(false);
    expect(await blocks.replace({ version: 1, blocks: [] }, other)).toBe(true);
    expect(await blocks.replace({ version: 1, blocks: [] }, other)).toBe(true);
    expect(await blocks.read()).toEqual({ blocks: [], version: 2 });
  });
  it.each([[{ blocks: 'garbage' }], [{ blocks: [{ ...block, cidr: 'x' }] }], [{ blocks: [{ cidr: block.cidr }] }]])(
    'that cannot be read are unknown to requests, and an outage to who changes them: %j',
    async (members) => {
      await engine.put({ ...BLOCKS_KEY, version: 9, ...members });
      expect((await requests.load({ blocks: true }, NOW)).blocks).toBeUndefined();
      await expect(blocks.read()).rejects.toMatchObject({ name: 'Outage' });
    },
  );
});
