import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequestStore } from '../../src/endpoints/stores.ts';
import { createClientStore } from '../../src/storage/client-store.ts';
import { denialKey, windowKey } from '../../src/storage/keys.ts';
import { createRequestStore } from '../../src/storage/request-store.ts';
import { createRevocationStore } from '../../src/storage/revocation-store.ts';
import { createSessionStore } from '../../src/storage/session-store.ts';
import { startEngine, type Engine } from './engine.ts';
import { auditEvent, client, NOW, rateWindow, session } from './records.ts';

let engine: Engine;
let store: RequestStore;
beforeAll(async () => {
  engine = await startEngine();
  store = createRequestStore(engine);
});
afterAll(() => engine.close());

const unasked = { apiKey: undefined, failures: { ofClient: undefined, ofNetwork: undefined }, blocks: undefined };
const nothing = { client: undefined, owner: undefined, session: undefined, tokenRevoked: false, previousHits: 0, ...unasked };

describe('loading what a request needs', () => {
  it('answers client, owner, session, revocation and previous window at once', async () => {
    const owner = client({ client_id: 'owner' });
    await createClientStore(engine).create(client(), auditEvent());
    await createClientStore(engine).create(owner, auditEvent());
    await createSessionStore(engine).create(session({ client_id: 'owner' }), auditEvent());
    await createRevocationStore(engine).revokeToken({ jti: 'gone', exp: NOW + 900, clientId: 'owner', reason: 'test' }, auditEvent(), NOW);
    const window = rateWindow();
    await store.countCall({ ...window, minute: window.minute - 1 });
    const request = { clientId: client().client_id, ownerId: 'owner', sid: session().sid, jti: 'gone', window };
    expect(await store.load(request, NOW)).toEqual({
      client: client(),
      owner,
      session: session({ client_id: 'owner' }),
      tokenRevoked: true,
      previousHits: 1,
      ...unasked,
    });
  });

  it('reads the client as the owner where no other is named, also when both are', async () => {
    const clientId = client().client_id;
    for (const request of [{ clientId }, { clientId, ownerId: clientId }])
      expect(await store.load(request, NOW)).toEqual({ ...nothing, client: client(), owner: client() });
  });

  it('answers nothing for what is not there or not asked for', async () => {
    const request = { clientId: 'nobody', sid: 'none', jti: 'none', window: rateWindow({ subject: 'nobody' }) };
    expect(await store.load(request, NOW)).toEqual(nothing);
    expect(await store.load({}, NOW)).toEqual(nothing);
  });

  it('takes a deleted client for no client', async () => {
    await engine.put({ PK: 'CLIENT#deleted', SK: 'CLIENT', status: 'deleted' });
    expect(await store.load({ clientId: 'deleted' }, NOW)).toEqual(nothing);
  });

  it('checks the expiry of a revocation itself, because TTL deletes days late', async () => {
    const until = NOW + 900 + 60;
    expect((await store.load({ jti: 'gone' }, until - 1)).tokenRevoked).toBe(true);
    expect((await store.load({ jti: 'gone' }, until)).tokenRevoked).toBe(false);
  });

  it('refuses to guess whose session is meant', async () => {
    await expect(store.load({ sid: 'some' }, NOW)).rejects.toThrow(RangeError);
  });
});

describe('the window of the minute before', () => {
  const at = (minute: number, second: number): number => minute * 60 + second;
  const counted = async (subject: string, minute: number): Promise<number> => store.countCall(rateWindow({ subject, minute }));
  const before = async (subject: string, minute: number, second: number): Promise<number> =>
    (await store.load({ window: rateWindow({ subject, minute }) }, at(minute, second))).previousHits;

  it('is read once, when nobody counts in it any more', async () => {
    const { minute } = rateWindow();
    await counted('settled', minute - 1);
    expect(await before('settled', minute, 1)).toBe(1);
    await counted('settled', minute - 1); // began in that minute
    expect(await before('settled', minute, 2)).toBe(2);
    await counted('settled', minute - 1);
    expect(await before('settled', minute, 59)).toBe(2);
    await counted('settled', minute);
    expect(await before('settled', minute + 1, 0)).toBe(1);
  });

  it('is read with everything else that is asked for', async () => {
    const window = rateWindow({ subject: 'beside' });
    await counted('beside', window.minute - 1);
    const load = () => store.load({ clientId: client().client_id, window }, at(window.minute, 30));
    expect((await load()).client).toEqual(client());
    expect(await load()).toMatchObject({ client: client(), previousHits: 1 });
  });
});

describe('counting calls', () => {
  it('counts every one of 200 parallel calls once, each seeing a number of its own', async () => {
    const window = rateWindow({ subject: 'busy' });
    const counts = await Promise.all(Array.from({ length: 200 }, () => store.countCall(window)));
    expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
  });

  it('keeps a window for 3 minutes after its own', async () => {
    const window = rateWindow({ subject: 'kept' });
    await store.countCall(window);
    await store.countCall(window);
    expect(await engine.item(windowKey(window))).toEqual({ ...windowKey(window), hits: 2, purge_at: (window.minute + 1) * 60 + 180 });
  });

  it('keeps windows of other minutes, networks and endpoints apart', async () => {
    const window = rateWindow({ subject: 'apart' });
    await store.countCall(window);
    for (const other of [{ minute: window.minute + 1 }, { network: '198.51.100.1' }, { endpoint: 'revoke' }])
      expect(await store.countCall({ ...window, ...other })).toBe(1);
  });
});

describe('the event of an issued token (strict mode)', () => {
  it('rides on the window item once: the next call takes it off', async () => {
    const window = rateWindow({ subject: 'strict' });
    await store.countCall(window);
    await store.recordIssue(window, auditEvent());
    expect(await engine.item(windowKey(window))).toMatchObject({ hits: 1, event: auditEvent() });
    expect(await store.countCall(window)).toBe(2);
    expect(await engine.item(windowKey(window))).not.toHaveProperty('event');
  });

  it('makes the window item when the limiter could not, and that counts no hits', async () => {
    const window = rateWindow({ subject: 'strict-alone' });
    await store.recordIssue(window, auditEvent());
    expect(await engine.item(windowKey(window))).toMatchObject({ purge_at: (window.minute + 1) * 60 + 180 });
    const next = { ...window, minute: window.minute + 1 };
    expect((await store.load({ window: next }, NOW)).previousHits).toBe(0);
  });
});

describe('the outbox of denials', () => {
  it('takes one event a minute for each caller, however many race', async () => {
    const window = rateWindow({ subject: 'denied' });
    const taken = await Promise.all(
      Array.from({ length: 20 }, (_, index) => store.recordDenial(window, auditEvent({ event_id: `denial-${index}` }))),
    );
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await engine.item(denialKey(window))).toEqual({
      ...denialKey(window),
      event: auditEvent({ event_id: `denial-${taken.indexOf(true)}` }),
      purge_at: (window.minute + 1) * 60 + 3600,
    });
    expect(await store.recordDenial({ ...window, minute: window.minute + 1 }, auditEvent())).toBe(true);
  });
});
