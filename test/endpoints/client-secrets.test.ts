import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Answer, Sent } from './request.ts';
import { useService, type Registered } from './service-under-test.ts';

const service = useService();
let bearer: string;
let client: Registered;
beforeAll(async () => {
  const manager = await service.register({ scope: 'clients:manage', access_token_lifetime: 3600 }, 'manager');
  bearer = (await token(manager, { scope: 'clients:manage' })).body.access_token as string;
});
beforeEach(async () => void (client = await service.register()));

const token = (basic: Registered, more: object = {}): Promise<Answer> =>
  service.send({ to: 'POST /token', basic, form: { grant_type: 'client_credentials', ...more } });
const path = () => `/clients/${client.client_id}/secrets`;
const add = (json?: unknown, more: Partial<Sent> = {}): Promise<Answer> =>
  service.send({ to: `POST ${path()}`, bearer, ...(json === undefined ? {} : { json }), ...more });
const list = async () => (await service.send({ to: `GET ${path()}`, bearer })).body as { items: Record<string, string>[]; next: null };
const end = (id: string): Promise<Answer> => service.send({ to: `DELETE ${path()}/${id}`, bearer });
const withSecret = (client_secret: string): Registered => ({ client_id: client.client_id, client_secret });
const stored = () => service.engine.item({ PK: `CLIENT#${client.client_id}`, SK: 'CLIENT' });
const inSeconds = (seconds: number): string => new Date((service.now() + seconds) * 1000).toISOString().replace('.000Z', 'Z');

describe('adding a secret', () => {
  it('answers 201 with a generated secret, shown once, that works beside the former one', async () => {
    const { status, headers, body } = await add();
    expect([status, headers['cache-control']]).toEqual([201, 'no-store']);
    expect(body).toEqual({
      id: expect.stringMatching(/^s_[\w-]{12}$/) as string,
      client_secret: expect.stringMatching(/^m2m_cs_[\w-]{49}$/) as string,
      created_at: inSeconds(0),
    });
    for (const each of [client, withSecret(body.client_secret as string)]) expect((await token(each)).status).toBe(200);
    const shown = JSON.stringify([await list(), (await service.send({ to: `GET /clients/${client.client_id}`, bearer })).body]);
    expect(shown).toContain(body.id);
    expect(shown).not.toMatch(/m2m_cs_|digest|pepper/);
    expect(JSON.stringify(await stored())).not.toContain(body.client_secret);
    expect((await stored())?.['event']).toMatchObject({
      event_type: 'secret_added',
      client_id: client.client_id,
      reason: `by:manager ${body.id as string}`,
    });
  });

  it('with an end stops working at that time, and is dropped when the next one is added', async () => {
    const { body } = await add({ expires_at: inSeconds(60) });
    expect(body.expires_at).toBe(inSeconds(60));
    expect((await list()).items).toContainEqual({ id: body.id as string, created_at: inSeconds(0), expires_at: inSeconds(60) });
    const expiring = withSecret(body.client_secret as string);
    service.advance(59);
    expect((await token(expiring)).status).toBe(200);
    service.advance(1);
    expect((await token(expiring)).status).toBe(401);
    await add();
    expect((await list()).items.map(({ id }) => id)).not.toContain(body.id);
  });

  it('refuses the sixth live one, and takes it once one has ended', async () => {
    const ids = [];
    for (let count = 0; count < 4; count += 1) ids.push((await add()).body.id as string);
    const full = await add();
    expect(full).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', error_description: expect.stringContaining('5 live secrets') as string },
    });
    expect((await list()).items).toHaveLength(5);
    expect((await end(ids[0]!)).status).toBe(204);
    expect((await add()).status).toBe(201);
  });

  it.each<[unknown, string]>([
    [{ expires_at: 'tomorrow' }, 'expires_at must be an RFC 3339 time'],
    [{ expires_at: 1_900_000_000 }, 'expires_at must be an RFC 3339 time'],
    [{ expires_at: '2020-01-01T00:00:00Z' }, 'expires_at must be in the future'],
    [[], 'the request body is malformed'],
  ])('refuses %j with 400 and adds none', async (json, description) => {
    expect(await add(json)).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', error_description: expect.stringContaining(description) as string },
    });
    expect((await list()).items).toHaveLength(1);
  });

  it('of many at once adds no more than five, and loses none that it has shown', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => add()));
    const shown = answers.filter(({ status }) => status === 201).map(({ body }) => body.id as string);
    for (const { status } of answers) expect([201, 400, 409]).toContain(status);
    const listed = (await list()).items.map(({ id }) => id);
    expect(listed).toEqual(expect.arrayContaining(shown));
    expect(listed.length).toBe(shown.length + 1);
    expect(listed.length).toBeLessThanOrEqual(5);
  });
});

