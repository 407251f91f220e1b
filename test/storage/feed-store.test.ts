import { afterAll, beforeAll, expect, it } from 'vitest';
import { Outage } from '../../src/outage.ts';
import { createClientStore } from '../../src/storage/client-store.ts';
import { createFeedStore } from '../../src/storage/feed-store.ts';
import { createRevocationStore } from '../../src/storage/revocation-store.ts';
import { createSessionStore } from '../../src/storage/session-store.ts';
import { startEngine, type Engine } from './engine.ts';
import { auditEvent, client, NOW, session } from './records.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

it('tells every kind of revocation, oldest first, and only what was written at or after the time asked for', async () => {
  await createClientStore(engine).create(client({ client_id: 'c' }), auditEvent());
  await createClientStore(engine).create(client({ client_id: 'unrevoked' }), auditEvent());
  await createSessionStore(engine).create(session({ client_id: 'c', sid: 's' }), auditEvent());
  await createClientStore(engine).raiseEpoch('c', auditEvent(), NOW + 3);
  await createSessionStore(engine).end({ clientId: 'c', sid: 's' }, auditEvent(), NOW + 2);
  await createRevocationStore(engine).revokeToken({ jti: 'j', exp: NOW + 900, clientId: 'c', reason: '' }, auditEvent(), NOW + 1);

  const store = createFeedStore(engine);
  const entries = [
    { kind: 'jti', id: 'j', atMs: (NOW + 1) * 1000, until: NOW + 960 },
    { kind: 'sid', id: 's', atMs: (NOW + 2) * 1000, until: NOW + 2 + 3660 },
    { kind: 'client', id: 'c', epoch: 2, atMs: (NOW + 3) * 1000, until: NOW + 3 + 3660 },
  ];
  expect(await store.since(0)).toEqual(entries);
  expect(await store.since((NOW + 2) * 1000)).toEqual(entries.slice(1));
  expect(await store.since((NOW + 2) * 1000 + 1)).toEqual(entries.slice(2));
  expect(await store.since(0, (NOW + 3) * 1000)).toEqual(entries.slice(0, 2));
  expect(await store.since((NOW + 2) * 1000, (NOW + 2) * 1000 + 1)).toEqual(entries.slice(1, 2));
});

it('tells distrusted keys: by the time like everything, and all of them whenever that was', async () => {
  const own = await startEngine();
  const feed = { feed: 'FEED', feed_at: '2027-01-15T08:00:00.000Z', feed_until: NOW };
  await own.put({ PK: 'KEYRING', SK: 'KEY#trusted' });
  await own.put({ PK: 'KEYRING', SK: 'KEY#stolen', ...feed });
  const stolen = { kind: 'kid', id: 'stolen', atMs: Date.parse(feed.feed_at), until: NOW };
  expect(await createFeedStore(own).since(0)).toEqual([stolen]);
  expect(await createFeedStore(own).since(Date.parse(feed.feed_at) + 1)).toEqual([]);
  expect(await createFeedStore(own).distrustedKeys()).toEqual([stolen]);
  await own.close();
});

it('reads all pages', async () => {
  const own = await startEngine();
  // Over a megabyte of index entries, which is what one page holds.
  const jti = (index: number): string => String(index).padStart(1500, '0');
  for (let index = 0; index < 800; index++)
    await own.put({ PK: `REVOKED#${jti(index)}`, SK: 'REVOKED', feed: 'FEED', feed_at: '2027-01-15T08:00:00.000Z', feed_until: NOW });
  const entries = await createFeedStore(own).since(0);
  expect(new Set(entries.map(({ id }) => Number(id))).size).toBe(800);
  await own.close();
});

it('fails rather than leave out an entry that it does not understand', async () => {
  const own = await startEngine();
  await own.put({ PK: 'LATER#x', SK: 'LATER', feed: 'FEED', feed_at: '2027-01-15T08:00:00.000Z', feed_until: NOW });
  await expect(createFeedStore(own).since(0)).rejects.toThrow(Outage);
  await own.close();
});
