import { generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { claimsOf, headerOf } from './access-token.ts';
import type { Answer } from './request.ts';
import { ISSUER, useService, type Registered } from './service-under-test.ts';

const service = useService();
const BOTH = { grant_types: ['client_credentials', 'refresh_token'], roles: ['user'] };
type Tokens = { readonly access_token: string; readonly refresh_token: string };
let client: Registered;
let stranger: Registered;
let resourceServer: Registered;
beforeAll(async () => {
  client = await service.register({ ...BOTH, refresh_token_lifetime: 10_000 });
  stranger = await service.register(BOTH);
  resourceServer = await service.register({ may_introspect: 'any' });
});

const start = async (of: Registered = client): Promise<Tokens> =>
  (await service.send({ to: 'POST /token', basic: of, form: { grant_type: 'client_credentials' } })).body as Tokens;
const introspect = (token: string, basic: Registered = client): Promise<Answer> =>
  service.send({ to: 'POST /introspect', basic, form: { token } });
const keyOf = (of: Registered) => ({ PK: `CLIENT#${of.client_id}`, SK: 'CLIENT' });
const INACTIVE = { active: false };

describe('an active token (RFC 7662 section 2.2)', () => {
  it('is described with all of its claims', async () => {
    const { access_token } = await start();
    const { status, headers, body } = await introspect(access_token);
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'application/json' });
    expect(body).toEqual({ active: true, token_type: 'Bearer', ...claimsOf(access_token) });
  });

  it('is described for a refresh token, without anything that would serve as one', async () => {
    const { refresh_token, access_token } = await start();
    expect((await introspect(refresh_token)).body).toEqual({
      active: true,
      token_type: 'refresh_token',
      iss: ISSUER,
      client_id: client.client_id,
      sub: client.client_id,
      aud: ISSUER,
      scope: 'read write',
      sid: claimsOf(access_token)['sid'] as string,
      iat: service.now(),
      exp: service.now() + 10_000,
    });
  });

  it('ends with the idle lifetime where that is sooner', async () => {
    const idle = await service.register({ ...BOTH, refresh_token_idle_lifetime: 60 });
    const { refresh_token } = await start(idle);
    expect((await introspect(refresh_token, idle)).body).toMatchObject({ active: true, exp: service.now() + 60 });
    service.advance(60);
    expect((await introspect(refresh_token, idle)).body).toEqual(INACTIVE);
  });
});

describe('who may know', () => {
  it('a resource server may look into access tokens of others, not into their refresh tokens', async () => {
    const { access_token, refresh_token } = await start();
    expect((await introspect(access_token, resourceServer)).body).toMatchObject({ active: true, client_id: client.client_id });
    expect((await introspect(refresh_token, resourceServer)).body).toEqual(INACTIVE);
  });

  it('any other client only into its own', async () => {
    const { access_token, refresh_token } = await start();
    for (const token of [access_token, refresh_token]) expect((await introspect(token, stranger)).body).toEqual(INACTIVE);
  });

  it('nobody without client authentication', async () => {
    const { access_token } = await start();
    for (const sent of [{}, { bearer: access_token }, { basic: { ...client, client_secret: 'wrong' } }]) {
      const answer = await service.send({ to: 'POST /introspect', form: { token: access_token }, ...sent });
      expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
      expect(answer.headers['www-authenticate']).toMatch(/^Basic /);
    }
  });
});

describe('inactive is exactly {"active":false}', () => {
  it.each(['x', 'a.b.c', 'm2m_rt_x', '\0', '\u{1f600}', 'x'.repeat(60_000), '.'.repeat(6_000)])(
    'for what is no token: %s',
    async (token) => {
      expect(await introspect(token, resourceServer)).toMatchObject({ status: 200, text: '{"active":false}' });
    },
  );

  it('for a forged access token, whatever its header says', async () => {
    const { access_token } = await start();
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const header = headerOf(access_token);
    const sign = (more: object) =>
      new SignJWT(claimsOf(access_token)).setProtectedHeader({ ...header, alg: 'ES256', ...more }).sign(privateKey);
    const [, payload, signature] = access_token.split('.');
    const none = `${Buffer.from(JSON.stringify({ ...header, alg: 'none' })).toString('base64url')}.${payload!}.`;
    const forged = [
      await sign({}),
      await sign({ kid: 'other' }),
      await sign({ typ: 'JWT' }),
      none,
      access_token.slice(0, -signature!.length),
    ];
    for (const token of forged) expect((await introspect(token, resourceServer)).text).toBe('{"active":false}');
  });

  it('for an expired one, from the very second of its exp', async () => {
    const { access_token } = await start();
    service.advance(899);
    expect((await introspect(access_token)).body).toMatchObject({ active: true });
    service.advance(1);
    expect((await introspect(access_token)).text).toBe('{"active":false}');
  });

  it('for a former refresh token, and asking ends nothing', async () => {
    const { refresh_token } = await start();
    const next = (await service.send({ to: 'POST /refresh', basic: client, form: { refresh_token } })).body as Tokens;
    for (let at = 0; at < 3; at += 1) expect((await introspect(refresh_token)).body).toEqual(INACTIVE);
    expect((await introspect(next.refresh_token)).body).toMatchObject({ active: true });
    expect((await introspect(next.access_token)).body).toMatchObject({ active: true });
  });

  it('once its client is disabled, has expired, is deleted or has raised its epoch', async () => {
    const changing = await service.register(BOTH);
    const { access_token, refresh_token } = await start(changing);
    const stored = await service.engine.item(keyOf(changing));
    const states = [{ disabled: true }, { client_expires_at: service.now() }, { status: 'deleted' }, { epoch: 2 }];
    for (const state of states) {
      await service.engine.put({ ...stored, ...state });
      expect((await introspect(access_token, resourceServer)).body, JSON.stringify(state)).toEqual(INACTIVE);
    }
    expect((await introspect(refresh_token, changing)).body).toEqual(INACTIVE);
    await service.engine.put({ ...stored });
    expect((await introspect(access_token, resourceServer)).body).toMatchObject({ active: true });
  });

  it('once its session has ended or is gone', async () => {
    const { access_token } = await start();
    const key = { PK: `CLIENT#${client.client_id}`, SK: `SESSION#${claimsOf(access_token)['sid'] as string}` };
    const stored = await service.engine.item(key);
    await service.engine.put({ ...stored, status: 'ended' });
    expect((await introspect(access_token)).body).toEqual(INACTIVE);
    await service.engine.put({ ...stored });
    expect((await introspect(access_token)).body).toMatchObject({ active: true });
    await service.engine.remove(key);
    expect((await introspect(access_token)).body).toEqual(INACTIVE);
  });
});

it('a request without a token is refused', async () => {
  expect(await service.send({ to: 'POST /introspect', basic: client, form: { token_type_hint: 'x' } })).toMatchObject({
    status: 400,
    body: { error: 'invalid_request' },
  });
});
