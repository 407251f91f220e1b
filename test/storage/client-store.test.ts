import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/clients/client.ts';
import type { ClientStore } from '../../src/endpoints/stores.ts';
import { createClientStore } from '../../src/storage/client-store.ts';
import { clientKey } from '../../src/storage/keys.ts';
import { startEngine, type Engine } from './engine.ts';
import { auditEvent, client, NOW } from './records.ts';

let engine: Engine;
let store: ClientStore;
beforeAll(async () => {
  engine = await startEngine();
  store = createClientStore(engine);
});
afterAll(() => engine.close());

let count = 0;
const registered = async (members: Partial<Client> = {}): Promise<Client> => {
  const made = client({ client_id: `client-${++count}`, ...members });
  expect(await store.create(made, auditEvent())).toBe(true);
  return made;
};
const everyMember = (): Partial<Client> => ({
  default_scope: ['read'],
  audiences: ['https://api.example'],
  contacts: ['ops@example'],
  access_token_lifetime: 300,
  rate_limit_per_minute: 600,
  rate_limit_burst: 0,
  ip_ranges: ['203.0.113.0/24'],
  tags: ['team-a'],
  owner: 'team-a',
  client_expires_at: NOW + 1,
  secrets: [{ id: 's1', pepper: 'k1', digest: 'd', created_at: NOW, expires_at: NOW + 1, idempotency: { key: 'key', body: 'body' } }],
  spent_keys: [{ key: 'spent', until: NOW + 1 }],
  registration: { key: 'key', body: 'body', pepper: 'k1' },
});

describe('registering', () => {
  it('stores every member so that it reads back the same', async () => {
    const made = await registered(everyMember());
    expect(await store.read(made.client_id)).toEqual(made);
    expect((await engine.item(clientKey(made.client_id)))?.['event']).toEqual(auditEvent());
  });

  it('has one winner when many take the same id', async () => {
    const taken = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        store.create(client({ client_id: 'wanted' }), auditEvent({ event_id: `registration-${index}` })),
      ),
    );
    expect(taken.filter(Boolean)).toHaveLength(1);
  });

  it('recognises its own write when the answer was lost', async () => {
    const made = await registered();
    expect(await store.create(made, auditEvent())).toBe(true);
    expect(await store.create(made, auditEvent({ event_id: 'another' }))).toBe(false);
  });

  it('never gives out the id of a deleted client again', async () => {
    await engine.put({ ...clientKey('deleted'), status: 'deleted' });
    expect(await store.create(client({ client_id: 'deleted' }), auditEvent())).toBe(false);
    expect(await store.read('deleted')).toBeUndefined();
  });
});

describe('changing', () => {
  it('replaces the metadata, removes what is absent, and touches neither secrets, keys of requests nor the date of issue', async () => {
    const from = await registered(everyMember());
    const to = client({ client_id: from.client_id, scope: ['read'], secrets: [], client_id_issued_at: 0, updated_at: NOW + 5, version: 2 });
    expect(await store.replace({ from, to }, auditEvent({ event_id: 'change' }))).toBe(true);
    expect(await store.read(from.client_id)).toEqual({
      ...to,
      secrets: from.secrets,
      spent_keys: from.spent_keys,
      registration: from.registration,
      client_id_issued_at: NOW,
    });
    const item = await engine.item(clientKey(from.client_id));
    expect(item?.['event']).toMatchObject({ event_id: 'change' });
    expect(item).not.toHaveProperty('feed');
  });

  it('has one winner among changes of the same version', async () => {
    const from = await registered();
    const changed = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        store.replace({ from, to: { ...from, client_name: `name-${index}` } }, auditEvent({ event_id: `change-${index}` })),
      ),
    );
    expect(changed.filter(Boolean)).toHaveLength(1);
    expect(await store.read(from.client_id)).toMatchObject({ client_name: `name-${changed.indexOf(true)}`, version: 2 });
  });

  it('recognises its own write when the answer was lost', async () => {
    const from = await registered();
    const change = { from, to: { ...from, client_name: 'New' } };
    expect(await store.replace(change, auditEvent({ event_id: 'change' }))).toBe(true);
    expect(await store.replace(change, auditEvent({ event_id: 'change' }))).toBe(true);
    expect((await store.read(from.client_id))?.version).toBe(2);
  });

  it('neither makes nor revives a client', async () => {
    const unknown = client({ client_id: 'unknown' });
    expect(await store.replace({ from: unknown, to: unknown }, auditEvent())).toBe(false);
    await engine.put({ ...clientKey('tombstone'), status: 'deleted', version: 1 });
    const tombstone = client({ client_id: 'tombstone' });
    expect(await store.replace({ from: tombstone, to: tombstone }, auditEvent())).toBe(false);
    expect(await store.read('unknown')).toBeUndefined();
    expect(await store.read('tombstone')).toBeUndefined();
  });

  it('enters the feed when the epoch is raised with it, and a later change leaves that entry alone', async () => {
    const from = await registered();
    const disabled = { ...from, disabled: true, epoch: 2, version: 2, updated_at: NOW + 5 };
    await store.replace({ from, to: disabled }, auditEvent());
    const entry = { feed: 'FEED', feed_at: new Date((NOW + 5) * 1000).toISOString(), feed_until: NOW + 5 + 3600 + 60, epoch: 2 };
    expect(await engine.item(clientKey(from.client_id))).toMatchObject(entry);
    await store.replace({ from: disabled, to: { ...disabled, disabled: false, updated_at: NOW + 9 } }, auditEvent({ event_id: 'enabled' }));
    expect(await engine.item(clientKey(from.client_id))).toMatchObject({ ...entry, disabled: false, version: 3 });
  });
});

