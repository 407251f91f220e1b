import { beforeAll, describe, expect, it } from 'vitest';
import { ALGORITHMS } from '../../src/tokens/algorithms.ts';
import { testKey, type TestKey } from '../tokens/test-issuer.ts';
import { claimsOf } from './access-token.ts';
import { assertionForm, signedAssertion, type AssertionChanges } from './assertions.ts';
import type { Answer, Sent } from './request.ts';
import { ISSUER, useService, type Registered } from './service-under-test.ts';

const LOCKOUT = JSON.stringify({ failures: 3, window: 900, first_delay: 30, max_delay: 1800, at_once: 400 });
const service = useService({ environment: { LOCKOUT } });
const KEYS = Object.fromEntries(ALGORITHMS.map((alg) => [alg, testKey(alg)])) as Record<(typeof ALGORITHMS)[number], TestKey>;
const key = KEYS.ES256;
const GRANT = { grant_type: 'client_credentials' };
const METHOD = { token_endpoint_auth_method: 'private_key_jwt' };
const BOTH = { grant_types: ['client_credentials', 'refresh_token'] };

const registerWith = (...keys: readonly TestKey[]): Promise<Registered> => registered({}, ...keys);
const registered = (metadata: object, ...keys: readonly TestKey[]): Promise<Registered> =>
  service.register({ ...METHOD, jwks: { keys: keys.map(({ jwk }) => jwk) }, ...metadata });

let client: Registered;
beforeAll(async () => {
  client = await registerWith(...Object.values(KEYS));
});

const assertionOf = ({ client_id }: Registered, changes?: AssertionChanges, by: TestKey = key): string =>
  signedAssertion(by, { clientId: client_id, issuer: ISSUER, now: service.now() }, changes);
const ask = (assertion: string, more: Readonly<Record<string, string>> = {}, sent: Partial<Sent> = {}): Promise<Answer> =>
  service.send({ to: 'POST /token', form: { ...GRANT, ...assertionForm(assertion), ...more }, ...sent });
const reasons = (): unknown[] => service.log.lines().flatMap(({ message, reason }) => (message === 'refused' ? [reason] : []));
const expectRefused = (answer: Answer): void => {
  expect(answer).toMatchObject({
    status: 401,
    body: { error: 'invalid_client', error_description: 'client authentication failed' },
    headers: { 'www-authenticate': 'Basic realm="m2m-auth", charset="UTF-8"' },
  });
};

