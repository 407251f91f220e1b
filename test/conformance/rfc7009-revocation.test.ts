// RFC 7009, token revocation; SECURITY 59 to 66.
import { beforeAll, describe, expect, it } from 'vitest';
import { basic, bearer, form, type Answer } from '../e2e/call.ts';
import { decoded, endpointsOf, type TestClient } from '../e2e/endpoints.ts';
import { runningService } from '../e2e/running-service.ts';
import { forged, resigned } from '../e2e/signed-tokens.ts';

const service = runningService();
const api = endpointsOf(service);
const { call, token, accessToken, refresh, revoke, introspect, register } = api;
let client: TestClient;
let other: TestClient;
beforeAll(async () => {
  [client, other] = await Promise.all([register(), register()]);
});
const alive = async (text: string): Promise<boolean> => {
  const [sample, introspected] = await Promise.all([api.protected(text), introspect(client, text)]);
  expect(introspected.body.active, 'introspection and the sample API agree').toBe(sample.status === 200);
  return sample.status === 200;
};

describe('section 2.1, revocation request', () => {
  it('an access token is dead at the very next call', async () => {
    const text = await accessToken(client);
    expect(await alive(text)).toBe(true);
    expect((await revoke(client, { token: text })).status).toBe(200);
    expect(await alive(text)).toBe(false);
  });

  it('a refresh token ends its session, and its access tokens with it', async () => {
    const { access_token, refresh_token } = (await token(client)).body;
    expect((await revoke(client, { token: refresh_token })).status).toBe(200);
    expect((await refresh(client, refresh_token)).body.error).toBe('invalid_grant');
    expect(await alive(access_token)).toBe(false);
  });

  it('an older member of the session ends it as well as the latest', async () => {
    const { refresh_token } = (await token(client)).body;
    const successor = (await refresh(client, refresh_token)).body;
    await revoke(client, { token: refresh_token });
    expect((await refresh(client, successor.refresh_token)).status).toBe(400);
    expect(await alive(successor.access_token)).toBe(false);
  });

  it('an access token leaves its session alone, unless end_session says otherwise', async () => {
    const { access_token, refresh_token } = (await token(client)).body;
    await revoke(client, { token: access_token });
    const next = (await refresh(client, refresh_token)).body;
    expect(await alive(next.access_token)).toBe(true);
    await revoke(client, { token: next.access_token, end_session: 'true' });
    expect((await refresh(client, next.refresh_token)).status).toBe(400);
  });

  it.each(['access_token', 'refresh_token', 'id_token', 'nonsense'])(
    'token_type_hint=%s never stands in the way',
    async (token_type_hint) => {
      const { access_token, refresh_token } = (await token(client)).body;
      expect((await revoke(client, { token: access_token, token_type_hint })).status).toBe(200);
      expect(await alive(access_token)).toBe(false);
      expect((await revoke(client, { token: refresh_token, token_type_hint })).status).toBe(200);
      expect((await refresh(client, refresh_token)).status).toBe(400);
    },
  );

  it("another client's token stays alive", async () => {
    const { access_token, refresh_token } = (await token(client)).body;
    expect((await revoke(other, { token: access_token })).status).toBe(200);
    expect((await revoke(other, { token: refresh_token })).status).toBe(200);
    expect(await alive(access_token)).toBe(true);
    expect((await refresh(client, refresh_token)).status).toBe(200);
  });

  it("a forged token with somebody's jti revokes nothing", async () => {
    const { access_token } = (await token(client)).body;
    await revoke(client, { token: forged(access_token) });
    await revoke(client, { token: `${access_token.slice(0, -8)}AAAAAAAA` });
    expect(await alive(access_token)).toBe(true);
  });

  it('needs the client to authenticate', async () => {
    const { access_token } = (await token(client)).body;
    for (const answer of [
      await revoke({ ...client, client_secret: 'wrong' }, { token: access_token }),
      await call('/revoke', { method: 'POST', body: form({ token: access_token }) }),
    ]) {
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
      expect(answer.headers['www-authenticate']).toMatch(/^Basic /);
    }
    expect(await alive(access_token)).toBe(true);
  });

  it('without token: invalid_request', async () => {
    const answer = await revoke(client, { token_type_hint: 'access_token' });
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request']);
  });
});

