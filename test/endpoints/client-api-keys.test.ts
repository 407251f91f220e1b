import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { apiKeyIdFrom, formatApiKey } from '../../src/tokens/api-key.ts';
import { claimsOf } from './access-token.ts';
import type { Answer, Sent } from './request.ts';
import { useService, type Registered } from './service-under-test.ts';

const service = useService();
let bearer: string;
let manager: Registered;
let client: Registered;
beforeAll(async () => {
  manager = await service.register({ scope: 'clients:manage', access_token_lifetime: 3600 }, 'manager');
  bearer = await freshBearer();
});
beforeEach(async () => void (client = await service.register({ scope: 'read write clients:manage', roles: ['user'] })));

const path = () => `/clients/${client.client_id}/api-keys`;
const add = (json?: unknown, more: Partial<Sent> = {}): Promise<Answer> =>
  service.send({ to: `POST ${path()}`, bearer, ...(json === undefined ? {} : { json }), ...more });
const list = async (query = '') =>
  (await service.send({ to: `GET ${path()}`, bearer, query })).body as { items: any[]; next: string | null };
const end = (id: string): Promise<Answer> => service.send({ to: `DELETE ${path()}/${id}`, bearer });
const stored = (id: string) => service.engine.item({ PK: `CLIENT#${client.client_id}`, SK: `APIKEY#${id}` });
const exchange = (key: string, form: object = {}, more: Partial<Sent> = {}): Promise<Answer> =>
  service.send({ to: 'POST /token', headers: { 'x-api-key': key }, form: { grant_type: 'client_credentials', ...form }, ...more });
const inSeconds = (seconds: number): string => new Date((service.now() + seconds) * 1000).toISOString().replace('.000Z', 'Z');
const INVALID_CLIENT = { status: 401, body: { error: 'invalid_client', error_description: 'client authentication failed' } };

describe('making an API key', () => {
  it('answers 201 with the key, shown once, and keeps a digest of it alone', async () => {
    const terms = {
      name: 'nightly export',
      scope: 'read',
      expires_at: inSeconds(3600),
      ip_ranges: ['203.0.113.0/24'],
      rate_limit_per_minute: 7,
      tags: ['export'],
    };
    const { status, headers, body } = await add(terms);
    expect([status, headers['cache-control']]).toEqual([201, 'no-store']);
    const { id, api_key: key, ...facts } = body as { id: string; api_key: string };
    expect(key).toMatch(new RegExp(`^m2m_ak_${id}_[A-Za-z0-9_-]{49}$`));
    expect(facts).toEqual({ client_id: client.client_id, ...terms, status: 'active', created_at: inSeconds(0) });
    expect((await list()).items).toEqual([{ id, ...facts }]);
    const item = JSON.stringify(await stored(id));
    expect(item).not.toContain(key.slice(-49));
    expect((await stored(id))?.['event']).toMatchObject({
      event_type: 'api_key_added',
      client_id: client.client_id,
      sid: id,
      reason: 'by:manager',
    });
  });

  it('without a body gives it the default scope of its client and 1,000 exchanges a minute', async () => {
    expect((await add()).body).toMatchObject({ scope: 'read write', rate_limit_per_minute: 1000 });
  });

  it.each<[unknown, string]>([
    [{ scope: 'read other' }, "scope must be part of the client's scope"],
    [{ scope: 7 }, 'scope must be a string'],
    [{ expires_at: '2020-01-01T00:00:00Z' }, 'expires_at must be in the future'],
    [{ ip_ranges: [] }, 'ip_ranges must not be empty'],
    [{ ip_ranges: ['10.0.0.0'] }, 'ip_ranges entry 0 must be a CIDR'],
    [{ ip_ranges: Array.from({ length: 11 }, (_, index) => `10.0.${index}.0/24`) }, 'ip_ranges must have at most 10'],
    [{ rate_limit_per_minute: 0 }, 'rate_limit_per_minute must be a whole number'],
    [{ name: 'a\u0000b' }, 'name must not contain control characters'],
    [{ tags: ['a b'] }, 'tags entry 0'],
    [[], 'the request body is malformed'],
  ])('refuses %j with 400 and makes none', async (json, description) => {
    expect(await add(json)).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', error_description: expect.stringContaining(description) as string },
    });
    expect((await list()).items).toEqual([]);
  });

  it('has clients:manage where it is asked for by name alone, also of a client that has it by default', async () => {
    client = await service.register({ scope: 'read clients:manage', default_scope: 'read clients:manage' });
    expect((await add()).body).toMatchObject({ scope: 'read' });
    expect((await add({ scope: 'clients:manage' })).body).toMatchObject({ scope: 'clients:manage' });
  });

  it('refuses the 51st live one, and takes it once one has ended', async () => {
    const ids = [];
    for (let count = 0; count < 50; count += 1) ids.push((await add()).body.id as string);
    expect(await add()).toMatchObject({ status: 400, body: { error_description: expect.stringContaining('50 live API keys') as string } });
    expect((await end(ids[0]!)).status).toBe(204);
    expect((await add()).status).toBe(201);
    const first = await list('limit=30');
    const rest = await list(`limit=30&cursor=${first.next}`);
    expect(new Set([...first.items, ...rest.items].map(({ id }) => id as string)).size).toBe(50);
    expect(rest.next).toBeNull();
  });

  it('is for managers of clients, and of a client that exists', async () => {
    const own = (await exchange((await add({ scope: 'read' })).body.api_key as string)).body.access_token as string;
    expect((await add({}, { bearer: own })).status).toBe(403);
    expect((await service.send({ to: 'POST /clients/nobody/api-keys', bearer })).status).toBe(404);
    expect((await service.send({ to: 'GET /clients/nobody/api-keys', bearer })).status).toBe(404);
  });
});

