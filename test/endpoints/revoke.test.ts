import { generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { claimsOf, headerOf } from './access-token.ts';
import type { Answer, Sent } from './request.ts';
import { useService, type Registered } from './service-under-test.ts';

const service = useService();
const BOTH = { grant_types: ['client_credentials', 'refresh_token'] };
type Tokens = { readonly access_token: string; readonly refresh_token: string };
let client: Registered;
let stranger: Registered;
beforeAll(async () => {
  [client, stranger] = [await service.register(BOTH), await service.register(BOTH)];
});

const start = async (of: Registered = client): Promise<Tokens> =>
  (await service.send({ to: 'POST /token', basic: of, form: { grant_type: 'client_credentials' } })).body as Tokens;
const revoke = (form: Record<string, string>, more: Omit<Partial<Sent>, 'form'> = { basic: client }): Promise<Answer> =>
  service.send({ to: 'POST /revoke', form, ...more });
const isActive = async (token: string, by: Registered = client) =>
  (await service.send({ to: 'POST /introspect', basic: by, form: { token } })).body.active as boolean;
const refreshStatus = async (refresh_token: string, by: Registered = client) =>
  (await service.send({ to: 'POST /refresh', basic: by, form: { refresh_token } })).status;

describe('an access token', () => {
  it('is dead at the very next question, its session lives on', async () => {
    const { access_token, refresh_token } = await start();
    const answer = await revoke({ token: access_token });
    expect(answer).toMatchObject({ status: 200, text: '' });
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store' });
    expect(await isActive(access_token)).toBe(false);
    expect(await refreshStatus(refresh_token)).toBe(200);
  });

  it('with end_session=true takes its session along', async () => {
    const { access_token, refresh_token } = await start();
    await revoke({ token: access_token, end_session: 'true' });
    expect(await isActive(access_token)).toBe(false);
    expect(await refreshStatus(refresh_token)).toBe(400);
  });

  it('may come as JSON, and as access_token', async () => {
    for (const name of ['token', 'access_token']) {
      const { access_token } = await start();
      expect((await service.send({ to: 'POST /revoke', basic: client, json: { [name]: access_token } })).status).toBe(200);
      expect(await isActive(access_token)).toBe(false);
    }
  });

  it('may be revoked again, with the same answer and one event', async () => {
    const { access_token } = await start();
    for (let at = 0; at < 2; at += 1) expect((await revoke({ token: access_token })).status).toBe(200);
    const { jti } = claimsOf(access_token) as { jti: string };
    const stored = await service.engine.item({ PK: `REVOKED#${jti}`, SK: 'REVOKED' });
    expect(stored).toMatchObject({ client_id: client.client_id, event: { event_type: 'token_revoked', jti, client_id: client.client_id } });
  });

  it('that has expired leaves nothing behind', async () => {
    const { access_token } = await start();
    service.advance(900);
    expect((await revoke({ token: access_token })).status).toBe(200);
    expect(await service.engine.item({ PK: `REVOKED#${claimsOf(access_token)['jti'] as string}`, SK: 'REVOKED' })).toBeUndefined();
  });
});

describe('a refresh token', () => {
  it('ends its session and the access tokens of it', async () => {
    const { access_token, refresh_token } = await start();
    expect((await revoke({ token: refresh_token })).status).toBe(200);
    expect([await refreshStatus(refresh_token), await isActive(access_token), await isActive(refresh_token)]).toEqual([400, false, false]);
  });

  it('does so from any member of the chain', async () => {
    const { refresh_token } = await start();
    const next = (await service.send({ to: 'POST /refresh', basic: client, form: { refresh_token } })).body as Tokens;
    await revoke({ token: refresh_token });
    expect(await refreshStatus(next.refresh_token)).toBe(400);
  });

  it.each(['access_token', 'refresh_token', 'id_token', 'x'])(
    'is found under the hint %s, as an access token is',
    async (token_type_hint) => {
      const { access_token, refresh_token } = await start();
      await revoke({ token: access_token, token_type_hint });
      expect(await isActive(access_token)).toBe(false);
      await revoke({ token: refresh_token, token_type_hint });
      expect(await refreshStatus(refresh_token)).toBe(400);
    },
  );

  it('racing with a refresh leaves nothing alive', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { refresh_token } = await start();
      const [, refreshed] = await Promise.all([
        revoke({ token: refresh_token }),
        service.send({ to: 'POST /refresh', basic: client, form: { refresh_token } }),
      ]);
      const last = (refreshed.body as Partial<Tokens>).refresh_token ?? refresh_token;
      expect(await refreshStatus(last)).toBe(400);
      if (refreshed.status === 200) expect(await isActive((refreshed.body as Tokens).access_token)).toBe(false);
    }
  });
});