describe('section 2.2, revocation response', () => {
  it('200 without content for whatever is no live token: unknown, expired, foreign, repeated', async () => {
    const { access_token, refresh_token } = (await token(client)).body;
    const past = Math.floor(Date.now() / 1000) - 1000;
    const expired = resigned(service, access_token, { claims: { iat: past - 900, exp: past } });
    for (const text of ['unknown', 'a.b.c', expired, refresh_token, refresh_token, access_token, access_token, 'é😀', 'x'.repeat(5000)]) {
      const answer = await revoke(client, { token: text });
      expect([answer.status, answer.text], text.slice(0, 12)).toEqual([200, '']);
    }
  });

  it('is not cached, refused or not', async () => {
    for (const answer of [await revoke(client, { token: 'x' }), await revoke(client, {})])
      expect(answer.headers['cache-control']).toBe('no-store');
  });
});

describe('ways of our own', () => {
  const holder = (text: string, body?: URLSearchParams | object): Promise<Answer> =>
    call('/revoke', { method: 'POST', headers: bearer(text), ...(body && { body }) });

  it('a holder gives up its own token by presenting it', async () => {
    const text = await accessToken(client);
    expect((await holder(text)).status).toBe(200);
    expect(await alive(text)).toBe(false);
  });

  it('a bearer may give up itself and nothing else', async () => {
    const [mine, second] = [await accessToken(client), await accessToken(client)];
    expect((await holder(mine, form({ token: second }))).status).toBe(401);
    expect((await holder(mine, form({ all: 'true' }))).status).toBe(401);
    expect(await alive(second)).toBe(true);
  });

  it('a revoked token revokes nothing more, and says so no differently', async () => {
    const text = await accessToken(client);
    await holder(text);
    expect([200, 401]).toContain((await holder(text)).status);
  });

  it('JSON bodies with token or access_token work', async () => {
    for (const name of ['token', 'access_token']) {
      const text = await accessToken(client);
      const answer = await call('/revoke', { method: 'POST', headers: basic(client), body: { [name]: text } });
      expect(answer.status, name).toBe(200);
      expect(await alive(text), name).toBe(false);
    }
  });

  it('the refresh token alone is enough where the client refreshes with it alone, and only there', async () => {
    const [open, closed] = [await register({ refresh_client_auth: 'none' }), client];
    const alone = (refresh_token: string) => call('/revoke', { method: 'POST', body: form({ token: refresh_token }) });
    const mine = (await token(open)).body;
    expect((await alone(mine.refresh_token)).status).toBe(200);
    expect((await api.protected(mine.access_token)).status).toBe(401);
    const theirs = (await token(closed)).body;
    expect((await alone(theirs.refresh_token)).status).toBe(401);
    expect(await alive(theirs.access_token)).toBe(true);
  });

  it('all=true ends everything of the calling client, and nothing of any other', async () => {
    const mine = await register();
    const [first, second] = [(await token(mine)).body, (await token(mine, { scope: 'read' })).body];
    const foreign = await accessToken(client);
    expect((await revoke(mine, { all: 'true' })).status).toBe(200);
    for (const { access_token, refresh_token } of [first, second]) {
      expect((await api.protected(access_token)).status).toBe(401);
      expect((await refresh(mine, refresh_token)).status).toBe(400);
    }
    expect(await alive(foreign)).toBe(true);
    const fresh = (await token(mine)).body;
    expect((await api.protected(fresh.access_token)).status).toBe(200);
    expect(decoded(fresh.access_token).claims.epoch).toBeGreaterThan(decoded(first.access_token).claims.epoch);
  });
});
