// Managers with `manages_tags`: what they see and change, and every way to more than that (decision 0015).
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ROUTES as ALL_ROUTES } from '../../src/http/route-table.ts';
import { beforeFirstChangeOf } from './before-first-change.ts';
import type { Answer, Sent } from './request.ts';
import { ISSUER, useService, type Registered } from './service-under-test.ts';

const service = useService();
const GRANT = { grant_type: 'client_credentials' };
const OPS = 'arn:aws:sts::111122223333:assumed-role/ops/alice';

const AUTHORITY = {
  scope: 'read write clients:manage',
  roles: ['user'],
  audiences: [ISSUER, 'https://billing.example'],
  manages_tags: ['team:billing', 'team:invoices'],
  tags: ['team:billing'],
};
/** A manager of two tags, and what its tokens are. */
let manager: Registered;
let bearer: string;
/** One of its own, one of others, and one of both. */
let own: Registered;
let foreign: Registered;
let shared: Registered;

const tokenOf = async (client: Registered, scope = 'clients:manage'): Promise<string> =>
  (await service.send({ to: 'POST /token', basic: client, form: { ...GRANT, scope } })).body.access_token as string;
const send = (to: string, json?: unknown, more: Partial<Sent> = {}): Promise<Answer> =>
  service.send({ to, bearer, ...(json === undefined ? {} : { json }), ...more });
const stored = (client_id: string) => service.engine.item({ PK: `CLIENT#${client_id}`, SK: 'CLIENT' });

beforeAll(async () => {
  manager = await service.register(AUTHORITY, 'billing-manager');
  bearer = await tokenOf(manager);
});
beforeEach(async () => {
  own = await service.register({ scope: 'read', tags: ['team:billing'] });
  foreign = await service.register({ scope: 'read', tags: ['team:orders'] });
  shared = await service.register({ scope: 'read', tags: ['team:orders', 'team:invoices'] });
});

const ROUTES: readonly [route: string, to: (id: string) => string, json?: unknown][] = [
  ['GET /clients/{client_id}', (id) => `GET /clients/${id}`],
  ['PUT /clients/{client_id}', (id) => `PUT /clients/${id}`, { tags: ['team:billing'] }],
  ['DELETE /clients/{client_id}', (id) => `DELETE /clients/${id}`],
  ['POST /clients/{client_id}/secrets', (id) => `POST /clients/${id}/secrets`],
  ['GET /clients/{client_id}/secrets', (id) => `GET /clients/${id}/secrets`],
  ['DELETE /clients/{client_id}/secrets/{secret_id}', (id) => `DELETE /clients/${id}/secrets/s_x`],
  ['POST /clients/{client_id}/api-keys', (id) => `POST /clients/${id}/api-keys`],
  ['GET /clients/{client_id}/api-keys', (id) => `GET /clients/${id}/api-keys`],
  ['DELETE /clients/{client_id}/api-keys/{api_key_id}', (id) => `DELETE /clients/${id}/api-keys/k_x`],
];

