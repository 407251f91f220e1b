import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SessionListing } from '../../src/endpoints/stores.ts';
import { createClientStore } from '../../src/storage/client-store.ts';
import { clientKey, sessionKey } from '../../src/storage/keys.ts';
import { sessionPurgeAt } from '../../src/storage/retention.ts';
import { createSessionListing } from '../../src/storage/session-listing.ts';
import { createSessionStore } from '../../src/storage/session-store.ts';
import type { Session } from '../../src/tokens/session.ts';
import { startEngine, type Engine } from './engine.ts';
import { auditEvent, client, NOW, session } from './records.ts';

let engine: Engine;
let listing: SessionListing;
beforeAll(async () => {
  engine = await startEngine();
  listing = createSessionListing(engine);
});
afterAll(() => engine.close());

const sidOf = (letter: string): string => letter.repeat(22);
const made = async (members: Partial<Session>): Promise<Session> => {
  const whole = session(members);
  await createSessionStore(engine).create(whole, auditEvent());
  return whole;
};

describe('reading one session', () => {
  it('answers it as it was stored, and nothing for an unknown one', async () => {
    const one = await made({ client_id: 'reader', sid: sidOf('a'), idle_expires_at: NOW + 60 });
    expect(await listing.read({ clientId: 'reader', sid: one.sid }, NOW)).toEqual(one);
    expect(await listing.read({ clientId: 'reader', sid: sidOf('b') }, NOW)).toBeUndefined();
    expect(await listing.read({ clientId: 'stranger', sid: one.sid }, NOW)).toBeUndefined();
  });

  it('answers nothing from the second on at which DynamoDB may delete it', async () => {
    const one = await made({ client_id: 'purged', sid: sidOf('a') });
    const at = { clientId: 'purged', sid: one.sid };
    expect(await listing.read(at, sessionPurgeAt(one) - 1)).toEqual(one);
    expect(await listing.read(at, sessionPurgeAt(one))).toBeUndefined();
  });
});

describe('listing the sessions of a client', () => {
  const letters = ['A', 'B', 'a', 'b', 'c'];
  beforeAll(async () => {
    await createClientStore(engine).create(client({ client_id: 'owner' }), auditEvent());
    for (const letter of letters.toReversed()) await made({ client_id: 'owner', sid: sidOf(letter) });
    await made({ client_id: 'owner-2', sid: sidOf('z') });
  });
  const pages = async (limit: number, now = NOW): Promise<readonly (readonly string[])[]> => {
    const seen: string[][] = [];
    for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
      const page = (await listing.list({ clientId: 'owner', limit, cursor }, now))!;
      seen.push(page.items.map(({ sid }) => sid));
      cursor = page.next;
    }
    return seen;
  };

  it.each([1, 2, 4, 5, 100])('walks all of them in the order of their ids, %d a page, each once, and nobody else’s', async (limit) => {
    const seen = await pages(limit);
    expect(seen.flat()).toEqual(letters.map(sidOf));
    expect(seen).toHaveLength(Math.ceil(letters.length / limit));
  });

  it('leaves out those that only wait to be deleted, and gets past a page of nothing else', async () => {
    for (const letter of ['B', 'a']) {
      const item = (await engine.item(sessionKey('owner', sidOf(letter))))!;
      await engine.put({ ...item, purge_at: NOW + 1000 });
    }
    expect(await pages(1, NOW + 999)).toEqual(letters.map((letter) => [sidOf(letter)]));
    expect(await pages(1, NOW + 1000)).toEqual([[sidOf('A')], [], [], [sidOf('b')], [sidOf('c')]]);
  });

  it('answers no sessions of a client without any, or that does not exist', async () => {
    expect(await listing.list({ clientId: 'nobody', limit: 10, cursor: undefined }, NOW)).toEqual({ items: [], next: undefined });
  });

  it('answers undefined for a cursor that no page gave out', async () => {
    const cursors = ['', '%', 'YQ==', Buffer.from('a').toString('base64url'), Buffer.from(`${sidOf('a')}#`).toString('base64url')];
    for (const cursor of [...cursors, `${Buffer.from(sidOf('a')).toString('base64url')}=`])
      expect(await listing.list({ clientId: 'owner', limit: 2, cursor }, NOW)).toBeUndefined();
  });

  it.each([0, 101, 1.5])('takes no page size of %d', async (limit) => {
    await expect(listing.list({ clientId: 'owner', limit, cursor: undefined }, NOW)).rejects.toThrow(RangeError);
  });

  it('never leaves the partition of its client', async () => {
    await expect(listing.list({ clientId: 'a#b', limit: 1, cursor: undefined }, NOW)).rejects.toThrow(RangeError);
    expect(clientKey('owner').PK).toBe('CLIENT#owner');
  });
});