describe('ending a secret', () => {
  it('refuses it from the next request on, and leaves the others alone, also the last one', async () => {
    const { body } = await add();
    const [first] = (await list()).items;
    expect(await end(first!['id']!)).toMatchObject({ status: 204, text: '' });
    expect((await stored())?.['event']).toMatchObject({ event_type: 'secret_ended', reason: `by:manager ${first!['id']!}` });
    expect([(await token(client)).status, (await token(withSecret(body.client_secret as string))).status]).toEqual([401, 200]);
    expect((await end(body.id as string)).status).toBe(204);
    expect((await list()).items).toEqual([]);
    expect((await token(withSecret(body.client_secret as string))).status).toBe(401);
  });

  it('answers 404 for one that is not there, or no longer', async () => {
    const { body } = await add();
    await end(body.id as string);
    for (const id of [body.id as string, 's_unknown', '%00', 'CLIENT'])
      expect(await end(id)).toMatchObject({
        status: 404,
        body: { error: 'not_found', error_description: 'the client has no such secret' },
      });
  });

  it('is undone by nothing that came at the same time', async () => {
    const { body } = await add();
    const put = (client_name: string) => service.send({ to: `PUT /clients/${client.client_id}`, bearer, json: { client_name } });
    const [ended] = await Promise.all([end(body.id as string), put('a'), add(), put('b')]);
    const ids = (await list()).items.map(({ id }) => id);
    expect(ids.includes(body.id as string)).toBe(ended.status !== 204);
  });
});

it('secrets of a client that is not there are not found, and never become part of a key', async () => {
  for (const id of ['c_nobody', 'a#b', 'x'.repeat(65)])
    for (const to of [`POST /clients/${id}/secrets`, `GET /clients/${id}/secrets`, `DELETE /clients/${id}/secrets/s_1`])
      expect(await service.send({ to, bearer })).toMatchObject({ status: 404, body: { error_description: 'there is no such client' } });
});

it('secrets are for managers alone', async () => {
  for (const to of [`POST ${path()}`, `GET ${path()}`, `DELETE ${path()}/s_1`, `DELETE /clients/${client.client_id}`]) {
    expect((await service.send({ to })).status).toBe(401);
    expect((await service.send({ to, bearer: (await token(client)).body.access_token as string })).status).toBe(403);
  }
  expect((await list()).items).toHaveLength(1);
});