describe('a client without any of the tags', () => {
  it.each<[string, (id: string) => string, unknown?]>(ROUTES)('is to %s exactly what does not exist', async (_, to, json) => {
    const before = await stored(foreign.client_id);
    for (const tags of [['team:orders'], ['TEAM:BILLING'], ['team:billing:eu', 'team'], undefined]) {
      const hidden = await service.register({ scope: 'read', ...(tags === undefined ? {} : { tags }) });
      const [answer, absent] = [await send(to(hidden.client_id), json), await send(to('c_of_nobody'), json)];
      expect(answer.status).toBe(404);
      expect({ ...answer.body, trace_id: '' }).toEqual({ ...absent.body, trace_id: '' });
    }
    expect(await stored(foreign.client_id)).toEqual(before);
  });

  it('shows no session and loses none', async () => {
    const hidden = await service.register({ grant_types: ['client_credentials', 'refresh_token'], tags: ['team:orders'] });
    const refresh_token = (await service.send({ to: 'POST /token', basic: hidden, form: GRANT })).body.refresh_token as string;
    const asAdministrator = { userArn: OPS, query: `client_id=${hidden.client_id}` };
    const { items } = (await service.send({ to: 'GET /iam/sessions', ...asAdministrator })).body as { items: { sid: string }[] };
    const query = `client_id=${hidden.client_id}`;
    expect((await send('GET /sessions', undefined, { query })).status).toBe(404);
    expect((await send(`DELETE /sessions/${items[0]!.sid}`, undefined, { query })).status).toBe(404);
    expect((await send('DELETE /sessions', undefined, { query })).status).toBe(404);
    const form = { grant_type: 'refresh_token', refresh_token };
    expect((await service.send({ to: 'POST /token', basic: hidden, form })).status).toBe(200);
  });

  it('is in no page, and pages stay bounded', async () => {
    const seen: string[] = [];
    for (let query = 'limit=2'; query !== '';) {
      service.calls.clear();
      const { status, body } = await send('GET /clients', undefined, { query });
      expect(status).toBe(200);
      expect(service.calls.names()).toEqual(['BatchGetItem', 'BatchGetItem', 'Query listing', 'UpdateItem RATE']);
      seen.push(...(body.items as { client_id: string }[]).map(({ client_id }) => client_id));
      query = body.next === null ? '' : `limit=2&cursor=${body.next as string}`;
    }
    expect(seen).toEqual(expect.arrayContaining([own.client_id, shared.client_id, manager.client_id]));
    expect(seen).not.toContain(foreign.client_id);
  });
});

describe('a client with one of the tags', () => {
  it('can be read, changed, given secrets, disabled and deleted', async () => {
    for (const { client_id: id } of [own, shared]) {
      expect((await send(`GET /clients/${id}`)).status).toBe(200);
      const { tags } = (await send(`GET /clients/${id}`)).body as { tags: string[] };
      expect((await send(`PUT /clients/${id}`, { scope: 'read write', roles: ['user'], tags })).status).toBe(200);
      const added = await send(`POST /clients/${id}/secrets`);
      expect(added.status).toBe(201);
      expect((await send(`GET /clients/${id}/secrets`)).body.items).toHaveLength(2);
      expect((await send(`DELETE /clients/${id}/secrets/${added.body.id as string}`)).status).toBe(204);
      expect((await send(`PUT /clients/${id}`, { disabled: true, tags })).body).toMatchObject({ disabled: true });
      expect((await send(`DELETE /clients/${id}`)).status).toBe(204);
      expect((await send(`DELETE /clients/${id}`)).status).toBe(404);
    }
  });

  it('can have its sessions listed and ended', async () => {
    const client = await service.register({ grant_types: ['client_credentials', 'refresh_token'], tags: ['team:billing'] });
    for (let at = 0; at < 2; at += 1) await service.send({ to: 'POST /token', basic: client, form: GRANT });
    const query = `client_id=${client.client_id}`;
    const { items } = (await send('GET /sessions', undefined, { query })).body as { items: { sid: string }[] };
    expect(items).toHaveLength(2);
    expect((await send(`DELETE /sessions/${items[0]!.sid}`, undefined, { query })).status).toBe(204);
    expect((await send('DELETE /sessions', undefined, { query })).status).toBe(204);
  });

  it('can be registered, with what the manager has itself', async () => {
    const json = { scope: 'read write', roles: ['user'], audiences: ['https://billing.example', ISSUER], tags: ['team:invoices'] };
    expect(await send('POST /clients', json)).toMatchObject({ status: 201, body: json });
    const deputy = { scope: 'read clients:manage', manages_tags: ['team:invoices'], tags: ['team:billing'] };
    expect(await send('POST /clients', deputy)).toMatchObject({ status: 201, body: deputy });
  });
});

/** What goes too far, and the field that the answer names. */
const TOO_MUCH: readonly (readonly [what: string, json: Readonly<Record<string, unknown>>, field: string])[] = [
  ['no tag at all', { tags: null }, 'tags'],
  ['an empty list of tags', { tags: [] }, 'tags'],
  ['a tag of others alone', { tags: ['team:orders'] }, 'tags'],
  ['its tag in other letters', { tags: ['Team:Billing'] }, 'tags'],
  ['a tag of others beside its own', { tags: ['team:billing', 'team:orders'] }, 'tags'],
  ['a scope that it has not', { scope: 'read admin' }, 'scope'],
  ['its scope in other letters', { scope: 'READ' }, 'scope'],
  ['a role that it has not', { roles: ['user', 'admin'] }, 'roles'],
  ['an audience that it has not', { audiences: [ISSUER, 'https://payroll.example'] }, 'audiences'],
  ['introspection of all tokens', { may_introspect: 'any' }, 'may_introspect'],
  ['management of everything', { scope: 'clients:manage' }, 'manages_tags'],
  ['management of everything, by null', { scope: 'clients:manage', manages_tags: null }, 'manages_tags'],
  ['management of others', { scope: 'clients:manage', manages_tags: ['team:billing', 'team:orders'] }, 'manages_tags'],
  ['management of others, for later', { scope: 'read', manages_tags: ['team:orders'] }, 'manages_tags'],
];

