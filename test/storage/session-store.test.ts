import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SessionStore } from '../../src/endpoints/stores.ts';
import { sessionKey } from '../../src/storage/keys.ts';
import { createRequestStore } from '../../src/storage/request-store.ts';
import { createSessionStore } from '../../src/storage/session-store.ts';
import type { Session } from '../../src/tokens/session.ts';
import { startEngine, type Engine } from './engine.ts';
import { auditEvent, NOW, rotation, session } from './records.ts';

let engine: Engine;
let store: SessionStore;
beforeAll(async () => {
  engine = await startEngine();
  store = createSessionStore(engine);
});
afterAll(() => engine.close());

let count = 0;
const freshSession = async (members: Partial<Session> = {}): Promise<Session> => {
  const made = session({ sid: `sid-${++count}`, ...members });
  await store.create(made, auditEvent());
  return made;
};
const stored = async ({ client_id, sid }: Session): Promise<Session | undefined> =>
  (await createRequestStore(engine).load({ clientId: client_id, sid }, NOW)).session;
const itemOf = ({ client_id, sid }: Session) => engine.item(sessionKey(client_id, sid));

describe('creating a session', () => {
  it('stores it so that it reads back the same', async () => {
    const made = await freshSession({ idle_expires_at: NOW + 3600, rotated_by: 'somebody', rotated_at: NOW * 1000 });
    expect(await stored(made)).toEqual(made);
  });

  it('carries its event in the same write', async () => {
    expect((await itemOf(await freshSession()))?.['event']).toEqual(auditEvent());
  });

  it('succeeds when the same write had already succeeded and its answer was lost', async () => {
    const made = await freshSession();
    await expect(store.create(made, auditEvent())).resolves.toBeUndefined();
  });

  it('never takes over the sid of another session', async () => {
    const made = await freshSession();
    await expect(store.create(made, auditEvent({ event_id: 'another' }))).rejects.toMatchObject({
      dependency: 'dynamodb:PutItem',
      cause: { message: 'a session with this sid exists already' },
    });
  });

  it('keeps it until an hour after the last access token that it could give', async () => {
    const made = await freshSession({ expires_at: NOW + 1000, last_access_exp: NOW + 900 });
    expect((await itemOf(made))?.['purge_at']).toBe(NOW + 1000 + 3600 + 3600);
  });
});