describe('ending everything of a client', () => {
  it('raises the epoch, enters the feed and carries the event, in one write', async () => {
    const made = await registered();
    expect(await store.raiseEpoch(made.client_id, auditEvent({ event_id: 'all' }), NOW + 7)).toBe(2);
    expect(await engine.item(clientKey(made.client_id))).toMatchObject({
      epoch: 2,
      version: 2,
      updated_at: NOW + 7,
      feed: 'FEED',
      feed_at: new Date((NOW + 7) * 1000).toISOString(),
      feed_until: NOW + 7 + 3660,
      event: { event_id: 'all' },
    });
  });

  it('never loses a race: 20 at once raise it 20 times, and a change of what was read before is refused', async () => {
    const made = await registered();
    const epochs = await Promise.all(Array.from({ length: 20 }, () => store.raiseEpoch(made.client_id, auditEvent(), NOW)));
    expect(epochs.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 20 }, (_, index) => index + 2));
    expect(await store.replace({ from: made, to: made }, auditEvent({ event_id: 'late' }))).toBe(false);
  });

  it('answers undefined for an unknown and for a deleted client, and makes none', async () => {
    await engine.put({ ...clientKey('dead'), status: 'deleted', epoch: 1, version: 1 });
    expect(await store.raiseEpoch('dead', auditEvent(), NOW)).toBeUndefined();
    expect(await store.raiseEpoch('never-seen', auditEvent(), NOW)).toBeUndefined();
    expect(await engine.item(clientKey('never-seen'))).toBeUndefined();
  });
});

describe('changing secrets', () => {
  const secrets = [{ id: 's2', pepper: 'k1', digest: 'e', created_at: NOW }];

  it('replaces them and the spent keys, and nothing else', async () => {
    const from = await registered(everyMember());
    expect(await store.changeSecrets({ from, to: { secrets } }, auditEvent({ event_id: 'ended' }), NOW + 5)).toBe(true);
    const { spent_keys: _, ...rest } = from;
    expect(await store.read(from.client_id)).toEqual({ ...rest, secrets, version: 2, updated_at: NOW + 5 });
    const spent_keys = [{ key: 'k', until: NOW + 9 }];
    await store.changeSecrets(
      { from: { ...from, version: 2 }, to: { secrets: [], spent_keys } },
      auditEvent({ event_id: 'again' }),
      NOW + 6,
    );
    expect(await store.read(from.client_id)).toMatchObject({ secrets: [], spent_keys, version: 3 });
    expect(await engine.item(clientKey(from.client_id))).toMatchObject({ event: { event_id: 'again' } });
  });

  it('has one winner among changes of the same version, and recognises its own write when the answer was lost', async () => {
    const from = await registered();
    const change = (event_id: string) => store.changeSecrets({ from, to: { secrets } }, auditEvent({ event_id }), NOW);
    const changed = await Promise.all(Array.from({ length: 10 }, (_, index) => change(`change-${index}`)));
    expect(changed.filter(Boolean)).toHaveLength(1);
    expect(await change(`change-${changed.indexOf(true)}`)).toBe(true);
    expect((await store.read(from.client_id))?.version).toBe(2);
  });

  it('neither makes nor revives a client', async () => {
    const unknown = client({ client_id: 'unknown-too' });
    expect(await store.changeSecrets({ from: unknown, to: { secrets } }, auditEvent(), NOW)).toBe(false);
    expect(await engine.item(clientKey('unknown-too'))).toBeUndefined();
  });
});