it('every route below a client is covered', () => {
  const below = ALL_ROUTES.map(({ method, path }) => `${method} ${path}`).filter((route) => / \/clients\/\{client_id\}/.test(route));
  // The client itself asks for it, with its secret.
  const covered = [...ROUTES.map(([route]) => route), 'POST /clients/{client_id}/secrets/rotation'];
  expect(below.toSorted()).toEqual(covered.toSorted());
});

describe('what it may not give', () => {
  const refusal = (field: string) => ({
    status: 403,
    body: { error: 'access_denied', error_description: expect.stringMatching(new RegExp(`^${field} `)) as string },
  });

  it.each(TOO_MUCH)('a new client: %s', async (_, json, field) => {
    expect(await send('POST /clients', { scope: 'read', tags: ['team:billing'], ...json })).toMatchObject(refusal(field));
    expect(service.calls.names().filter((name) => name === 'PutItem CLIENT')).toEqual([]);
    expect(service.audit().at(-1)).toMatchObject({ event_type: 'token_invalid', client_id: manager.client_id, reason: 'beyond_manager' });
  });

  it.each(TOO_MUCH)('a client of its own: %s', async (_, json, field) => {
    const before = await stored(own.client_id);
    expect(await send(`PUT /clients/${own.client_id}`, { scope: 'read', tags: ['team:billing'], ...json })).toMatchObject(refusal(field));
    expect(await stored(own.client_id)).toEqual(before);
  });

  it('an id of its choice, which others may know, or whether one is taken', async () => {
    const json = { scope: 'read', tags: ['team:billing'] };
    for (const client_id of [foreign.client_id, 'payroll'])
      expect(await send('POST /clients', { ...json, client_id })).toMatchObject(refusal('client_id'));
  });

  it('and not take away: the tag of another manager', async () => {
    expect(await send(`PUT /clients/${shared.client_id}`, { tags: ['team:invoices'] })).toMatchObject(refusal('tags'));
    expect(await send(`PUT /clients/${shared.client_id}`, { tags: ['team:orders'] })).toMatchObject(refusal('tags'));
    expect((await send(`PUT /clients/${shared.client_id}`, { tags: ['team:billing', 'team:orders'] })).status).toBe(200);
  });
});

describe('a client that holds more than its manager', () => {
  const MORE = {
    scope: 'read payments:write',
    roles: ['treasurer'],
    audiences: ['https://payroll.example'],
    may_introspect: 'any',
    tags: ['team:billing'],
  };

  it('keeps it through a change, and gains none', async () => {
    const { client_id: id } = await service.register(MORE);
    expect(await send(`PUT /clients/${id}`, { ...MORE, client_name: 'Payments' })).toMatchObject({ status: 200, body: MORE });
    expect((await send(`PUT /clients/${id}`, { ...MORE, scope: 'read payments:write payments:read' })).status).toBe(403);
    expect((await send(`PUT /clients/${id}`, { ...MORE, scope: 'read' })).status).toBe(200);
    expect((await send(`PUT /clients/${id}`, MORE)).status).toBe(403); // what was given up does not come back
  });

  it.each([{ scope: MORE.scope }, { roles: MORE.roles }, { audiences: MORE.audiences }, { may_introspect: 'any' }])(
    'gets no credential from it: %j',
    async (more) => {
      const { client_id: id } = await service.register({ scope: 'read', tags: ['team:billing'], ...more });
      const field = Object.keys(more)[0]!;
      const added = await send(`POST /clients/${id}/secrets`, undefined, { headers: { 'idempotency-key': `k-${field}` } });
      expect(added).toMatchObject({ status: 403, body: { error_description: expect.stringMatching(new RegExp(`^${field} `)) as string } });
      const role = { iam_principals: ['arn:aws:iam::111122223333:role/mine'] };
      expect((await send(`PUT /clients/${id}`, { scope: 'read', tags: ['team:billing'], ...more, ...role })).status).toBe(403);
      expect((await send(`POST /clients/${id}/api-keys`)).status).toBe(403);
      expect((await stored(id))?.['secrets']).toHaveLength(1);
      // Taking it away, and then arming it, is another matter.
      expect((await send(`PUT /clients/${id}`, { scope: 'read', tags: ['team:billing'], ...role })).status).toBe(200);
    },
  );

  it('can be cut off', async () => {
    const { client_id: id } = await service.register(MORE);
    expect((await send(`PUT /clients/${id}`, { ...MORE, disabled: true })).status).toBe(200);
    expect((await send(`DELETE /clients/${id}`)).status).toBe(204);
  });
});