describe('with an Idempotency-Key', () => {
  const keyed = (json: unknown, key = 'key-1') => add(json, { headers: { 'idempotency-key': `"${key}"` } });

  it('a repeat gets the same key, and there is one', async () => {
    const first = await keyed({ scope: 'read' });
    service.advance(60);
    const again = await keyed({ scope: 'read' });
    expect(again).toMatchObject({ status: 201, body: first.body as object });
    expect((await list()).items).toHaveLength(1);
    expect((await exchange(again.body.api_key as string)).status).toBe(200);
  });

  it('of many at once all get the same one', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => keyed({ scope: 'read' }, 'at-once')));
    expect(new Set(answers.map(({ body }) => body.api_key as string)).size).toBe(1);
    expect((await list()).items).toHaveLength(1);
  });

  it('another body is another request', async () => {
    await keyed({ scope: 'read' });
    expect(await keyed({ scope: 'write' })).toMatchObject({ status: 422 });
  });

  it('what has ended stays ended, for a day', async () => {
    const { id } = (await keyed({ scope: 'read' })).body as { id: string };
    await end(id);
    service.advance(23 * 3600);
    bearer = await freshBearer();
    expect(await keyed({ scope: 'read' })).toMatchObject({ status: 422 });
    expect((await list()).items).toEqual([]);
  });
});

async function freshBearer(): Promise<string> {
  const form = { grant_type: 'client_credentials', scope: 'clients:manage' };
  return (await service.send({ to: 'POST /token', basic: manager, form })).body.access_token as string;
}

describe('ending an API key', () => {
  it('answers 204, also the second time, and 404 for what there never was', async () => {
    const { id } = (await add()).body as { id: string };
    expect((await end(id)).status).toBe(204);
    expect(await stored(id)).toMatchObject({ status: 'ended', feed: 'FEED', event: { event_type: 'api_key_ended', sid: id } });
    expect(await stored(id)).not.toHaveProperty('digest');
    expect((await end(id)).status).toBe(204);
    for (const unknown of [`${'0'.repeat(24)}-${client.client_id}`, 'x', 'SESSION%23a'])
      expect(await end(unknown)).toMatchObject({ status: 404, body: { error_description: 'the client has no such API key' } });
    expect((await list()).items).toEqual([]);
  });

  it('refuses the key at the next request, and its tokens with it, wherever they are checked', async () => {
    const { id, api_key: key } = (await add({ scope: 'read clients:manage' })).body as { id: string; api_key: string };
    const { access_token } = (await exchange(key, { scope: 'read clients:manage' })).body as { access_token: string };
    const introspect = async () =>
      (await service.send({ to: 'POST /introspect', basic: client, form: { token: access_token } })).body.active as boolean;
    expect([await introspect(), (await service.send({ to: 'GET /clients', bearer: access_token })).status]).toEqual([true, 200]);
    await end(id);
    expect(await exchange(key)).toMatchObject(INVALID_CLIENT);
    expect([await introspect(), (await service.send({ to: 'GET /clients', bearer: access_token })).status]).toEqual([false, 401]);
  });

  it("does not reach another client's key of that id", async () => {
    const { id } = (await add()).body as { id: string };
    const other = await service.register();
    expect((await service.send({ to: `DELETE /clients/${other.client_id}/api-keys/${id}`, bearer })).status).toBe(404);
    expect((await list()).items).toHaveLength(1);
  });
});