describe('the last use of a secret', () => {
  const last = async () => (await list()).items[0]!;
  const use = { ip: '198.51.100.9', headers: { 'user-agent': 'billing/5' } };
  const request = (more: Partial<Sent> = {}) =>
    service.send({ to: 'POST /token', basic: client, form: { grant_type: 'client_credentials' }, ...more });

  it('is shown with time, network and user agent, for the secret that was used and no other', async () => {
    const { body } = await add();
    expect(await last()).not.toHaveProperty('last_used_at');
    await request(use);
    const facts = { last_used_at: inSeconds(0), last_used_ip: '198.51.100.9', last_used_user_agent: 'billing/5' };
    expect(await last()).toMatchObject(facts);
    const shown = (await service.send({ to: `GET /clients/${client.client_id}`, bearer })).body.credentials as Record<string, string>[];
    expect(shown[0]).toMatchObject({ type: 'client_secret', ...facts });
    expect(shown.find(({ id }) => id === body.id)).not.toHaveProperty('last_used_at');
  });

  it('is written at most once in 5 minutes, whichever environment sees it, without an event and without a change of the client', async () => {
    await request();
    const first = inSeconds(0);
    const version = (await stored())?.['version'];
    service.advance(299);
    service.coldStart({}, 'token');
    await request(use);
    expect((await last())['last_used_at']).toBe(first);
    service.advance(301);
    await request(use);
    expect((await last())['last_used_at']).toBe(inSeconds(0));
    const uses = (await service.engine.items()).filter(
      ({ PK, SK }) => PK === `CLIENT#${client.client_id}` && String(SK).startsWith('USED#'),
    );
    expect(uses).toHaveLength(1);
    expect(uses[0]).not.toHaveProperty('event');
    expect((await stored())?.['version']).toBe(version);
  });

  it('is not written for a wrong secret', async () => {
    await request({ basic: { ...client, client_secret: 'wrong' } });
    expect(await last()).not.toHaveProperty('last_used_at');
  });

  it('also comes from refreshing with it', async () => {
    client = await service.register({ grant_types: ['client_credentials', 'refresh_token'] });
    const { refresh_token } = (await request()).body as { refresh_token: string };
    service.advance(400);
    expect((await service.send({ to: 'POST /refresh', basic: client, form: { refresh_token }, ...use })).status).toBe(200);
    expect(await last()).toMatchObject({ last_used_at: inSeconds(0), last_used_ip: '198.51.100.9' });
  });
});

describe('deleting a client (RFC 7592 section 2.3)', () => {
  const remove = () => service.send({ to: `DELETE /clients/${client.client_id}`, bearer });

  it('answers 204 without a body, then 404 to everything below its path, and never gives the id out again', async () => {
    expect(await remove()).toMatchObject({ status: 204, text: '', headers: { 'cache-control': 'no-store' } });
    const at = `/clients/${client.client_id}`;
    for (const to of [`DELETE ${at}`, `GET ${at}`, `PUT ${at}`, `GET ${at}/secrets`, `POST ${at}/secrets`])
      expect((await service.send({ to, bearer, ...(to.startsWith('PUT') ? { json: {} } : {}) })).status, to).toBe(404);
    const page = (await service.send({ to: 'GET /clients', bearer, query: 'limit=100' })).body as { items: Registered[] };
    expect(page.items.map(({ client_id }) => client_id)).not.toContain(client.client_id);
  });

  it('leaves a tombstone that outlives every session: no secret, epoch one higher, in the feed, with the event', async () => {
    await remove();
    const tombstone = await stored();
    expect(tombstone).toMatchObject({
      status: 'deleted',
      epoch: 2,
      feed: 'FEED',
      event: { event_type: 'client_deleted', client_id: client.client_id, reason: 'by:manager' },
    });
    for (const gone of ['secrets', 'listing', 'registration', 'spent_keys']) expect(tombstone).not.toHaveProperty(gone);
    expect(tombstone?.['purge_at']).toBeGreaterThan(service.now() + 365 * 86_400);
    expect(tombstone?.['purge_at']).toBeGreaterThan(tombstone?.['feed_until'] as number);
  });

  it('kills every token and session that it had, at once', async () => {
    client = await service.register({
      scope: 'read clients:manage',
      grant_types: ['client_credentials', 'refresh_token'],
      refresh_client_auth: 'none',
    });
    const { access_token, refresh_token } = (await token(client, { scope: 'clients:manage' })).body as Record<string, string>;
    expect((await service.send({ to: 'GET /clients', bearer: access_token! })).status).toBe(200);
    await remove();
    expect((await service.send({ to: 'GET /clients', bearer: access_token! })).status).toBe(401);
    expect((await token(client)).status).toBe(401);
    expect((await service.send({ to: 'POST /refresh', form: { refresh_token: refresh_token! } })).status).toBeGreaterThanOrEqual(400);
    expect((await service.send({ to: 'POST /refresh', basic: client, form: { refresh_token: refresh_token! } })).status).toBe(401);
  });

  it('is in the feed at once, with the epoch below which tokens are dead', async () => {
    await remove();
    service.advance(2);
    const { body } = await service.send({ to: 'GET /revocations' });
    expect(Object.values(body.clients as object)).toContain(2);
  });
});