describe('rotating', () => {
  it('makes the next generation and records who did it, when and from where', async () => {
    const made = await freshSession({ idle_expires_at: NOW + 3600 });
    expect(await store.rotate(rotation({ sid: made.sid, idleExpiresAt: NOW + 7200 }))).toEqual({ rotated: true });
    expect(await stored(made)).toEqual({
      ...made,
      generation: 2,
      rotated_by: rotation().rotatedBy,
      rotated_at: rotation().rotatedAtMs,
      mac_key: 'k2',
      last_used_at: NOW + 60,
      idle_expires_at: NOW + 7200,
      last_access_exp: NOW + 960,
      ip: '203.0.113.58',
      user_agent: 'billing/4.3',
    });
    expect((await itemOf(made))?.['event']).toEqual(rotation().event);
  });

  it('drops the idle end of a client that has none any more', async () => {
    const made = await freshSession({ idle_expires_at: NOW + 3600 });
    await store.rotate(rotation({ sid: made.sid }));
    expect(await stored(made)).not.toHaveProperty('idle_expires_at');
  });

  it('has exactly one winner among 50 racers, and tells each loser the generation that won', async () => {
    const made = await freshSession();
    const racers = Array.from({ length: 50 }, (_, index) => store.rotate(rotation({ sid: made.sid, rotatedBy: `racer-${index}` })));
    const outcomes = await Promise.all(racers);
    const winners = outcomes.filter(({ rotated }) => rotated);
    expect(winners).toHaveLength(1);
    const after = await stored(made);
    expect(after?.generation).toBe(2);
    expect(after?.rotated_by).toBe(`racer-${outcomes.findIndex(({ rotated }) => rotated)}`);
    for (const outcome of outcomes) if (!outcome.rotated) expect(outcome.session).toEqual(after);
  });

  it('recognises its own write when the answer was lost', async () => {
    const made = await freshSession();
    await store.rotate(rotation({ sid: made.sid }));
    expect(await store.rotate(rotation({ sid: made.sid }))).toEqual({ rotated: true });
    expect((await stored(made))?.generation).toBe(2);
  });

  it('gives nothing for its own write when the session was ended since', async () => {
    const made = await freshSession();
    await store.rotate(rotation({ sid: made.sid }));
    await store.end({ clientId: made.client_id, sid: made.sid }, auditEvent(), NOW + 61);
    expect(await store.rotate(rotation({ sid: made.sid }))).toMatchObject({ rotated: false, session: { status: 'ended' } });
  });

  it.each([
    ['an older generation', { generation: 3 }, { fromGeneration: 2 }],
    ['a generation that the table has not reached', { generation: 3 }, { fromGeneration: 4 }],
    ['an ended session', { status: 'ended' as const }, {}],
    ['a session at its absolute end', { expires_at: NOW + 60 }, {}],
    ['a session at its idle end', { idle_expires_at: NOW + 60 }, {}],
  ])('refuses %s and leaves it untouched', async (_, members, asked) => {
    const made = await freshSession(members);
    expect(await store.rotate(rotation({ sid: made.sid, ...asked }))).toEqual({ rotated: false, session: made });
    expect(await stored(made)).toEqual(made);
  });

  it('still serves a session one second before its ends', async () => {
    const made = await freshSession({ expires_at: NOW + 61, idle_expires_at: NOW + 61 });
    expect(await store.rotate(rotation({ sid: made.sid }))).toEqual({ rotated: true });
  });

  it('refuses a session that does not exist, and makes none', async () => {
    expect(await store.rotate(rotation({ sid: 'nobody' }))).toEqual({ rotated: false, session: undefined });
    expect(await engine.item(sessionKey(rotation().clientId, 'nobody'))).toBeUndefined();
  });
});

describe('ending', () => {
  it('puts the session into the feed until whatever was made of it has expired, also by a replay that no write records', async () => {
    const made = await freshSession();
    expect(await store.end({ clientId: made.client_id, sid: made.sid }, auditEvent({ event_id: 'end' }), NOW + 5)).toBe(true);
    expect(await itemOf(made)).toMatchObject({
      status: 'ended',
      feed: 'FEED',
      feed_at: new Date((NOW + 5) * 1000).toISOString(),
      feed_until: NOW + 5 + 3660,
      purge_at: NOW + 5 + 3660 + 3600,
      event: { event_id: 'end' },
    });
  });

  it('happens once: a second call says so and tells no second event', async () => {
    const made = await freshSession();
    const ends = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        store.end({ clientId: made.client_id, sid: made.sid }, auditEvent({ event_id: `end-${index}` }), NOW),
      ),
    );
    expect(ends.filter(Boolean)).toHaveLength(1);
    expect((await itemOf(made))?.['event']).toMatchObject({ event_id: `end-${ends.indexOf(true)}` });
  });

  it('does nothing for a session that does not exist or waits for its purge', async () => {
    expect(await store.end({ clientId: 'nobody', sid: 'none' }, auditEvent(), NOW)).toBe(false);
    expect(await engine.item(sessionKey('nobody', 'none'))).toBeUndefined();
    const old = await freshSession({ expires_at: NOW - 90_000, last_access_exp: NOW - 90_000 });
    expect(await store.end({ clientId: old.client_id, sid: old.sid }, auditEvent(), NOW)).toBe(false);
  });

  it('leaves nothing alive when it races with a rotation', async () => {
    for (let round = 0; round < 20; round++) {
      const made = await freshSession();
      const ending = store.end({ clientId: made.client_id, sid: made.sid }, auditEvent(), NOW);
      await Promise.all([store.rotate(rotation({ sid: made.sid })), ending]);
      expect((await stored(made))?.status).toBe('ended');
      expect((await store.rotate(rotation({ sid: made.sid, fromGeneration: 2, rotatedBy: 'later' }))).rotated).toBe(false);
    }
  });
});