describe('at /token', () => {
  it.each<[string, (key: string) => Partial<Sent>]>([
    ['X-API-Key', (key) => ({ headers: { 'x-api-key': key } })],
    ['Authorization: Bearer', (key) => ({ headers: { authorization: `bearer ${key}` } })],
  ])('%s gets a token of the client, with the factor api_key and no refresh token', async (_name, present) => {
    const withRefresh = await service.register({ grant_types: ['client_credentials', 'refresh_token'], roles: ['user'] });
    const made = await service.send({ to: `POST /clients/${withRefresh.client_id}/api-keys`, bearer, json: { scope: 'read' } });
    const { id, api_key: key } = made.body as { id: string; api_key: string };
    const { status, body } = await service.send({ to: 'POST /token', form: { grant_type: 'client_credentials' }, ...present(key) });
    expect([status, Object.keys(body as object)]).toEqual([200, ['access_token', 'token_type', 'expires_in', 'scope']]);
    expect(claimsOf(body.access_token as string)).toMatchObject({
      client_id: withRefresh.client_id,
      scope: 'read',
      roles: ['user'],
      amr: ['api_key'],
      sid: id,
    });
    expect(service.audit().at(-1)).toMatchObject({ event_type: 'login_success', amr: 'api_key', sid: id });
  });

  it('grants at most the scope of the key, and what the client still has of it', async () => {
    const key = (await add({ scope: 'read write clients:manage' })).body.api_key as string;
    expect((await exchange(key)).body.scope).toBe('read write');
    expect((await exchange(key, { scope: 'clients:manage' })).body.scope).toBe('clients:manage');
    const narrow = (await add({ scope: 'read' })).body.api_key as string;
    expect(await exchange(narrow, { scope: 'write' })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } });
    await service.send({ to: `PUT /clients/${client.client_id}`, bearer, json: { scope: 'write' } });
    expect((await exchange(key)).body.scope).toBe('write');
    expect((await exchange(narrow)).body.scope).toBe('');
  });

  it('refuses a key beside any other credential, and any other use of it', async () => {
    const key = (await add()).body.api_key as string;
    const several = {
      status: 400,
      body: { error: 'invalid_request', error_description: expect.stringContaining('more than one') as string },
    };
    const authorization = `Bearer ${key}`;
    expect(await exchange(key, {}, { basic: client })).toMatchObject(several);
    expect(await exchange(key, { client_secret: 'x' })).toMatchObject(several);
    expect(await exchange(key, {}, { headers: { 'x-api-key': key, authorization } })).toMatchObject(several);
    expect(await exchange(key, {}, { headers: { 'x-api-key': key, authorization: 'Bearer eyJ' } })).toMatchObject(several);
    expect(await exchange(key, { client_id: 'other' })).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect((await exchange(key, { client_id: client.client_id })).status).toBe(200);
    for (const form of [{ client_id: client.client_id, client_secret: key }, { api_key: key }])
      expect((await exchange('', form, { headers: {} })).status).toBe(401);
    expect((await service.send({ to: 'POST /token', query: `api_key=${key}`, form: { grant_type: 'client_credentials' } })).status).toBe(
      400,
    );
    const headers = { 'x-api-key': key };
    for (const to of ['POST /revoke', 'POST /introspect'])
      expect((await service.send({ to, headers, form: { token: 'x' } })).status).toBe(401);
    expect((await service.send({ to: 'POST /refresh', headers, form: { refresh_token: 'x' } })).status).toBe(401);
    expect((await exchange(key, { grant_type: 'refresh_token', refresh_token: 'x' })).status).toBe(401);
    expect((await service.send({ to: 'GET /clients', headers: { authorization } })).status).toBe(401);
  });

  it("ignores an X-API-Key that is somebody else's", async () => {
    expect((await exchange('', {}, { headers: { 'x-api-key': 'usage-plan-key' }, basic: client })).status).toBe(200);
  });

  it('refuses whatever is wrong with a key in one and the same way', async () => {
    const { api_key: key, id } = (await add({ expires_at: inSeconds(600) })).body as { api_key: string; id: string };
    const other = (await add()).body as { api_key: string; id: string };
    const stranger = key.replace(`-${client.client_id}`, '-nobody');
    for (const wrong of [key.slice(0, -1), `${key}x`, stranger, key.replace(id, other.id), `${key},${key}`])
      expect(await exchange(wrong)).toMatchObject(INVALID_CLIENT);
    service.advance(600);
    expect(await exchange(key)).toMatchObject(INVALID_CLIENT);
    bearer = await freshBearer();
    expect((await list()).items.map(({ status }) => status as string).toSorted()).toEqual(['active', 'expired']);
  });

  it('never gives a token that outlives the key', async () => {
    const key = (await add({ expires_at: inSeconds(60) })).body.api_key as string;
    expect((await exchange(key)).body.expires_in).toBe(60);
  });

  it('counts by the key, whatever the limit of its client, and not what other keys do', async () => {
    const key = (await add({ rate_limit_per_minute: 3 })).body.api_key as string;
    const statuses = [];
    for (let count = 0; count < 6; count += 1) statuses.push((await exchange(key)).status);
    expect(statuses.slice(-1)).toEqual([429]);
    expect(statuses.slice(0, 3)).toEqual([200, 200, 200]);
    expect((await exchange((await add()).body.api_key as string)).status).toBe(200);
  });

  it('tells when a key was last used', async () => {
    const { id, api_key: key } = (await add()).body as { id: string; api_key: string };
    await exchange(key);
    expect((await list()).items.find((item) => item.id === id)).toMatchObject({
      last_used_at: inSeconds(0),
      last_used_ip: '203.0.113.7',
      last_used_user_agent: 'billing/4.2',
    });
  });

  it('refuses the keys of a client that is disabled or deleted, and those of a deleted one for whoever gets its id', async () => {
    const key = (await add()).body.api_key as string;
    await service.send({ to: `PUT /clients/${client.client_id}`, bearer, json: { scope: 'read', disabled: true } });
    expect(await exchange(key)).toMatchObject(INVALID_CLIENT);
    await service.send({ to: `PUT /clients/${client.client_id}`, bearer, json: { scope: 'read' } });
    expect((await exchange(key)).status).toBe(200);
    await service.send({ to: `DELETE /clients/${client.client_id}`, bearer });
    expect(await exchange(key)).toMatchObject(INVALID_CLIENT);
    await service.engine.remove({ PK: `CLIENT#${client.client_id}`, SK: 'CLIENT' });
    service.advance(1);
    await service.register({}, client.client_id);
    expect(await exchange(key)).toMatchObject(INVALID_CLIENT);
    expect((await list()).items).toEqual([]);
  });
});

