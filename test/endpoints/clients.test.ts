import { beforeAll, describe, expect, it } from 'vitest';
import { claimsOf } from './access-token.ts';
import type { Answer, Sent } from './request.ts';
import { useService, type Registered } from './service-under-test.ts';

const service = useService();
let manager: Registered;
let bearer: string;
beforeAll(async () => {
  manager = await service.register(
    { may_introspect: 'any', scope: 'read clients:manage', grant_types: ['client_credentials', 'refresh_token'] },
    'manager',
  );
  bearer = await tokenOf(manager, 'clients:manage');
});

const tokenOf = async (client: Registered, scope?: string): Promise<string> =>
  (
    await service.send({
      to: 'POST /token',
      basic: client,
      form: { grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) },
    })
  ).body.access_token as string;
const create = (json: unknown, more: Partial<Sent> = {}): Promise<Answer> => service.send({ to: 'POST /clients', bearer, json, ...more });
const put = (id: string, json: unknown): Promise<Answer> => service.send({ to: `PUT /clients/${id}`, bearer, json });
const get = (id: string): Promise<Answer> => service.send({ to: `GET /clients/${id}`, bearer });
const tokenStatus = async (basic: Registered) =>
  (await service.send({ to: 'POST /token', basic, form: { grant_type: 'client_credentials' } })).status;
const isActive = async (token: string) =>
  (await service.send({ to: 'POST /introspect', basic: manager, form: { token } })).body.active as boolean;

describe('registration (RFC 7591)', () => {
  it('answers 201 with a generated id and secret, shown once, that work at once', async () => {
    const answer = await create({ client_name: 'Billing', scope: 'read write', roles: ['user'] });
    expect(answer.status).toBe(201);
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'application/json' });
    expect(answer.body).toEqual({
      client_id: expect.stringMatching(/^c_[\w-]{22}$/) as string,
      client_secret: expect.stringMatching(/^m2m_cs_[\w-]{49}$/) as string,
      client_secret_expires_at: 0,
      client_id_issued_at: service.now(),
      updated_at: expect.stringMatching(/^2027-01-15T.*Z$/) as string,
      client_name: 'Billing',
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_basic',
      scope: 'read write',
      roles: ['user'],
      refresh_token_lifetime: 604_800,
      refresh_token_idle_lifetime: 0,
      refresh_client_auth: 'required',
      ip_ranges: [],
      may_introspect: 'own',
      disabled: false,
      credentials: [
        { id: expect.stringMatching(/^s_[\w-]{12}$/) as string, type: 'client_secret', created_at: expect.any(String) as string },
      ],
    });
    expect(await tokenStatus(answer.body as Registered)).toBe(200);
    const again = await get(answer.body.client_id as string);
    expect(again).toMatchObject({ status: 200, body: { client_name: 'Billing' } });
    expect(again.body).not.toHaveProperty('client_secret');
  });

  it('stores a digest of the secret and nothing that makes one', async () => {
    const { client_id, client_secret } = (await create({})).body as Registered;
    expect(JSON.stringify(await service.engine.item({ PK: `CLIENT#${client_id}`, SK: 'CLIENT' }))).not.toContain(client_secret);
  });

  it('never lets the caller choose id, secret, epoch or times', async () => {
    const chosen = { client_secret: 'chosen-secret', secrets: [], epoch: 9, version: 9, client_id_issued_at: 1 };
    const { body } = await create(chosen);
    expect(body).toMatchObject({ client_secret: expect.not.stringContaining('chosen') as string, client_id_issued_at: service.now() });
    expect(await service.engine.item({ PK: `CLIENT#${body.client_id as string}`, SK: 'CLIENT' })).toMatchObject({ epoch: 1, version: 1 });
  });

  it.each<[unknown, string, string]>([
    [{ scope: 7 }, 'invalid_client_metadata', 'scope must be a string of scopes separated by single spaces'],
    [{ grant_types: ['password'] }, 'invalid_client_metadata', 'grant_types entry 0 must be one of client_credentials, refresh_token'],
    [{ ip_ranges: ['everywhere'] }, 'invalid_client_metadata', 'ip_ranges entry 0 must be a CIDR such as 192.0.2.0/24'],
    [[], 'invalid_request', 'the request body is malformed'],
  ])('refuses %j with 400 and says which member is wrong', async (json, error, error_description) => {
    expect(await create(json)).toMatchObject({ status: 400, body: { error, error_description } });
  });

  it('takes nothing but JSON, of at most 64 KiB', async () => {
    const send = (body: string, type: string) => service.send({ to: 'POST /clients', bearer, headers: { 'content-type': type }, body });
    expect(await send('scope=read', 'application/x-www-form-urlencoded')).toMatchObject({
      status: 415,
      body: { error: 'invalid_request' },
    });
    expect((await send(`{"client_name":"${'a'.repeat(70_000)}"}`, 'application/json')).status).toBe(413);
    expect((await send('{"scope":"read","scope":"write"}', 'application/json')).status).toBe(400);
  });
});

