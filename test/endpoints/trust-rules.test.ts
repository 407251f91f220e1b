// Managing trust rules: who may, what is stored, and what `test` says of a token.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { externalIssuer } from './external-issuers.ts';
import type { Answer } from './request.ts';
import { ISSUER, useService, type Registered } from './service-under-test.ts';

const service = useService();
const EXTERNAL = 'https://kubernetes.example.com';
const issuer = externalIssuer(EXTERNAL);
const SUBJECT = 'system:serviceaccount:payments:billing';
const RULE = { issuer: EXTERNAL, kind: 'kubernetes', jwks: issuer.jwks, conditions: [{ claim: 'sub', equals: SUBJECT }] };

let all: string;
let some: string;
let own: Registered;
let foreign: Registered;
const bearerOf = async (metadata: object, id: string): Promise<string> => {
  const manager = await service.register({ access_token_lifetime: 3600, ...metadata }, id);
  const form = { grant_type: 'client_credentials', scope: 'clients:manage' };
  return (await service.send({ to: 'POST /token', basic: manager, form })).body.access_token as string;
};
beforeAll(async () => {
  all = await bearerOf({ scope: 'clients:manage' }, 'manager-of-all');
  some = await bearerOf({ scope: 'read clients:manage', manages_tags: ['team:billing'] }, 'manager-of-billing');
});
beforeEach(async () => {
  own = await service.register({ scope: 'read', tags: ['team:billing'] });
  foreign = await service.register({ scope: 'read', tags: ['team:orders'] });
});
const send = (to: string, json?: unknown, bearer = all): Promise<Answer> =>
  service.send({ to, bearer, ...(json === undefined ? {} : { json }) });
const add = (client: Registered, terms: object = {}, bearer = all): Promise<Answer> =>
  send('POST /trust-rules', { ...RULE, client_id: client.client_id, ...terms }, bearer);
const tokenOf = (claims: object = {}) =>
  issuer.token({ sub: SUBJECT, aud: [ISSUER], iat: service.now(), exp: service.now() + 600, ...claims });
const stored = (id: string) => {
  const [digest = '', client = '', random = ''] = id.split('.');
  return service.engine.item({ PK: `ISSUER#${digest}`, SK: `RULE#${client}#${random}` });
};

describe('adding one', () => {
  it('answers 201 with what holds from now on, and notes on what it leaves open', async () => {
    const { status, body } = await add(own, { description: 'nightly', scope: 'read', maximum_lifetime: 300 });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(new RegExp(`^[A-Za-z0-9_-]{16}\\.${own.client_id}\\.[0-9a-f]{12}$`)),
      client_id: own.client_id,
      issuer: EXTERNAL,
      kind: 'kubernetes',
      description: 'nightly',
      audience: ISSUER,
      conditions: RULE.conditions,
      scope: 'read',
      maximum_lifetime: 300,
      maximum_age: 3600,
      single_use: false,
      jwks: { keys: [expect.objectContaining({ kty: 'RSA', use: 'sig' })] },
      created_at: new Date(service.now() * 1000).toISOString().replace('.000Z', 'Z'),
      created_by: 'manager-of-all',
      warnings: [{ field: 'conditions', problem: expect.stringContaining('deleted and made again') }],
    });
    const { warnings: _, ...rule } = body;
    expect((await send(`GET /trust-rules/${body.id}`)).body).toEqual(rule);
    expect((await stored(body.id as string))?.['event']).toMatchObject({
      event_type: 'trust_rule_added',
      client_id: own.client_id,
      reason: `by:manager-of-all ${body.id}`,
    });
  });
  it('gives no token of a client that is not there', async () => {
    expect((await add({ client_id: 'c_of_nobody', client_secret: '' })).status).toBe(404);
  });
  it('names what is wrong, and stores nothing', async () => {
    const wrong = await add(own, { conditions: [{ claim: ['kubernetes.io', 'namespace'], equals: 'payments' }] });
    expect([wrong.status, wrong.body.error_description]).toEqual([400, expect.stringMatching(/^conditions could be met by strangers/)]);
    expect((await add(own, { condition: [] })).body.error_description).toBe('condition is not a member of a trust rule');
    expect((await send('GET /trust-rules')).body.items.filter((rule: any) => rule.client_id === own.client_id)).toEqual([]);
  });
  it('takes 20 of a client at an issuer, and no more', async () => {
    for (let rule = 0; rule < 20; rule += 1) expect((await add(own)).status).toBe(201);
    expect((await add(own)).status).toBe(400);
    expect((await add(foreign)).status).toBe(201);
    expect((await add(own, { issuer: 'https://another.example.com' })).status).toBe(201);
  });
  it('is not for a token without the scope', async () => {
    const bearer = (await service.send({ to: 'POST /token', basic: own, form: { grant_type: 'client_credentials' } })).body.access_token;
    expect((await add(own, {}, bearer as string)).status).toBe(403);
    expect((await service.send({ to: 'POST /trust-rules', json: RULE })).status).toBe(401);
  });
});