describe('for an authorizer', () => {
  it('the token says where the key may be used, whoever asks, and serves nowhere else', async () => {
    const limited = await service.register({ ip_ranges: ['198.51.100.0/24'], scope: 'read' });
    const json = { ip_ranges: ['198.51.100.128/25', '192.0.2.0/24'] };
    const made = await service.send({ to: `POST /clients/${limited.client_id}/api-keys`, bearer, json });
    const key = made.body.api_key as string;
    expect(await exchange(key)).toMatchObject(INVALID_CLIENT);
    const { body, status } = await exchange(key, { token_use: 'authorizer' });
    expect(status).toBe(200);
    expect(claimsOf(body.access_token as string)).toMatchObject({
      aud: 'https://issuer.example#api-key',
      ip: ['198.51.100.128/25'],
      amr: ['api_key', 'ip'],
    });
    expect((await service.send({ to: 'GET /sessions', bearer: body.access_token as string, ip: '198.51.100.130' })).status).toBe(401);
    const direct = (await exchange(key, {}, { ip: '198.51.100.130' })).body.access_token as string;
    expect(claimsOf(direct)).toMatchObject({ aud: 'https://issuer.example', ip: ['198.51.100.128/25'] });
    for (const [ip, expected] of [
      ['198.51.100.130', 200],
      ['198.51.100.1', 401],
      ['192.0.2.1', 401],
    ] as const)
      expect((await service.send({ to: 'GET /sessions', bearer: direct, ip })).status).toBe(expected);
  });

  it('another credential than an API key gets no such token', async () => {
    const form = { grant_type: 'client_credentials', token_use: 'authorizer' };
    const { body } = await service.send({ to: 'POST /token', basic: client, form });
    expect(claimsOf(body.access_token as string)['aud']).toBe('https://issuer.example');
  });
});

it('giving up a token with its session leaves the key alone', async () => {
  const key = (await add()).body.api_key as string;
  const { access_token } = (await exchange(key)).body as { access_token: string };
  expect((await service.send({ to: 'POST /revoke', bearer: access_token, form: { end_session: 'true' } })).status).toBe(200);
  expect((await service.send({ to: 'GET /sessions', bearer: access_token })).status).toBe(401);
  expect((await exchange(key)).status).toBe(200);
});

it('many unknown keys from the address of an authorizer do not have the known ones refused, and write nothing', async () => {
  const { api_key: key } = (await add({ scope: 'read' })).body as { api_key: string };
  const ip = '198.51.100.77';
  const ask = (text: string) => exchange(text, { token_use: 'authorizer' }, { ip });
  const unknownKey = (number: number) =>
    formatApiKey(apiKeyIdFrom(Buffer.from(String(number).padStart(12, '0')), client.client_id), Buffer.alloc(32, 1));
  for (let number = 0; number < 120; number += 1) expect((await ask(unknownKey(number))).status).toBe(401);
  service.calls.clear();
  expect((await ask(unknownKey(120))).status).toBe(401);
  expect(service.calls.names().filter((call) => call.startsWith('UpdateItem'))).toEqual([]);
  expect((await ask(key)).status).toBe(200);
});
