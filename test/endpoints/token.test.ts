import { describe, expect, it } from 'vitest';
import { claimsOf, headerOf, verified } from './access-token.ts';
import type { Sent } from './request.ts';
import { ISSUER, useService, type Registered } from './service-under-test.ts';

const service = useService({ algorithms: ['RS256', 'ES256', 'PS256', 'EdDSA'] });
const GRANT = { grant_type: 'client_credentials' };
const withBasic = (client: Registered, form: Record<string, string> = {}): Sent => ({
  to: 'POST /token',
  basic: client,
  form: { ...GRANT, ...form },
});
const accessToken = async (client: Registered, form: Record<string, string> = {}): Promise<string> =>
  (await service.send(withBasic(client, form))).body.access_token as string;

describe('the answer (RFC 6749 section 5.1)', () => {
  it('is a bearer token with lifetime and scope, never stored, and no refresh token unless registered for', async () => {
    const client = await service.register();
    const answer = await service.send(withBasic(client));
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ access_token: expect.any(String) as string, token_type: 'Bearer', expires_in: 900, scope: 'read write' });
    expect(answer.headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store', pragma: 'no-cache' });
    expect(answer.headers).toMatchObject({ 'ratelimit-policy': '"token";q=8000;w=60', ratelimit: '"token";r=7999;t=60' });
  });

  it('has a refresh token for a client that is registered for the grant', async () => {
    const client = await service.register({ grant_types: ['client_credentials', 'refresh_token'] });
    const { body } = await service.send(withBasic(client));
    expect(body.refresh_token).toMatch(/^m2m_rt_k1\.c_[\w-]+\.1\.[\w-]{43}\.[\w-]{43}$/);
    expect(claimsOf(body.access_token as string)['sid']).toMatch(/^[\w-]{22}$/);
  });

  it('carries the trace id of the caller', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const answer = await service.send({ ...withBasic(await service.register()), headers: { traceparent } });
    expect(answer.headers['x-trace-id']).toBe('4bf92f3577b34da6a3ce929d0e0e4736');
  });

  it('is another token for each request, and both are valid', async () => {
    const client = await service.register();
    const [one, other] = [await accessToken(client), await accessToken(client)];
    expect(claimsOf(one)['jti']).not.toBe(claimsOf(other)['jti']);
    for (const token of [one, other]) await verified(service, token);
  });
});

describe('the access token (RFC 9068)', () => {
  it('says who, for whom, until when and what for', async () => {
    const client = await service.register({ roles: ['user', 'auditor'] });
    const token = await accessToken(client);
    expect(headerOf(token)).toEqual({ alg: 'RS256', typ: 'at+jwt', kid: expect.stringMatching(/^[\w-]{43}$/) as string });
    expect(await verified(service, token)).toEqual({
      iss: ISSUER,
      sub: client.client_id,
      client_id: client.client_id,
      aud: ISSUER,
      iat: service.now(),
      exp: service.now() + 900,
      jti: expect.stringMatching(/^[\w-]{24}$/) as string,
      scope: 'read write',
      roles: ['user', 'auditor'],
      epoch: 1,
      amr: ['client_secret'],
    });
  });

  it('lives as long as the client or the audience says, the shorter of both', async () => {
    service.coldStart({
      AUDIENCES: '{"https://a.example":{"access_token_lifetime":120},"https://b.example":{"access_token_lifetime":3600}}',
    });
    const audiences = [ISSUER, 'https://a.example', 'https://b.example'];
    const [usual, own] = [await service.register({ audiences }), await service.register({ audiences, access_token_lifetime: 300 })];
    const lifetimes = async (client: Registered) =>
      Promise.all(audiences.map(async (resource) => (await service.send(withBasic(client, { resource }))).body.expires_in as number));
    expect(await lifetimes(usual)).toEqual([900, 120, 3600]);
    expect(await lifetimes(own)).toEqual([300, 120, 300]);
    service.coldStart();
  });

  it.each(['RS256', 'PS256', 'ES256', 'EdDSA'])(
    'is signed with %s where the audience says so, and any verifier agrees',
    async (algorithm) => {
      service.coldStart({ AUDIENCES: `{"https://a.example":{"algorithm":"${algorithm}"}}` });
      const client = await service.register({ audiences: ['https://a.example'] });
      for (let at = 0; at < 10; at += 1) {
        const token = await accessToken(client);
        expect(headerOf(token)['alg']).toBe(algorithm);
        await verified(service, token, 'https://a.example');
      }
      service.coldStart();
    },
  );

  it('says from which networks it may be used, and that the network was proven', async () => {
    const client = await service.register({ ip_ranges: ['203.0.113.0/24'] });
    expect(claimsOf(await accessToken(client))).toMatchObject({ ip: ['203.0.113.0/24'], amr: ['client_secret', 'ip'] });
  });
});