describe('deleting', () => {
  it('leaves a tombstone: no secrets, not listed, epoch one higher and in the feed, kept until no session can be left', async () => {
    const made = await registered(everyMember());
    expect(await store.remove(made.client_id, auditEvent({ event_id: 'deleted' }), NOW + 7)).toBe(true);
    expect(await store.read(made.client_id)).toBeUndefined();
    const tombstone = await engine.item(clientKey(made.client_id));
    expect(tombstone).toMatchObject({
      status: 'deleted',
      epoch: 2,
      version: 2,
      feed: 'FEED',
      feed_until: NOW + 7 + 3660,
      purge_at: NOW + 7 + 365 * 86_400 + 2 * 3600,
      event: { event_id: 'deleted' },
    });
    for (const gone of ['secrets', 'spent_keys', 'registration', 'listing']) expect(tombstone).not.toHaveProperty(gone);
  });

  it('has one winner among many, recognises its own write when the answer was lost, and keeps the id taken', async () => {
    const made = await registered();
    const remove = (event_id: string) => store.remove(made.client_id, auditEvent({ event_id }), NOW);
    const removed = await Promise.all(Array.from({ length: 10 }, (_, index) => remove(`removal-${index}`)));
    expect(removed.filter(Boolean)).toHaveLength(1);
    expect(await remove(`removal-${removed.indexOf(true)}`)).toBe(true);
    expect(await store.create(made, auditEvent({ event_id: 'again' }))).toBe(false);
    expect((await engine.item(clientKey(made.client_id)))?.['epoch']).toBe(2);
  });

  it('makes nothing of an unknown client', async () => {
    expect(await store.remove('never-there', auditEvent(), NOW)).toBe(false);
    expect(await engine.item(clientKey('never-there'))).toBeUndefined();
  });
});

describe('listing', () => {
  let listing: Engine;
  let listed: ClientStore;
  const ids = ['a', 'b', 'c', 'd', 'e'];
  beforeAll(async () => {
    listing = await startEngine();
    listed = createClientStore(listing);
    for (const id of ids.toReversed()) await listed.create(client({ client_id: id }), auditEvent());
  });
  afterAll(() => listing.close());

  it.each([1, 2, 4, 5, 100])('walks all clients in the order of their ids, %d a page, each once', async (limit) => {
    const seen: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page = await listed.list({ limit, cursor });
      seen.push(...(page?.items ?? []).map(({ client_id }) => client_id));
      cursor = page?.next;
      pages++;
    } while (cursor !== undefined);
    expect(seen).toEqual(ids);
    expect(pages).toBe(Math.ceil(ids.length / limit));
  });

  it('answers undefined for a cursor that no page gave out', async () => {
    const made = Buffer.from('CLIENT#a').toString('base64url');
    for (const cursor of ['', '%', 'YQ==', 'YQ ', 'a', made, Buffer.from('x'.repeat(65)).toString('base64url')])
      expect(await listed.list({ limit: 2, cursor })).toBeUndefined();
  });

  it('leaves deleted clients out', async () => {
    await listing.put({ ...clientKey('bb'), status: 'deleted', listing: 'CLIENTS' });
    expect((await listed.list({ limit: 99, cursor: undefined }))?.items.map(({ client_id }) => client_id)).toEqual(ids);
  });

  it.each([0, 101, 1.5])('takes no page size of %d', async (limit) => {
    await expect(listed.list({ limit, cursor: undefined })).rejects.toThrow(RangeError);
  });
});