describe('who may manage clients (RFC 6750)', () => {
  const challenge = (answer: Answer) => answer.headers['www-authenticate'];

  it.each<[string, Partial<Sent>]>([
    ['nothing', {}],
    ['client credentials', { basic: { client_id: 'x', client_secret: 'y' } }],
    ['a token in the URI', { query: 'access_token=x' }],
    ['a token in another header', { headers: { 'x-authorization': 'Bearer x', cookie: 'access_token=x' } }],
  ])('is asked for a token when it brings %s', async (_, sent) => {
    const answer = await service.send({ to: 'GET /clients', ...sent });
    expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_token' } });
    expect(challenge(answer)).toBe('Bearer realm="m2m-auth"');
  });

  it.each<[string, () => string]>([
    ['garbage', () => 'garbage'],
    ['nothing', () => ''],
    ['two tokens', () => `${bearer}, Bearer ${bearer}`],
    ['a changed signature', () => `${bearer.slice(0, -4)}AAAA`],
  ])('is refused with invalid_token when it brings %s', async (_, token) => {
    const answer = await service.send({ to: 'GET /clients', bearer: token() });
    expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_token' } });
    expect(challenge(answer)).toContain('error="invalid_token"');
    expect(service.calls.names()).toEqual([]);
  });

  it('is refused with insufficient_scope for a good token without clients:manage', async () => {
    const answer = await service.send({ to: 'POST /clients', bearer: await tokenOf(manager), json: {} });
    expect(answer).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } });
    expect(challenge(answer)).toContain('error="insufficient_scope"');
    expect(challenge(answer)).toContain('scope="clients:manage"');
  });

  it('is refused for a token of another audience, or from a network that it is not for', async () => {
    const other = await service.register({ scope: 'clients:manage', audiences: ['https://other.example'] });
    expect((await service.send({ to: 'GET /clients', bearer: await tokenOf(other, 'clients:manage') })).status).toBe(401);
    const bound = await service.register({ scope: 'clients:manage', ip_ranges: ['203.0.113.0/24'] });
    const token = await tokenOf(bound, 'clients:manage');
    expect((await service.send({ to: 'GET /clients', bearer: token })).status).toBe(200);
    expect((await service.send({ to: 'GET /clients', bearer: token, ip: '198.51.100.1' })).status).toBe(401);
  });

  it('is refused at the very next call when its token is revoked, its session ends or its client is disabled', async () => {
    const ends: readonly ((token: string, of: Registered) => Promise<unknown>)[] = [
      (token, of) => service.send({ to: 'POST /revoke', basic: of, form: { token } }),
      (token, of) => service.send({ to: 'POST /revoke', basic: of, form: { token, end_session: 'true' } }),
      (_, of) => service.send({ to: 'POST /revoke', basic: of, form: { all: 'true' } }),
      (_, of) => put(of.client_id, { scope: 'clients:manage', disabled: true }),
    ];
    for (const end of ends) {
      const other = await service.register({ scope: 'clients:manage', grant_types: ['client_credentials', 'refresh_token'] });
      const token = await tokenOf(other, 'clients:manage');
      expect((await service.send({ to: 'GET /clients', bearer: token })).status).toBe(200);
      await end(token, other);
      expect(await service.send({ to: 'GET /clients', bearer: token })).toMatchObject({ status: 401, body: { error: 'invalid_token' } });
    }
  });

  it('is refused when the token has expired', async () => {
    const other = await service.register({ scope: 'clients:manage', access_token_lifetime: 1 });
    const token = await tokenOf(other, 'clients:manage');
    service.advance(1);
    expect((await service.send({ to: 'GET /clients', bearer: token })).status).toBe(401);
  });
});