describe('a client with keys', () => {
  it.each(ALGORITHMS)('gets a token by an assertion that is signed with %s', async (alg) => {
    const { status, body } = await ask(assertionOf(client, {}, KEYS[alg]));
    expect(status).toBe(200);
    expect(claimsOf(body.access_token as string)).toMatchObject({ client_id: client.client_id, amr: ['private_key_jwt'] });
  });

  it('may say its client_id too, as long as it is the same', async () => {
    expect((await ask(assertionOf(client), { client_id: client.client_id })).status).toBe(200);
    expect(await ask(assertionOf(client), { client_id: 'another' })).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  it('authenticates in the same way at every endpoint', async () => {
    const one = await registered(BOTH, key);
    const form = () => assertionForm(assertionOf(one));
    const first = (await ask(assertionOf(one))).body as { access_token: string; refresh_token: string };
    const next = await service.send({ to: 'POST /refresh', form: { refresh_token: first.refresh_token, ...form() } });
    expect(next).toMatchObject({ status: 200 });
    expect(claimsOf(next.body.access_token as string)['amr']).toEqual(['private_key_jwt']);
    const grant = { grant_type: 'refresh_token', refresh_token: next.body.refresh_token as string };
    expect((await service.send({ to: 'POST /token', form: { ...grant, ...form() } })).status).toBe(200);
    const token = first.access_token;
    expect((await service.send({ to: 'POST /introspect', form: { token, ...form() } })).body).toMatchObject({ active: true });
    expect((await service.send({ to: 'POST /revoke', form: { token, ...form() } })).status).toBe(200);
    expect((await service.send({ to: 'POST /introspect', form: { token, ...form() } })).body).toEqual({ active: false });
    for (const to of ['POST /revoke', 'POST /introspect'])
      expectRefused(
        await service.send({ to, form: { token, ...assertionForm(assertionOf(one, { claims: { aud: `${ISSUER}/revoke` } })) } }),
      );
    expectRefused(await service.send({ to: 'POST /refresh', form: { refresh_token: next.body.refresh_token as string } }));
  });

  it('may replace a key while both serve, and not go on with one that it has given up', async () => {
    const [old, fresh] = [testKey('ES256'), testKey('ES256')];
    const one = await registerWith(old, fresh);
    expect((await ask(assertionOf(one, {}, old))).status).toBe(200);
    expect((await ask(assertionOf(one, {}, fresh))).status).toBe(200);
    const manager = await service.register({ scope: 'clients:manage' });
    const bearer = (await service.send({ to: 'POST /token', basic: manager, form: { ...GRANT, scope: 'clients:manage' } })).body
      .access_token;
    const to = `PUT /clients/${one.client_id}`;
    const put = await service.send({ to, bearer, json: { ...METHOD, scope: 'read write', jwks: { keys: [fresh.jwk] } } });
    expect(put.body).toMatchObject({ jwks: { keys: [{ kid: fresh.kid }] } });
    expectRefused(await ask(assertionOf(one, {}, old)));
    expect((await ask(assertionOf(one, {}, fresh))).status).toBe(200);
  });

  it('is limited to the algorithm that it has registered', async () => {
    const { alg: _, ...bare } = KEYS.PS256.jwk;
    const one = await service.register({ ...METHOD, jwks: { keys: [bare] }, token_endpoint_auth_signing_alg: 'PS256' });
    expect((await ask(assertionOf(one, {}, KEYS.PS256))).status).toBe(200);
    expectRefused(await ask(assertionOf(one, { header: { alg: 'RS256' } }, { ...KEYS.PS256, alg: 'RS256' })));
  });

  it('that may not act now, or from here, gets nothing', async () => {
    for (const metadata of [{ disabled: true }, { ip_ranges: ['192.0.2.0/24'] }]) {
      const one = await registered(metadata, key);
      expectRefused(await ask(assertionOf(one)));
    }
    expect(reasons()).toEqual(['client_disabled', 'network_not_allowed']);
    const near = await registered({ ip_ranges: ['203.0.113.0/24'] }, key);
    expect(claimsOf((await ask(assertionOf(near))).body.access_token as string)['amr']).toEqual(['private_key_jwt', 'ip']);
  });

  it('sees when each of its keys was last used', async () => {
    const one = await registerWith(key, KEYS.RS256);
    await ask(assertionOf(one));
    const manager = await service.register({ scope: 'clients:manage' });
    const bearer = (await service.send({ to: 'POST /token', basic: manager, form: { ...GRANT, scope: 'clients:manage' } })).body
      .access_token;
    const { body } = await service.send({ to: `GET /clients/${one.client_id}`, bearer });
    expect(body.credentials).toMatchObject([{ type: 'public_key', kid: key.kid, last_used_ip: '203.0.113.7' }, { kid: KEYS.RS256.kid }]);
    expect(body.credentials[1].last_used_at).toBeUndefined();
  });
});

describe('only the registered method serves', () => {
  let manager: string;
  beforeAll(async () => {
    const basic = await service.register({ scope: 'clients:manage' });
    manager = (await service.send({ to: 'POST /token', basic, form: { ...GRANT, scope: 'clients:manage' } })).body.access_token as string;
  });

  it('whoever registers for keys gets no secret, with an Idempotency-Key or without', async () => {
    const json = { ...METHOD, scope: 'read', jwks: { keys: [key.jwk] } };
    for (const headers of [{}, { 'idempotency-key': 'once' }, { 'idempotency-key': 'once' }]) {
      const { status, body } = await service.send({ to: 'POST /clients', bearer: manager, headers, json });
      expect(status).toBe(201);
      expect(body).not.toHaveProperty('client_secret');
      expect(body).not.toHaveProperty('client_secret_expires_at');
      expect(body.credentials).toMatchObject([{ type: 'public_key' }]);
      expect((await ask(assertionOf(body as Registered))).status).toBe(200);
    }
  });

  it('a secret that is added all the same waits until the client is registered for it', async () => {
    const one = await registerWith(key);
    const { client_secret } = (await service.send({ to: `POST /clients/${one.client_id}/secrets`, bearer: manager, json: {} }))
      .body as Registered;
    const basic = { ...one, client_secret };
    expectRefused(await service.send({ to: 'POST /token', basic, form: GRANT }));
    expect(reasons()).toEqual(['method_not_registered']);
    const json = { scope: 'read write', jwks: { keys: [key.jwk] } };
    await service.send({ to: `PUT /clients/${one.client_id}`, bearer: manager, json });
    expect((await service.send({ to: 'POST /token', basic, form: GRANT })).status).toBe(200);
    expectRefused(await ask(assertionOf(one)));
  });

  it('nor an empty one, at any endpoint or by any of the ways to send it, and guessing at one locks no key out', async () => {
    const one = await registerWith(key);
    let from = 0;
    const guess = (sent: Partial<Sent>): Promise<Answer> => service.send({ to: 'POST /token', ip: `203.0.113.${(from += 1)}`, ...sent });
    for (const client_secret of ['', 'x'])
      for (const to of ['POST /token', 'POST /revoke', 'POST /introspect'])
        expectRefused(await guess({ to, basic: { ...one, client_secret }, form: { ...GRANT, token: 'x' } }));
    expectRefused(await guess({ form: { ...GRANT, ...one, client_secret: 'x' } }));
    const statuses: number[] = [];
    for (let round = 0; round < 6; round += 1)
      statuses.push((await guess({ basic: { ...one, client_secret: 'x' }, form: GRANT, ip: '203.0.113.99' })).status);
    expect(statuses.at(-1)).toBe(429);
    expect((await ask(assertionOf(one), {}, { ip: '203.0.113.99' })).status).toBe(200);
  });

  it('a client with a secret cannot sign instead, whatever keys are registered', async () => {
    const one = await service.register({ jwks: { keys: [key.jwk] } });
    expectRefused(await ask(assertionOf(one)));
    expect(reasons()).toEqual(['method_not_registered']);
    expect((await service.send({ to: 'POST /token', basic: one, form: GRANT })).status).toBe(200);
  });

  it('nor does an assertion exchange a secret', async () => {
    const form = assertionForm(assertionOf(client));
    expectRefused(await service.send({ to: `POST /clients/${client.client_id}/secrets/rotation`, form }));
  });
});

describe('an assertion serves once', () => {
  it('and not again, at the same endpoint or another, until it has expired for everybody', async () => {
    const one = await registerWith(key);
    const assertion = assertionOf(one, { claims: { exp: service.now() + 600 } });
    expect((await ask(assertion)).status).toBe(200);
    expectRefused(await ask(assertion));
    expectRefused(await service.send({ to: 'POST /introspect', form: { token: 'x', ...assertionForm(assertion) } }));
    service.advance(629);
    expectRefused(await ask(assertion));
    service.advance(1);
    expectRefused(await ask(assertion));
    expect(reasons()).toEqual(['assertion_replayed', 'assertion_replayed', 'assertion_replayed', 'assertion_invalid']);
  });

  it('its jti neither, in another assertion', async () => {
    const one = await registerWith(key, KEYS.EdDSA);
    const claims = { jti: 'mine' };
    expect((await ask(assertionOf(one, { claims }))).status).toBe(200);
    expectRefused(await ask(assertionOf(one, { claims: { ...claims, exp: service.now() + 90 } })));
    expectRefused(await ask(assertionOf(one, { claims }, KEYS.EdDSA)));
  });

  it("but the jti of one client is none of another's", async () => {
    const [one, other] = [await registerWith(key), await registerWith(key)];
    const claims = { jti: 'common' };
    expect((await ask(assertionOf(one, { claims }))).status).toBe(200);
    expect((await ask(assertionOf(other, { claims }))).status).toBe(200);
    expect((await ask(assertionOf(one, { claims: { jti: 'x' } }))).status).toBe(200);
  });

  it("an item that only waits for its deletion stands in nobody's way", async () => {
    const one = await registerWith(key);
    const claims = { jti: 'long ago' };
    expect((await ask(assertionOf(one, { claims }))).status).toBe(200);
    service.advance(91);
    expect((await ask(assertionOf(one, { claims }))).status).toBe(200);
  });

  it('of fifty at once one has it', async () => {
    for (let round = 0; round < 5; round += 1) {
      const assertion = assertionOf(client);
      const answers = await Promise.all(Array.from({ length: 50 }, () => ask(assertion)));
      expect(
        answers
          .map(({ status }) => status)
          .sort()
          .slice(0, 2),
      ).toEqual([200, 401]);
    }
  });

  it('and one that is refused has not been spent', async () => {
    const one = await registerWith(key);
    const claims = { jti: 'kept' };
    expectRefused(await ask(assertionOf(one, { claims }, testKey('ES256'))));
    expectRefused(await ask(assertionOf(one, { claims: { ...claims, aud: 'https://evil.example' } })));
    expect((await ask(assertionOf(one, { claims }))).status).toBe(200);
  });
});

describe('what is presented is one method, whole', () => {
  it('an assertion beside any other credential is two', async () => {
    const { client_id } = client;
    const others: readonly [Readonly<Record<string, string>>, Partial<Sent>][] = [
      [{ client_secret: 'x', client_id }, {}],
      [{ username: client_id, password: 'x' }, {}],
      [{}, { basic: { client_id, client_secret: 'x' } }],
      [{}, { headers: { 'x-client-id': client_id, 'x-client-secret': 'x' } }],
      [{}, { headers: { authorization: 'Bearer x' } }],
      [{}, { headers: { 'x-api-key': 'm2m_ak_x' } }],
    ];
    for (const [form, sent] of others)
      expect(await ask(assertionOf(client), form, sent)).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  it.each([
    ['no type', {}],
    ['the type of SAML', { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' }],
    ['the type in capitals', { client_assertion_type: 'URN:IETF:PARAMS:OAUTH:CLIENT-ASSERTION-TYPE:JWT-BEARER' }],
  ])('%s is no type', async (_, type) => {
    expectRefused(await service.send({ to: 'POST /token', form: { ...GRANT, client_assertion: assertionOf(client), ...type } }));
  });

  it('a type without an assertion is none', async () => {
    const { client_assertion_type = '' } = assertionForm('');
    expectRefused(await service.send({ to: 'POST /token', form: { ...GRANT, client_assertion_type } }));
  });

  it('below /iam the principal is the method', async () => {
    const userArn = 'arn:aws:sts::111122223333:assumed-role/billing/session';
    const form = { ...GRANT, client_id: client.client_id, ...assertionForm(assertionOf(client)) };
    expect(await service.send({ to: 'POST /iam/token', userArn, form })).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  it('an absent grant_type is not made up for', async () => {
    expect(await service.send({ to: 'POST /token', form: assertionForm(assertionOf(client)) })).toMatchObject({ status: 400 });
  });
});

describe('whoever guesses at assertions', () => {
  it('locks nobody out, and learns nothing of who exists', async () => {
    const one = await registerWith(key);
    const stranger = testKey('ES256');
    const answers: Answer[] = [];
    for (let round = 0; round < 10; round += 1) answers.push(await ask(assertionOf(one, {}, stranger)));
    answers.push(await ask(assertionOf({ client_id: 'nobody', client_secret: '' })), await ask(assertionOf(await service.register())));
    answers.forEach(expectRefused);
    const bodies = answers.map(({ body: { trace_id: _, ...body } }) => body as unknown);
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1);
    expect((await ask(assertionOf(one))).status).toBe(200);
  });

  it('gets no further with the id of another item, or a secret in its place', async () => {
    for (const name of ['x#CLIENT', '../x', '', 'm2m_cs_abc', 'a b', 'a\u0000', 'é', 'x'.repeat(65), 'CLIENT#x'])
      expectRefused(await ask(assertionOf({ client_id: name, client_secret: '' })));
    expectRefused(await ask(assertionOf(client, { claims: { iss: 'another' } })));
    expect(service.calls.names()).toEqual([]);
  });

  it('costs nothing with anything that is no assertion', async () => {
    for (const text of [
      '',
      'x',
      '..',
      'a.b.c',
      'x'.repeat(9_000),
      `${assertionOf(client)}${'A'.repeat(9_000)}`,
      '.'.repeat(6_000),
      '\u0000',
      '{"iss":1}',
    ])
      expect((await ask(text)).status, text.slice(0, 20)).toBe(401);
    expect(service.calls.names()).toEqual([]);
  });
});