describe('other managers, and itself', () => {
  it.each([
    ['one that manages everything', { scope: 'read clients:manage', tags: ['team:billing'] }],
    [
      'one that manages others too',
      { scope: 'read clients:manage', tags: ['team:billing'], manages_tags: ['team:billing', 'team:orders'] },
    ],
  ])('%s can be seen and nothing else', async (_, metadata) => {
    const { client_id: id } = await service.register(metadata);
    const before = await stored(id);
    expect((await send(`GET /clients/${id}`)).status).toBe(200);
    for (const [, to, json] of ROUTES.filter(([route]) => !route.startsWith('GET')))
      expect(await send(to(id), json)).toMatchObject({ status: 403, body: { error: 'access_denied' } });
    expect((await send('DELETE /sessions', undefined, { query: `client_id=${id}` })).status).toBe(403);
    expect(await stored(id)).toEqual(before);
  });

  it('one that manages fewer of its tags is its own', async () => {
    const metadata = { scope: 'clients:manage', tags: ['team:billing'], manages_tags: ['team:billing'] };
    const { client_id: id } = await service.register(metadata);
    expect((await send(`PUT /clients/${id}`, { ...metadata, manages_tags: ['team:invoices'] })).status).toBe(200);
    expect((await send(`PUT /clients/${id}`, { ...metadata, manages_tags: null })).status).toBe(403);
    expect((await send(`POST /clients/${id}/secrets`)).status).toBe(201);
  });

  it('lifts no limit of its own, nor through a puppet', async () => {
    const before = await stored(manager.client_id);
    for (const change of [{ scope: `${AUTHORITY.scope} admin` }, { manages_tags: null }, { rate_limit_per_minute: 1_000_000 }, {}])
      expect((await send(`PUT /clients/${manager.client_id}`, { ...AUTHORITY, ...change })).status).toBe(403);
    const { manages_tags, tags } = AUTHORITY;
    const puppet = (await send('POST /clients', { scope: AUTHORITY.scope, manages_tags, tags })).body as Registered;
    const asPuppet = { bearer: await tokenOf(puppet) };
    for (const change of [{ ip_ranges: [] }, { client_expires_at: null }, { disabled: false }])
      expect((await send(`PUT /clients/${manager.client_id}`, { ...AUTHORITY, ...change }, asPuppet)).status).toBe(403);
    expect(await stored(manager.client_id)).toEqual(before);
    expect((await send(`DELETE /clients/${puppet.client_id}`)).status).toBe(204);
  });

  it('may exchange its own secret where it has one of its tags', async () => {
    const added = await send(`POST /clients/${manager.client_id}/secrets`);
    expect(added.status).toBe(201);
    expect((await send(`DELETE /clients/${manager.client_id}/secrets/${added.body.id as string}`)).status).toBe(204);
  });
});