describe('what is answered with 200 and changes nothing (RFC 7009 section 2.2)', () => {
  it('another client\u2019s tokens', async () => {
    const { access_token, refresh_token } = await start();
    for (const token of [access_token, refresh_token])
      expect((await revoke({ token, end_session: 'true' }, { basic: stranger })).status).toBe(200);
    expect(await isActive(access_token)).toBe(true);
    expect(await refreshStatus(refresh_token)).toBe(200);
  });

  it('a forged token that names the victim\u2019s jti and key', async () => {
    const { access_token } = await start();
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const forged = await new SignJWT(claimsOf(access_token))
      .setProtectedHeader({ ...headerOf(access_token), alg: 'ES256' })
      .sign(privateKey);
    expect((await revoke({ token: forged })).status).toBe(200);
    expect(await isActive(access_token)).toBe(true);
  });

  it.each(['garbage', 'a.b.c', '\0', '\u{1f600}', 'x'.repeat(60_000)])('what is no token of ours: %s', async (token) => {
    expect(await revoke({ token })).toMatchObject({ status: 200, text: '' });
  });
});

describe('everything of the client, by all=true', () => {
  it('ends all sessions and tokens of before, and none of after, and nobody else\u2019s', async () => {
    const [one, two, others] = [await start(), await start(), await start(stranger)];
    expect((await revoke({ all: 'true' })).status).toBe(200);
    for (const { access_token, refresh_token } of [one, two]) {
      expect([await isActive(access_token), await refreshStatus(refresh_token)]).toEqual([false, 400]);
    }
    expect(await isActive(others.access_token, stranger)).toBe(true);
    const after = await start();
    expect([await isActive(after.access_token), await refreshStatus(after.refresh_token)]).toEqual([true, 200]);
  });

  it('needs client authentication: neither a bearer nor a refresh token alone will do', async () => {
    const { access_token, refresh_token } = await start();
    expect(await revoke({ all: 'true' }, { bearer: access_token })).toMatchObject({ status: 401, body: { error: 'invalid_token' } });
    expect(await revoke({ all: 'true', token: refresh_token }, {})).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    expect(await isActive(access_token)).toBe(true);
  });
});

describe('giving up a token by presenting it as its own bearer', () => {
  it.each<[string, (token: string) => Record<string, string>]>([
    ['nothing else', () => ({})],
    ['itself as token', (token) => ({ token })],
  ])('works with %s in the body', async (_, form) => {
    const { access_token } = await start();
    expect((await revoke(form(access_token), { bearer: access_token })).status).toBe(200);
    expect(await isActive(access_token)).toBe(false);
  });

  it('may take the session along', async () => {
    const { access_token, refresh_token } = await start();
    await revoke({ end_session: 'true' }, { bearer: access_token });
    expect(await refreshStatus(refresh_token)).toBe(400);
  });

  it('serves for no other token', async () => {
    const [one, other] = [await start(), await start()];
    const answer = await revoke({ token: other.access_token }, { bearer: one.access_token });
    expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_token' } });
    expect(answer.headers['www-authenticate']).toContain('Bearer realm="m2m-auth", error="invalid_token"');
    expect([await isActive(one.access_token), await isActive(other.access_token)]).toEqual([true, true]);
  });

  it('is a method of its own: beside a secret, right or wrong, it is refused and revokes nothing (RFC 6749 section 2.3)', async () => {
    const { access_token } = await start();
    for (const client_secret of [client.client_secret, 'wrong'])
      expect(await revoke({ token: access_token, client_id: client.client_id, client_secret }, { bearer: access_token })).toMatchObject({
        status: 400,
        body: { error: 'invalid_request' },
      });
    expect(await isActive(access_token)).toBe(true);
  });

  it('serves not with a refresh token, a forged or two tokens', async () => {
    const { access_token, refresh_token } = await start();
    for (const bearer of [refresh_token, `${access_token.slice(0, -5)}AAAAA`, `${access_token}, Bearer ${access_token}`, '']) {
      expect((await revoke({}, { bearer })).status, bearer).toBe(401);
    }
    expect(await isActive(access_token)).toBe(true);
  });
});

describe('by the refresh token alone', () => {
  it('works for a client that refreshes with it alone', async () => {
    const open = await service.register({ ...BOTH, refresh_client_auth: 'none' });
    const { refresh_token } = await start(open);
    expect(await revoke({ token: refresh_token, client_id: client.client_id }, {})).toMatchObject({
      status: 400,
      body: { error: 'invalid_request' },
    });
    expect((await revoke({ token: refresh_token }, {})).status).toBe(200);
    expect(await refreshStatus(refresh_token, open)).toBe(400);
  });

  it('does not for any other client, nor for an access token', async () => {
    const { access_token, refresh_token } = await start();
    for (const token of [refresh_token, access_token]) {
      expect(await revoke({ token }, {})).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    }
    expect([await isActive(access_token), await refreshStatus(refresh_token)]).toEqual([true, 200]);
  });
});

describe('who is refused', () => {
  it('a client with a wrong secret, whatever the token', async () => {
    const { access_token } = await start();
    expect(await revoke({ token: access_token }, { basic: { ...client, client_secret: 'wrong' } })).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
    expect(await isActive(access_token)).toBe(true);
  });

  it('a request without a token', async () => {
    expect(await revoke({ token_type_hint: 'access_token' })).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });
});
