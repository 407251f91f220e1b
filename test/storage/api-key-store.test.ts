import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiKey } from '../../src/clients/api-key.ts';
import type { ApiKeyStore } from '../../src/endpoints/stores.ts';
import { createApiKeyStore } from '../../src/storage/api-key-store.ts';
import { createClientStore } from '../../src/storage/client-store.ts';
import { createFeedStore } from '../../src/storage/feed-store.ts';
import { apiKeyKey } from '../../src/storage/keys.ts';
import { createRequestStore } from '../../src/storage/request-store.ts';
import { createRevocationCheck } from '../../src/storage/revocation-check.ts';
import { startEngine, type Engine } from './engine.ts';
import { auditEvent, client, NOW } from './records.ts';

let engine: Engine;
let store: ApiKeyStore;
beforeAll(async () => {
  engine = await startEngine();
  store = createApiKeyStore(engine);
});
afterAll(() => engine.close());

let count = 0;
const idOf = (number: number, clientId: string): string => `${String(number).padStart(24, '0')}-${clientId}`;
async function stored(members: Partial<ApiKey> = {}): Promise<ApiKey> {
  count += 1;
  const client_id = members.client_id ?? 'billing';
  const made: ApiKey = {
    id: idOf(count, client_id),
    client_id,
    client_id_issued_at: NOW,
    status: 'active',
    scope: ['read'],
    rate_limit_per_minute: 1000,
    pepper: 'k1',
    digest: 'n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg',
    created_at: NOW,
    ...members,
  };
  expect(await store.create(made, auditEvent({ event_id: made.id }))).toBe(true);
  return made;
}
const named = ({ client_id: clientId, id }: ApiKey) => ({ clientId, id });
const itemOf = ({ client_id, id }: ApiKey) => engine.item(apiKeyKey(client_id, id));

describe('an API key', () => {
  it('reads back as it was made, alone and with the request that brings it', async () => {
    const made = await stored({
      name: 'export',
      expires_at: NOW + 60,
      ip_ranges: ['10.0.0.0/8'],
      tags: ['a'],
      idempotency: { key: 'k', body: 'b' },
    });
    expect(await store.read(named(made), NOW)).toEqual(made);
    const loaded = await createRequestStore(engine).load({ clientId: made.client_id, sid: made.id }, NOW);
    expect([loaded.apiKey, loaded.session]).toEqual([made, undefined]);
  });

  it('is made once; a write whose answer was lost finds its own', async () => {
    const made = await stored();
    expect(await store.create(made, auditEvent({ event_id: made.id }))).toBe(true);
    expect(await store.create(made, auditEvent({ event_id: 'another' }))).toBe(false);
  });

  it('without an end stays; with one it goes a month later', async () => {
    expect(await itemOf(await stored())).not.toHaveProperty('purge_at');
    const made = await stored({ expires_at: NOW + 60 });
    expect((await itemOf(made))?.['purge_at']).toBe(NOW + 60 + 30 * 24 * 3600);
    expect(await store.read(named(made), NOW + 60 + 30 * 24 * 3600)).toBeUndefined();
  });

  it('that is spoilt is an outage, never a decision', async () => {
    const made = await stored();
    await engine.put({ ...(await itemOf(made))!, scope: 'read' });
    await expect(store.read(named(made), NOW)).rejects.toMatchObject({ dependency: 'dynamodb:item' });
  });
});

describe('ending an API key', () => {
  it('leaves a tombstone without digest, in the feed under the name that its tokens carry', async () => {
    const made = await stored();
    expect(await store.end(named(made), auditEvent({ event_id: 'end' }), NOW + 10)).toBe(true);
    const item = await itemOf(made);
    expect(item).toMatchObject({ status: 'ended', event: { event_id: 'end' }, feed_until: NOW + 10 + 3600 + 60 });
    expect(item).not.toHaveProperty('digest');
    expect(item).not.toHaveProperty('pepper');
    expect(await createFeedStore(engine).since((NOW + 10) * 1000)).toContainEqual({
      kind: 'sid',
      id: made.id,
      atMs: (NOW + 10) * 1000,
      until: NOW + 10 + 3660,
    });
  });

  it('is told once, and of a key that exists', async () => {
    const made = await stored();
    expect(await store.end(named(made), auditEvent(), NOW)).toBe(true);
    expect(await store.end(named(made), auditEvent({ event_id: 'again' }), NOW)).toBe(false);
    expect(await store.end({ clientId: 'billing', id: idOf(9999, 'billing') }, auditEvent(), NOW)).toBe(false);
    expect(await engine.item(apiKeyKey('billing', idOf(9999, 'billing')))).toBeUndefined();
  });

  it('the tombstone stays until neither a token nor a delayed repeat can come', async () => {
    const made = await stored();
    await store.end(named(made), auditEvent(), NOW);
    expect((await store.read(named(made), NOW + 26 * 3600 - 1))?.status).toBe('ended');
    expect(await store.read(named(made), NOW + 26 * 3600)).toBeUndefined();
  });

  it('is known to who reads the table at every call', async () => {
    const owner = client({ client_id: 'owner' });
    await createClientStore(engine).create(owner, auditEvent());
    const made = await stored({ client_id: 'owner' });
    const check = createRevocationCheck(engine);
    const standing = async () => (await check({ jti: 'j', clientId: 'owner', sid: made.id }, NOW)).sessionStatus;
    expect(await standing()).toBe('active');
    await store.end(named(made), auditEvent(), NOW);
    expect(await standing()).toBe('ended');
    expect((await check({ jti: 'j', clientId: 'owner', sid: idOf(9999, 'owner') }, NOW)).sessionStatus).toBe('absent');
  });
});

describe('the keys of a client', () => {
  it('are counted while they live and listed until they are ended, page by page', async () => {
    const keys = [];
    for (let index = 0; index < 7; index += 1) keys.push(await stored({ client_id: 'pages', ...(index === 6 ? { expires_at: NOW } : {}) }));
    await store.end(named(keys[0]!), auditEvent(), NOW);
    expect(await store.countLive({ client_id: 'pages', client_id_issued_at: NOW }, NOW)).toBe(5);
    expect(await store.countLive({ client_id: 'pages', client_id_issued_at: NOW + 1 }, NOW)).toBe(0);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.list({ clientId: 'pages', limit: 2, cursor }, NOW);
      seen.push(...page!.items.map(({ id }) => id));
      cursor = page!.next;
    } while (cursor !== undefined);
    expect(seen).toEqual(keys.slice(1).map(({ id }) => id));
    expect(await store.list({ clientId: 'pages', limit: 2, cursor: 'bm9uZQ' }, NOW)).toBeUndefined();
    await expect(store.list({ clientId: 'pages', limit: 0, cursor: undefined }, NOW)).rejects.toThrow(RangeError);
  });
});