describe('what is taken from a manager is gone at its next request, though its token lives', () => {
  const demoted = async (change: Readonly<Record<string, unknown>>): Promise<string> => {
    const deputy = await service.register({ ...AUTHORITY, tags: [] });
    const token = await tokenOf(deputy);
    expect((await send(`GET /clients/${own.client_id}`, undefined, { bearer: token })).status).toBe(200);
    const json = { ...AUTHORITY, tags: [], ...change };
    expect((await service.send({ to: `PUT /iam/clients/${deputy.client_id}`, userArn: OPS, json })).status).toBe(200);
    return token;
  };

  it('a tag', async () => {
    const token = await demoted({ manages_tags: ['team:invoices'] });
    expect((await send(`GET /clients/${own.client_id}`, undefined, { bearer: token })).status).toBe(404);
    expect((await send(`GET /clients/${shared.client_id}`, undefined, { bearer: token })).status).toBe(200);
  });

  it('the freedom from tags', async () => {
    const deputy = await service.register({ scope: 'clients:manage' });
    const token = await tokenOf(deputy);
    expect((await send(`GET /clients/${foreign.client_id}`, undefined, { bearer: token })).status).toBe(200);
    const json = { scope: 'clients:manage', manages_tags: ['team:billing'] };
    await service.send({ to: `PUT /iam/clients/${deputy.client_id}`, userArn: OPS, json });
    expect((await send(`GET /clients/${foreign.client_id}`, undefined, { bearer: token })).status).toBe(404);
  });

  it('a scope that it could give', async () => {
    const token = await demoted({ scope: 'read clients:manage' });
    const json = { scope: 'write', tags: ['team:billing'] };
    expect((await send('POST /clients', json, { bearer: token })).status).toBe(403);
  });

  it('management itself', async () => {
    const token = await demoted({ scope: 'read write' });
    for (const to of ['GET /clients', `GET /clients/${own.client_id}`])
      expect(await send(to, undefined, { bearer: token })).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } });
    const query = `client_id=${own.client_id}`;
    expect((await send('GET /sessions', undefined, { bearer: token, query })).status).toBe(403);
  });
});

describe('a client that is taken from the manager meanwhile', () => {
  const retagged = async ({ client_id: id }: Registered): Promise<void> => {
    const json = { scope: 'read', tags: ['team:orders'] };
    expect((await service.send({ to: `PUT /iam/clients/${id}`, userArn: OPS, json })).status).toBe(200);
  };

  it.each<[string, (id: string) => string, unknown?]>([
    ['a secret', (id) => `POST /clients/${id}/secrets`],
    ['a change', (id) => `PUT /clients/${id}`, { tags: ['team:billing'] }],
    ['its end', (id) => `DELETE /clients/${id}`],
  ])('between read and write gets no %s', async (_, to, json) => {
    const { client_id: id } = own;
    const answer = await beforeFirstChangeOf(
      id,
      () => retagged(own),
      () => send(to(id), json),
    );
    expect([404, 409]).toContain(answer.status);
    expect(await stored(id)).toMatchObject({ status: 'active', tags: ['team:orders'] });
    expect((await stored(id))?.['secrets']).toHaveLength(1);
  });

  it('is not shown again by a repeated Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'taken-away-meanwhile' };
    const json = { scope: 'read', tags: ['team:billing'] };
    const made = await send('POST /clients', json, { headers });
    expect((await send('POST /clients', json, { headers })).body).toEqual(made.body);
    await retagged(made.body as Registered);
    expect((await send('POST /clients', json, { headers })).status).toBe(422);
  });
});

it('costs no call more than an unrestricted manager’s, except the read before a deletion and before sessions end', async () => {
  const unrestricted = await tokenOf(await service.register({ scope: 'clients:manage' }));
  const cost = async (to: string, json: unknown, token: string): Promise<readonly string[]> => {
    service.calls.clear();
    await send(to, json, { bearer: token });
    return service.calls.names();
  };
  for (const [, to, json] of ROUTES.filter(([route]) => !route.startsWith('DELETE /clients/{client_id}')))
    expect(await cost(to(own.client_id), json, bearer)).toEqual(await cost(to(shared.client_id), json, unrestricted));
  const added = await cost(`DELETE /clients/${own.client_id}`, undefined, bearer);
  expect(added).toEqual(['GetItem CLIENT', ...(await cost(`DELETE /clients/${shared.client_id}`, undefined, unrestricted))].sort());
});

it('AWS administrators are restricted by IAM alone', async () => {
  for (const { client_id: id } of [own, foreign, shared])
    expect((await service.send({ to: `GET /iam/clients/${id}`, userArn: OPS })).status).toBe(200);
});
