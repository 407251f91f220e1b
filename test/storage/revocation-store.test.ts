import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RevocationStore } from '../../src/endpoints/stores.ts';
import { revocationKey } from '../../src/storage/keys.ts';
import { createRevocationStore } from '../../src/storage/revocation-store.ts';
import { startEngine, type Engine } from './engine.ts';
import { auditEvent, NOW } from './records.ts';

let engine: Engine;
let store: RevocationStore;
beforeAll(async () => {
  engine = await startEngine();
  store = createRevocationStore(engine);
});
afterAll(() => engine.close());

const token = (jti: string) => ({ jti, exp: NOW + 900, clientId: 'billing', reason: 'revoked_by_client' });

it('records who revoked, why and when, until the token has expired on the slowest clock', async () => {
  expect(await store.revokeToken(token('one'), auditEvent(), NOW)).toBe(true);
  expect(await engine.item(revocationKey('one'))).toEqual({
    ...revocationKey('one'),
    revoked_at: NOW,
    client_id: 'billing',
    reason: 'revoked_by_client',
    feed: 'FEED',
    feed_at: '2027-01-15T08:00:00.000Z',
    feed_until: NOW + 960,
    purge_at: NOW + 960 + 3600,
    event: auditEvent(),
  });
});

it('tells one event, however often and by however many a token is revoked', async () => {
  const revoked = await Promise.all(
    Array.from({ length: 20 }, (_, index) => store.revokeToken(token('raced'), auditEvent({ event_id: `revocation-${index}` }), NOW)),
  );
  expect(revoked.filter(Boolean)).toHaveLength(1);
  expect((await engine.item(revocationKey('raced')))?.['event']).toMatchObject({ event_id: `revocation-${revoked.indexOf(true)}` });
});

it('does not mistake an entry that waits for TTL for a revocation', async () => {
  await store.revokeToken({ ...token('again'), exp: NOW - 60 }, auditEvent(), NOW - 100);
  expect(await store.revokeToken(token('again'), auditEvent(), NOW)).toBe(true);
});
