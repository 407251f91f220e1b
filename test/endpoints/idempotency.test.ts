import { beforeAll, describe, expect, it } from 'vitest';
import type { Answer, Sent } from './request.ts';
import { RING, useService, type Registered } from './service-under-test.ts';

const service = useService();
let bearer: string;
let other: string;
beforeAll(async () => {
  bearer = await managerToken('manager');
  other = await managerToken('other-manager');
});

async function managerToken(name: string): Promise<string> {
  const basic = await service.register({ scope: 'clients:manage' }, name);
  return tokenOf(basic);
}
const tokenOf = async (basic: Registered): Promise<string> =>
  (await service.send({ to: 'POST /token', basic, form: { grant_type: 'client_credentials', scope: 'clients:manage' } })).body
    .access_token as string;
const works = async (basic: Registered): Promise<boolean> =>
  (await service.send({ to: 'POST /token', basic, form: { grant_type: 'client_credentials' } })).status === 200;

let keys = 0;
const freshKey = (): string => `key-${(keys += 1)}`;
const clientCount = async (): Promise<number> => (await service.engine.items()).filter(({ SK }) => SK === 'CLIENT').length;
const create = (key: string, json: unknown = { client_name: 'billing' }, more: Partial<Sent> = {}): Promise<Answer> =>
  service.send({ to: 'POST /clients', bearer, json, headers: { 'idempotency-key': key }, ...more });
const add = (client: Registered, key: string, json: unknown = {}): Promise<Answer> =>
  service.send({ to: `POST /clients/${client.client_id}/secrets`, bearer, json, headers: { 'idempotency-key': key } });
const secretIds = async (client: Registered): Promise<string[]> =>
  ((await service.send({ to: `GET /clients/${client.client_id}/secrets`, bearer })).body.items as { id: string }[]).map(({ id }) => id);

describe('a client registered with an Idempotency-Key', () => {
  it('is one client however often it is asked for, with the same answer byte for byte, from a cold environment and after a change too', async () => {
    const key = freshKey();
    const first = await create(key);
    expect(first.status).toBe(201);
    const count = await clientCount();
    const { client_id } = first.body as Registered;
    service.advance(600);
    service.coldStart({}, 'clients');
    await service.send({ to: `PUT /clients/${client_id}`, bearer, json: { client_name: 'renamed' } });
    const again = await create(key);
    expect([again.status, again.text]).toEqual([201, first.text]);
    expect(await clientCount()).toBe(count);
    expect(await works(again.body as Registered)).toBe(true);
    expect((await service.send({ to: `GET /clients/${client_id}`, bearer })).body.client_name).toBe('renamed');
  });

  it('is one client when duplicates race, and one event', async () => {
    const key = freshKey();
    const before = await clientCount();
    const answers = await Promise.all(Array.from({ length: 10 }, () => create(key)));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 201));
    expect(await clientCount()).toBe(before + 1);
  });

  it('is the same when the ring has got a new key in between, and is stored as digests alone', async () => {
    const key = freshKey();
    const first = await create(key);
    service.ring = { ...RING, k2: 'ring-key-two-of-more-than-32-bytes-0123456789' };
    service.confidential.add('ring-key-two-of-more-than-32-bytes-0123456789');
    service.coldStart();
    const fresh = await create(freshKey());
    const again = await create(key);
    expect(again.text).toBe(first.text);
    expect(await works(again.body as Registered)).toBe(true);
    expect(await works(fresh.body as Registered)).toBe(true);
    const stored = JSON.stringify(await service.engine.item({ PK: `CLIENT#${(first.body as Registered).client_id}`, SK: 'CLIENT' }));
    expect(stored).not.toContain((first.body as Registered).client_secret);
    expect(stored).not.toContain(key);
    service.ring = { ...RING };
    service.coldStart();
  });

  it('differs between managers, keys and registrations without a key', async () => {
    const key = freshKey();
    const ids = [
      await create(key),
      await create(freshKey()),
      await create(key, undefined, { bearer: other }),
      await create('x', undefined, { headers: {} }),
    ];
    expect(new Set(ids.map(({ body }) => (body as Registered).client_id)).size).toBe(4);
    expect(new Set(ids.map(({ body }) => (body as Registered).client_secret)).size).toBe(4);
  });

  it('refuses the key with another body: 422, and changes nothing', async () => {
    const key = freshKey();
    const first = await create(key);
    const count = await clientCount();
    expect(await create(key, { client_name: 'other' })).toMatchObject({
      status: 422,
      body: { error: 'invalid_request', error_description: expect.stringContaining('another request body') as string },
    });
    expect([await clientCount(), (await create(key)).text]).toEqual([count, first.text]);
  });

  it('refuses the key once the client is deleted or a day has passed: never a second client', async () => {
    const [deleted, old] = [freshKey(), freshKey()];
    const { client_id } = (await create(deleted)).body as Registered;
    await service.send({ to: `DELETE /clients/${client_id}`, bearer });
    expect(await create(deleted)).toMatchObject({
      status: 422,
      body: { error_description: expect.stringContaining('take a new key') as string },
    });
    const first = await create(old);
    service.advance(24 * 3600);
    const manager = await service.register({ scope: 'clients:manage' });
    expect((await create(old, undefined, { bearer: await tokenOf(manager) })).status).toBe(201);
    bearer = await renewed('manager');
    other = await renewed('other-manager');
    expect((await create(old)).status).toBe(422);
    expect(await works(first.body as Registered)).toBe(true);
  });

  /** The demo managers' first tokens have expired by now; a secret added beside the first gives others. */
  async function renewed(name: string): Promise<string> {
    const admin = await service.register({ scope: 'clients:manage' });
    const { body } = await service.send({ to: `POST /clients/${name}/secrets`, bearer: await tokenOf(admin) });
    return tokenOf({ client_id: name, client_secret: body.client_secret as string });
  }

  it('takes a structured field string and a bare one for the same key', async () => {
    const key = freshKey();
    expect((await create(`"${key}"`)).text).toBe((await create(key)).text);
  });

  it.each(['', ' ', 'a b', 'a,b', '"', '""', '"a" "b"', 'a'.repeat(129), `"${'a'.repeat(129)}"`, 'ä', 'a\u0007', 'a\\b'])(
    'refuses the key %j with 400',
    async (key) => {
      const count = await clientCount();
      expect(await create(key)).toMatchObject({
        status: 400,
        body: { error: 'invalid_request', error_description: expect.stringContaining('Idempotency-Key') as string },
      });
      expect(await clientCount()).toBe(count);
    },
  );
});