describe('client authentication (RFC 6749 section 2.3)', () => {
  const ways: readonly (readonly [string, (client: Registered) => Sent])[] = [
    ['client_secret_basic', (client) => withBasic(client)],
    ['client_secret_post', (client) => ({ to: 'POST /token', form: { ...GRANT, ...client } })],
    [
      'username and password',
      ({ client_id, client_secret }) => ({ to: 'POST /token', form: { ...GRANT, username: client_id, password: client_secret } }),
    ],
    [
      'username and password alone',
      ({ client_id, client_secret }) => ({ to: 'POST /token', form: { username: client_id, password: client_secret } }),
    ],
    [
      'X-Client-ID and X-Client-Secret alone',
      ({ client_id, client_secret }) => ({ to: 'POST /token', headers: { 'X-Client-ID': client_id, 'X-Client-Secret': client_secret } }),
    ],
  ];
  it.each(ways)('works by %s', async (_, by) => {
    expect(await service.send(by(await service.register()))).toMatchObject({ status: 200 });
  });

  it.each(ways)('refuses a wrong secret by %s with 401 and a challenge', async (_, by) => {
    const client = await service.register();
    const answer = await service.send(by({ ...client, client_secret: `${client.client_secret.slice(0, -1)}~` }));
    expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client', error_description: 'client authentication failed' } });
    expect(answer.headers['www-authenticate']).toBe('Basic realm="m2m-auth", charset="UTF-8"');
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('tells unknown, disabled, expired and forbidden clients and wrong secrets apart in the log alone', async () => {
    const good = await service.register();
    const cases = {
      unknown_client: { client_id: 'c_nobody', client_secret: good.client_secret },
      secret_mismatch: { ...good, client_secret: 'x' },
      client_disabled: await service.register({ disabled: true }),
      client_expired: await service.register({ client_expires_at: '2020-01-01T00:00:00Z' }),
      network_not_allowed: await service.register({ ip_ranges: ['198.51.100.0/24'] }),
    };
    const answers = [];
    for (const [reason, client] of Object.entries(cases)) {
      service.log.clear();
      const { status, headers, body } = await service.send(withBasic(client));
      answers.push({
        status,
        challenge: headers['www-authenticate'],
        error: body.error as string,
        description: body.error_description as string,
      });
      expect(service.audit()).toMatchObject([{ event_type: 'login_failure', reason, client_id: client.client_id }]);
    }
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  });

  it('takes two live secrets during a rotation, and none that has expired', async () => {
    const { engine, register } = service;
    const [one, other] = [await register(), await register()];
    const key = (client: Registered) => ({ PK: `CLIENT#${client.client_id}`, SK: 'CLIENT' });
    const [item, donor] = [await engine.item(key(one)), await engine.item(key(other))];
    const [first, second] = [(item?.['secrets'] as object[])[0]!, (donor?.['secrets'] as object[])[0]!];
    const status = async (client_secret: string) => (await service.send(withBasic({ ...one, client_secret }))).status;
    await engine.put({ ...item, secrets: [{ ...first, expires_at: service.now() + 1 }, second] });
    expect([await status(one.client_secret), await status(other.client_secret)]).toEqual([200, 200]);
    await engine.put({ ...item, secrets: [{ ...first, expires_at: service.now() }, second] });
    expect([await status(one.client_secret), await status(other.client_secret)]).toEqual([401, 200]);
  });

  it('never addresses another item by a crafted client id', async () => {
    const { client_id, client_secret } = await service.register();
    for (const crafted of [`${client_id}#CLIENT`, `${client_id}\0`, ` ${client_id}`, `CLIENT#${client_id}`, 'a'.repeat(3000)]) {
      const answer = await service.send({ to: 'POST /token', form: { ...GRANT, client_id: crafted, client_secret } });
      expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    }
    expect(service.calls.names()).toEqual([]);
  });
});

describe('the grant', () => {
  it.each<[string, Record<string, string>, string]>([
    ['an unknown grant type', { grant_type: 'urn:x' }, 'unsupported_grant_type'],
    ['grant_type in another case', { grant_type: 'Client_Credentials' }, 'unsupported_grant_type'],
    ['a scope that is not the client\u2019s', { ...GRANT, scope: 'read admin' }, 'invalid_scope'],
    ['a scope that is no scope', { ...GRANT, scope: 'read\t' }, 'invalid_scope'],
    ['clients:manage for a client without it', { ...GRANT, scope: 'clients:manage' }, 'invalid_scope'],
    ['a resource that is not the client\u2019s', { ...GRANT, resource: 'https://other.example' }, 'invalid_target'],
    ['a resource that is no URI', { ...GRANT, resource: 'other' }, 'invalid_target'],
    ['no grant type', { scope: 'read' }, 'invalid_request'],
    ['a refresh token grant without a refresh token', { grant_type: 'refresh_token' }, 'invalid_request'],
  ])('is refused with 400 for %s', async (_, form, error) => {
    const answer = await service.send({ to: 'POST /token', basic: await service.register(), form });
    expect(answer).toMatchObject({ status: 400, body: { error, error_description: expect.any(String) as string } });
  });

  it('password is refused though the fields of its name exist (RFC 9700 section 2.4)', async () => {
    const { client_id, client_secret } = await service.register();
    const answer = await service.send({
      to: 'POST /token',
      form: { grant_type: 'password', username: client_id, password: client_secret },
    });
    expect(answer).toMatchObject({ status: 400, body: { error: 'unsupported_grant_type' } });
  });

  it('refresh_token is refused to a client that is not registered for it', async () => {
    const [with_, without] = [await service.register({ grant_types: ['client_credentials', 'refresh_token'] }), await service.register()];
    const { refresh_token } = (await service.send(withBasic(with_))).body as { refresh_token: string };
    const stored = await service.engine.item({ PK: `CLIENT#${with_.client_id}`, SK: 'CLIENT' });
    await service.engine.put({ ...stored, grant_types: ['client_credentials'] });
    const answer = await service.send({ to: 'POST /token', basic: with_, form: { grant_type: 'refresh_token', refresh_token } });
    expect(answer).toMatchObject({ status: 400, body: { error: 'unauthorized_client' } });
    expect(without.client_id).not.toBe(with_.client_id);
  });

  it('narrows to the scope asked for and echoes it', async () => {
    const { body } = await service.send(withBasic(await service.register(), { scope: 'write write' }));
    expect(body).toMatchObject({ scope: 'write' });
    expect(claimsOf(body.access_token as string)['scope']).toBe('write');
  });
});

it('requests of many clients at once never cross', async () => {
  const clients = await Promise.all(Array.from({ length: 10 }, (_, at) => service.register({ scope: `s${at}`, roles: [`r${at}`] })));
  const requests = Array.from({ length: 60 }, (_, at) => at % clients.length);
  const tokens = await Promise.all(requests.map((at) => accessToken(clients[at]!)));
  for (const [index, at] of requests.entries()) {
    expect(claimsOf(tokens[index]!)).toMatchObject({ client_id: clients[at]!.client_id, scope: `s${at}`, roles: [`r${at}`] });
  }
});