describe('changing a client (RFC 7592)', () => {
  const made = async (json: object = {}): Promise<Registered> => (await create({ scope: 'read', ...json })).body as Registered;

  it('replaces all metadata; what is left out returns to its default, and the secret stays', async () => {
    const client = await made({ client_name: 'old', roles: ['user'] });
    const answer = await put(client.client_id, { scope: 'read write', client_id: client.client_id });
    expect(answer).toMatchObject({ status: 200, body: { scope: 'read write', roles: [], client_id: client.client_id } });
    expect(answer.body).not.toHaveProperty('client_name');
    expect(answer.body).not.toHaveProperty('client_secret');
    expect((await get(client.client_id)).body).toEqual(answer.body);
    expect(await tokenStatus(client)).toBe(200);
  });

  it('refuses another client_id than the path\u2019s, and wrong metadata', async () => {
    const client = await made();
    expect(await put(client.client_id, { client_id: 'other' })).toMatchObject({ status: 400, body: { error: 'invalid_client_metadata' } });
    expect(await put(client.client_id, { disabled: 'yes' })).toMatchObject({ status: 400, body: { error: 'invalid_client_metadata' } });
  });

  it('an earlier end ends its tokens at once, for authorizers of every mode; a later one ends nothing', async () => {
    const client = await made();
    const first = await tokenOf(client);
    await put(client.client_id, { scope: 'read', client_expires_at: '2099-01-01T00:00:00Z' });
    expect(await isActive(first)).toBe(false);
    const second = await tokenOf(client);
    await put(client.client_id, { scope: 'read', client_expires_at: '2099-02-01T00:00:00Z' });
    expect(await isActive(second)).toBe(true);
    await put(client.client_id, { scope: 'read', client_expires_at: '2099-01-31T00:00:00Z' });
    expect(await isActive(second)).toBe(false);
    expect(await service.engine.item({ PK: `CLIENT#${client.client_id}`, SK: 'CLIENT' })).toMatchObject({ epoch: 3, feed: 'FEED' });
  });
  it('disabling ends its tokens for good, also when it is enabled again', async () => {
    const client = await made();
    const token = await tokenOf(client);
    await put(client.client_id, { scope: 'read', disabled: true });
    expect([await tokenStatus(client), await isActive(token)]).toEqual([401, false]);
    await put(client.client_id, { scope: 'read', disabled: true });
    await put(client.client_id, { scope: 'read' });
    expect([await tokenStatus(client), await isActive(token)]).toEqual([200, false]);
    expect((await service.engine.item({ PK: `CLIENT#${client.client_id}`, SK: 'CLIENT' }))?.['epoch']).toBe(2);
  });

  it('of two changes at the same time one wins and the other is told so', async () => {
    const client = await made();
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map((client_name) => put(client.client_id, { client_name })));
    const winners = answers.filter(({ status }) => status === 200);
    expect(winners.length).toBeGreaterThanOrEqual(1);
    for (const { status, body } of answers) if (status !== 200) expect([status, body.error]).toEqual([409, 'conflict']);
    expect(winners.map(({ body }) => body.client_name as string)).toContain((await get(client.client_id)).body.client_name);
  });

  it.each(['c_nobody', 'a%23b', 'x'.repeat(65), '\u00e4', 'CLIENT#x'])('%s is not found', async (id) => {
    expect(await get(id)).toMatchObject({ status: 404, body: { error: 'not_found' } });
    expect(await put(id, { scope: 'read' })).toMatchObject({ status: 404, body: { error: 'not_found' } });
  });
});

describe('listing clients', () => {
  it('pages through all of them exactly once, in the order of their ids, without secrets', async () => {
    const seen: string[] = [];
    let query = 'limit=3';
    for (;;) {
      const { status, body } = await service.send({ to: 'GET /clients', bearer, query });
      expect(status).toBe(200);
      expect(JSON.stringify(body)).not.toMatch(/digest|"client_secret":/);
      seen.push(...(body.items as Registered[]).map(({ client_id }) => client_id));
      if (body.next === null) break;
      query = `limit=3&cursor=${body.next as string}`;
    }
    const stored = (await service.engine.items()).filter(({ SK }) => SK === 'CLIENT').map(({ PK }) => String(PK).slice('CLIENT#'.length));
    expect(seen).toEqual(stored.toSorted());
  });

  it.each([
    'limit=0',
    'limit=101',
    'limit=-1',
    'limit=1.5',
    'limit=01',
    'limit=x',
    'limit=1&limit=2',
    'cursor=x',
    'cursor=%00',
    'cursor=Li4',
    'cursor=&cursor=',
  ])('refuses %s with 400', async (query) => {
    expect(await service.send({ to: 'GET /clients', bearer, query })).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  it('takes up to a hundred a page', async () => {
    expect((await service.send({ to: 'GET /clients', bearer, query: 'limit=100' })).status).toBe(200);
    expect((await service.send({ to: 'GET /clients', bearer, query: 'limit=' })).body).toEqual(
      (await service.send({ to: 'GET /clients', bearer })).body,
    );
  });
});

it('says in the audit trail who did it', async () => {
  const { client_id } = (await create({})).body as Registered;
  const stored = await service.engine.item({ PK: `CLIENT#${client_id}`, SK: 'CLIENT' });
  expect(stored?.['event']).toMatchObject({ event_type: 'client_created', client_id, reason: 'by:manager' });
  expect(claimsOf(bearer)['client_id']).toBe('manager');
});
