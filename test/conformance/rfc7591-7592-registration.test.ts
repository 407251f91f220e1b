// RFC 7591 and RFC 7592, client registration and its management by bearers of clients:manage; SECURITY 103 to 107.
import { beforeAll, describe, expect, it } from 'vitest';
import { auditTrail } from '../e2e/audit-trail.ts';
import { bearer } from '../e2e/call.ts';
import { endpointsOf } from '../e2e/endpoints.ts';
import { runningService } from '../e2e/running-service.ts';

const service = runningService();
const api = endpointsOf(service);
const { call, manage, token, accessToken, register, refresh } = api;
let manager: string;
beforeAll(async () => {
  manager = await api.managementToken();
});

describe('RFC 7591 section 3, registration is closed', () => {
  it('without a token 401, with an ordinary one 403, and the secret of a client is no token', async () => {
    const ordinary = await accessToken(await register());
    for (const [headers, status] of [
      [{}, 401],
      [bearer(ordinary), 403],
      [bearer(service.demoAdmin.client_secret), 401],
    ] as const)
      for (const [method, path] of [
        ['POST', '/clients'],
        ['GET', '/clients'],
        ['GET', '/clients/demo-service'],
        ['PUT', '/clients/demo-service'],
      ] as const)
        expect(
          (await call(path, { method, headers, ...(method === 'GET' ? {} : { body: { scope: 'x' } }) })).status,
          `${method} ${path}`,
        ).toBe(status);
  });
});