describe('a secret added with an Idempotency-Key', () => {
  it('is one secret however often it is asked for, with the same answer byte for byte', async () => {
    const client = await service.register();
    const key = freshKey();
    const first = await add(client, key);
    expect(first.status).toBe(201);
    service.advance(60);
    service.coldStart({}, 'clients');
    expect((await add(client, key)).text).toBe(first.text);
    expect(await secretIds(client)).toHaveLength(2);
    expect(await works({ ...client, client_secret: first.body.client_secret as string })).toBe(true);
  });

  it('is one secret when duplicates race', async () => {
    const client = await service.register();
    const key = freshKey();
    const answers = await Promise.all(Array.from({ length: 8 }, () => add(client, key)));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(await secretIds(client)).toHaveLength(2);
  });

  it('is the same also when the client has as many as it may', async () => {
    const client = await service.register();
    const key = freshKey();
    const first = await add(client, key);
    for (let count = 0; count < 3; count += 1) await add(client, freshKey());
    expect((await add(client, freshKey())).status).toBe(400);
    expect((await add(client, key)).text).toBe(first.text);
  });

  it('is the same also when it has ended by itself since', async () => {
    const client = await service.register();
    const key = freshKey();
    const json = { expires_at: new Date((service.now() + 5) * 1000).toISOString() };
    const first = await add(client, key, json);
    service.advance(10);
    expect((await add(client, key, json)).text).toBe(first.text);
    expect((await add(client, freshKey(), json)).status).toBe(400);
  });

  it('belongs to its client: the same key adds another one to another', async () => {
    const [one, two] = [await service.register(), await service.register()];
    const key = freshKey();
    expect((await add(one, key)).body.client_secret).not.toBe((await add(two, key)).body.client_secret);
  });

  it('refuses the key with another body, and a delayed repeat once the secret has ended', async () => {
    const client = await service.register();
    const key = freshKey();
    const { body } = await add(client, key);
    expect(await add(client, key, { expires_at: '2030-01-01T00:00:00Z' })).toMatchObject({
      status: 422,
      body: { error: 'invalid_request' },
    });
    await service.send({ to: `DELETE /clients/${client.client_id}/secrets/${body.id as string}`, bearer });
    expect(await add(client, key)).toMatchObject({ status: 422 });
    expect(await works({ ...client, client_secret: body.client_secret as string })).toBe(false);
  });

  it('never brings an ended secret back: used again after its day, the key makes another', async () => {
    const client = await service.register();
    const key = freshKey();
    const { body } = await add(client, key);
    await service.send({ to: `DELETE /clients/${client.client_id}/secrets/${body.id as string}`, bearer });
    service.advance(24 * 3600);
    const admin = await service.register({ scope: 'clients:manage' }, 'manager-2');
    expect(admin.client_id).toBe('manager-2');
    // The same manager, by a token of the new day.
    const { body: added } = await service.send({ to: 'POST /clients/manager/secrets', bearer: await tokenOf(admin) });
    bearer = await tokenOf({ client_id: 'manager', client_secret: added.client_secret as string });
    const later = await add(client, key);
    expect(later.status).toBe(201);
    expect([later.body.id === body.id, later.body.client_secret === body.client_secret]).toEqual([false, false]);
  });
});