describe('a manager of tags', () => {
  it('gives rules to its own clients alone', async () => {
    expect((await add(own, {}, some)).status).toBe(201);
    expect((await add(foreign, {}, some)).status).toBe(404);
  });
  it('gives none to a client that holds more than it does itself', async () => {
    const strong = await service.register({ scope: 'read write', tags: ['team:billing'] });
    expect(await add(strong, { scope: 'read' }, some)).toMatchObject({ status: 403, body: { error: 'access_denied' } });
  });
  it('sees, tests and removes those alone', async () => {
    const { id } = (await add(foreign)).body as { id: string };
    const listed = (await send('GET /trust-rules', undefined, some)).body.items as { id: string; client_id: string }[];
    expect(listed.map((rule) => rule.client_id)).not.toContain(foreign.client_id);
    for (const to of [`GET /trust-rules/${id}`, `DELETE /trust-rules/${id}`])
      expect(await send(to, undefined, some)).toMatchObject({ status: 404, body: { error_description: 'there is no such trust rule' } });
    const verdict = (await send('POST /trust-rules/test', { token: tokenOf() }, some)).body;
    expect(JSON.stringify(verdict)).not.toContain(foreign.client_id);
    expect((await send(`GET /trust-rules/${id}`)).status).toBe(200);
  });
});

describe('listing', () => {
  it('goes through all pages, each rule once', async () => {
    const ids = new Set<string>();
    for (let rule = 0; rule < 5; rule += 1) ids.add((await add(own, { issuer: `https://issuer-${rule}.example.com` })).body.id as string);
    const found: string[] = [];
    let query = 'limit=2';
    for (;;) {
      const { body } = await service.send({ to: 'GET /trust-rules', bearer: all, query });
      found.push(...(body.items as { id: string }[]).map(({ id }) => id));
      if (body.next === null) break;
      query = `limit=2&cursor=${body.next as string}`;
    }
    expect(new Set(found).size).toBe(found.length);
    expect([...ids].filter((id) => !found.includes(id))).toEqual([]);
  });
  it.each(['AAAA', 'x', Buffer.from('a.b.c').toString('base64url')])('refuses %s, which no page gave out', async (cursor) => {
    expect((await service.send({ to: 'GET /trust-rules', bearer: all, query: `cursor=${cursor}` })).status).toBe(400);
  });
});

describe('removing one', () => {
  it('is one event and a tombstone without terms', async () => {
    const { id } = (await add(own)).body as { id: string };
    expect((await send(`DELETE /trust-rules/${id}`)).status).toBe(204);
    const item = await stored(id);
    expect(item).toMatchObject({ status: 'removed', event: { event_type: 'trust_rule_removed', reason: `by:manager-of-all ${id}` } });
    expect(item).not.toHaveProperty('terms');
    expect(item).not.toHaveProperty('listing');
    expect((await send(`DELETE /trust-rules/${id}`)).status).toBe(204);
    expect(await stored(id)).toEqual(item);
    expect((await add(own)).status).toBe(201);
  });
  it('works for a client that is gone', async () => {
    const { id } = (await add(own)).body as { id: string };
    await send(`DELETE /clients/${own.client_id}`);
    expect((await send(`DELETE /trust-rules/${id}`)).status).toBe(204);
  });
  it.each(['x', '..%2F', 'AAAAAAAAAAAAAAAA.c.0123456789ab', `${'A'.repeat(16)}.${'c'.repeat(65)}.0123456789ab`])(
    'knows no %s',
    async (id) => {
      expect((await send(`DELETE /trust-rules/${id}`)).status).toBe(404);
      expect((await send(`GET /trust-rules/${id}`)).status).toBe(404);
    },
  );
});

describe('testing a token', () => {
  it('says which rule takes it, and why each other does not', async () => {
    const taken = (await add(own)).body.id as string;
    const other = (
      await add(own, { conditions: [{ claim: 'sub', equals: 'system:serviceaccount:payments:other' }], audience: 'https://a.example' })
    ).body.id;
    const { body } = await send('POST /trust-rules/test', { token: tokenOf() });
    expect(body.subject).toBe(JSON.stringify(SUBJECT));
    const byId = new Map((body.rules as { id: string; accepts: boolean; mismatches: unknown }[]).map((rule) => [rule.id, rule]));
    expect(byId.get(taken)).toMatchObject({ accepts: true, mismatches: [] });
    expect(byId.get(other as string)).toMatchObject({
      accepts: false,
      mismatches: [
        { check: 'aud', expected: '"https://a.example" alone', found: `["${ISSUER}"]` },
        { check: 'claim sub', expected: '"system:serviceaccount:payments:other"', found: `"${SUBJECT}"` },
      ],
    });
  });
  it('uses nothing up', async () => {
    const client = await service.register({ scope: 'read' });
    const subject = 'system:serviceaccount:payments:once';
    await add(client, { single_use: true, conditions: [{ claim: 'sub', equals: subject }] });
    const token = tokenOf({ sub: subject, jti: 'once' });
    expect((await send('POST /trust-rules/test', { token })).body).toMatchObject({ accepted: true, client_id: client.client_id });
    const form = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: token };
    expect((await service.send({ to: 'POST /token', form })).status).toBe(200);
    expect((await service.send({ to: 'POST /token', form })).status).toBe(400);
  });
  it('cannot steer a terminal, nor fill one', async () => {
    await add(own);
    const { body } = await send('POST /trust-rules/test', { token: tokenOf({ sub: `\u001b[2J${'x'.repeat(1000)}` }) });
    expect(body.subject).toMatch(/^[\x20-\x7E]+$/);
    expect((body.subject as string).length).toBeLessThan(140);
  });
  it.each([undefined, 7, 'x', 'a.b.c'])('takes no %s', async (token) => {
    expect((await send('POST /trust-rules/test', { token })).body.error_description).toBe('token must be a signed JWT whose iss is a URL');
  });
});