describe('RFC 7591 section 3.2.1, client information response', () => {
  it('201, not stored, with everything that was registered, and the secret this once', async () => {
    const answer = await manage('POST', '/clients', { client_name: 'Billing – β', scope: 'read write', roles: ['user'], tags: ['a'] });
    expect(answer.status).toBe(201);
    expect([answer.headers['cache-control'], answer.headers.pragma]).toEqual(['no-store', 'no-cache']);
    expect(answer.body).toMatchObject({
      client_id: expect.stringMatching(/^[A-Za-z0-9_-]{16,64}$/),
      client_secret: expect.stringMatching(/^m2m_cs_[A-Za-z0-9_-]{43,}$/),
      client_secret_expires_at: 0,
      client_id_issued_at: expect.any(Number),
      client_name: 'Billing – β',
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_basic',
      scope: 'read write',
      roles: ['user'],
      updated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
    const { client_id, client_secret } = answer.body;
    for (const later of [await manage('GET', `/clients/${client_id}`), await manage('PUT', `/clients/${client_id}`, { scope: 'read' })]) {
      expect(later.status).toBe(200);
      expect(later.body.client_secret).toBeUndefined();
      expect(later.text).not.toContain(client_secret);
      expect(later.text).not.toMatch(/digest|pepper|epoch/);
    }
  });

  it('nothing that the server decides can be asked for', async () => {
    const wish = {
      client_secret: 'chosen',
      epoch: 99,
      secrets: [{ id: 'x' }],
      client_id_issued_at: 1,
      version: 9,
      __proto__: { a: 1 },
    };
    const { status, body } = await manage('POST', '/clients', wish);
    expect(status).toBe(201);
    expect(body.client_secret).not.toBe('chosen');
    expect(body.client_id_issued_at).toBeGreaterThan(1e9);
  });

  it('two equal requests make two clients', async () => {
    const [first, second] = [await register({ client_name: 'twin' }), await register({ client_name: 'twin' })];
    expect(first.client_id).not.toBe(second.client_id);
  });
});

describe('RFC 7591 section 3.2.2, client registration error response', () => {
  it.each([
    [{ grant_types: ['password'] }], [{ grant_types: [] }], [{ grant_types: 'client_credentials' }], [{ grant_types: ['refresh_token'] }],
    [{ token_endpoint_auth_method: 'none' }], [{ scope: ['read'] }], [{ scope: 'a"b' }], [{ scope: 'a\nb' }], [{ scope: 'a\u0000' }],
    [{ default_scope: 'admin', scope: 'read' }], [{ roles: 'admin' }], [{ roles: [''] }], [{ roles: ['a b'] }], [{ client_name: '' }],
    [{ client_name: 'x\u0007' }], [{ client_name: 'x'.repeat(129) }], [{ client_name: 7 }], [{ audiences: ['relative'] }], [{ audiences: [] }],
    [{ access_token_lifetime: 0 }], [{ access_token_lifetime: 1.5 }], [{ access_token_lifetime: '900' }], [{ refresh_token_lifetime: -1 }],
    [{ ip_ranges: ['300.0.0.0/8'] }], [{ ip_ranges: ['10.0.0.0/33'] }], [{ rate_limit_per_minute: 1e12 }], [{ disabled: 'true' }],
    [{ refresh_client_auth: 'maybe' }], [{ may_introspect: 'all' }], [{ client_expires_at: 'tomorrow' }],
    [{ scope: Array.from({ length: 51 }, (_, index) => `s${index}`).join(' ') }],
  ])('%j is invalid_client_metadata that names the field', async (metadata) => {
    const answer = await manage('POST', '/clients', metadata);
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_client_metadata']);
    expect(Object.keys(metadata).some((field) => answer.body.error_description.includes(field))).toBe(true);
    expect(answer.body.error_description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
  }); // prettier-ignore

  it.each([
    '[]',
    '"x"',
    'null',
    '{',
    '{"scope":"a","scope":"b"}',
    '{"__proto__":',
    '',
    '1e999',
    `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
  ])('a body of %.30s is refused', async (body) => {
    const answer = await call('/clients', { method: 'POST', headers: { ...bearer(manager), 'content-type': 'application/json' }, body });
    expect(answer.status).toBe(400);
    expect(['invalid_request', 'invalid_client_metadata']).toContain(answer.body.error);
  });

  it('a form is no registration', async () => {
    const answer = await call('/clients', { method: 'POST', headers: bearer(manager), body: 'scope=read' });
    expect([answer.status, answer.body.error]).toEqual([415, 'invalid_request']);
  });
});

describe('RFC 7592 section 2.1, reading', () => {
  it('an unknown client, and whatever is no id at all, is 404', async () => {
    for (const id of [
      'nobody',
      'x'.repeat(65),
      'CLIENT%23demo-service',
      'demo-service%2f',
      '%00',
      '%F0%9F%98%80',
      'demo-service%23SECRET',
      '..',
      '*',
    ])
      expect((await manage('GET', `/clients/${id}`)).status, id).toBe(404);
  });

  it('a list comes in pages that hold every client once', async () => {
    const mine = await Promise.all(Array.from({ length: 5 }, () => register({ client_name: 'paged' })));
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { status, body } = await manage('GET', `/clients?limit=3${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`);
      expect(status).toBe(200);
      expect(body.items.length).toBeLessThanOrEqual(3);
      seen.push(...body.items.map(({ client_id }: { client_id: string }) => client_id));
      cursor = body.next;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(expect.arrayContaining(['demo-service', 'demo-admin', ...mine.map(({ client_id }) => client_id)]));
  });

  it.each(['limit=0', 'limit=101', 'limit=x', 'limit=1&limit=2', 'cursor=garbage', 'cursor=%00', 'cursor=eyJhIjoxfQ'])(
    '?%s is invalid_request',
    async (query) => {
      const answer = await manage('GET', `/clients?${query}`);
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request']);
    },
  );
});

describe('RFC 7592 section 2.2, updating', () => {
  it('replaces everything: what is left out returns to its default, and the secret stays', async () => {
    const client = await register({ client_name: 'old', roles: ['user'] });
    const { body } = await manage('PUT', `/clients/${client.client_id}`, { client_id: client.client_id, scope: 'read' });
    expect(body).toMatchObject({ scope: 'read', roles: [], grant_types: ['client_credentials'] });
    expect(body.client_name).toBeUndefined();
    expect((await token(client)).body.scope).toBe('read');
  });

  it('a client_id that differs from the path is refused', async () => {
    const client = await register();
    const answer = await manage('PUT', `/clients/${client.client_id}`, { client_id: 'demo-service', scope: 'read' });
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_client_metadata']);
  });

  it('takes effect at the next refresh: a scope that is gone is not granted again', async () => {
    const client = await register({ scope: 'read write' });
    const { refresh_token } = (await token(client)).body;
    await manage('PUT', `/clients/${client.client_id}`, { scope: 'read', grant_types: ['client_credentials', 'refresh_token'] });
    const answer = await refresh(client, refresh_token);
    expect(answer.body.scope ?? '').not.toContain('write');
  });

  it('disabling ends tokens and sessions at once; enabling again brings none of them back', async () => {
    const client = await register();
    const before = (await token(client)).body;
    const metadata = { scope: 'read write', grant_types: ['client_credentials', 'refresh_token'] };
    await manage('PUT', `/clients/${client.client_id}`, { ...metadata, disabled: true });
    expect((await token(client)).status).toBe(401);
    expect((await refresh(client, before.refresh_token)).status).toBe(401);
    expect((await api.protected(before.access_token)).status).toBe(401);
    await manage('PUT', `/clients/${client.client_id}`, metadata);
    expect((await api.protected(before.access_token)).status).toBe(401);
    expect((await refresh(client, before.refresh_token)).status).toBe(400);
    expect((await api.protected((await token(client)).body.access_token)).status).toBe(200);
  });

  it('two updates at the same time: both are told the truth, and neither is lost in silence', async () => {
    const client = await register();
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        manage('PUT', `/clients/${client.client_id}`, { scope: 'read', client_name: `writer ${index}` }),
      ),
    );
    expect(answers.map(({ status }) => status).filter((status) => status !== 200 && status !== 409)).toEqual([]);
    const written = answers.filter(({ status }) => status === 200).map(({ body }) => body.client_name as string);
    expect(written).toContain((await manage('GET', `/clients/${client.client_id}`)).body.client_name);
  });
});

it('every change of a client is in the audit trail, with who made it and what it changed', async () => {
  const client = await register();
  const path = `/clients/${client.client_id}`;
  await manage('PUT', path, { scope: 'read', client_name: 'changed' });
  await manage('PUT', path, { scope: 'read', disabled: true });
  await manage('PUT', path, { scope: 'read' });
  const events = auditTrail(service).filter(({ client_id }) => client_id === client.client_id);
  expect(events.map(({ event_type }) => event_type)).toEqual(['client_created', 'client_changed', 'client_disabled', 'client_enabled']);
  expect(events.every(({ ip, event_id, timestamp }) => ip === '127.0.0.1' && event_id && timestamp)).toBe(true);
  expect(events.map(({ reason }) => reason)).toEqual(
    ['', ' client_name,grant_types,scope', ' client_name,disabled', ' disabled'].map((changed) => `by:demo-admin${changed}`),
  );
});
