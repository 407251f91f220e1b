// RFC 9700 section 4.14.2, refresh token rotation; SECURITY 29, 49 to 58. Races are in test/e2e/refresh-races.test.ts.
import { beforeAll, describe, expect, it } from 'vitest';
import { eventsOf } from '../e2e/audit-trail.ts';
import { form } from '../e2e/call.ts';
import { decoded, endpointsOf, expectOk, type TestClient } from '../e2e/endpoints.ts';
import { runningService } from '../e2e/running-service.ts';

const service = runningService();
const api = endpointsOf(service);
const { call, token, refresh, register, introspect, manage } = api;
let client: TestClient;
beforeAll(async () => {
  client = await register();
});
const session = async () => expectOk(await token(client)).body as { access_token: string; refresh_token: string };
const next = async (refreshToken: string) =>
  expectOk(await refresh(client, refreshToken)).body as { access_token: string; refresh_token: string };

it('a refresh token is opaque, holds 256 bits that nobody can guess, and says nothing of the session', async () => {
  const { refresh_token } = await session();
  expect(refresh_token).toMatch(/^m2m_rt_[A-Za-z0-9]+\.[A-Za-z0-9_-]+\.1\.[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}$/);
});

it('each use gives another one and a new access token of the same session', async () => {
  const first = await session();
  const second = await next(first.refresh_token);
  const third = await next(second.refresh_token);
  expect(new Set([first, second, third].map(({ refresh_token }) => refresh_token)).size).toBe(3);
  expect(new Set([first, second, third].map(({ access_token }) => decoded(access_token).claims.sid)).size).toBe(1);
  expect((await api.protected(third.access_token)).status).toBe(200);
});

it('a retry within the grace window gets the same successor byte for byte, with an access token of its own', async () => {
  const first = await session();
  const [second, again] = [await next(first.refresh_token), await next(first.refresh_token)];
  expect(again.refresh_token).toBe(second.refresh_token);
  expect(decoded(again.access_token).claims.jti).not.toBe(decoded(second.access_token).claims.jti);
  expect((await next(again.refresh_token)).refresh_token).not.toBe(second.refresh_token);
});

it('a retry proves the client again', async () => {
  const first = await session();
  await next(first.refresh_token);
  expect((await refresh({ ...client, client_secret: 'wrong' }, first.refresh_token)).status).toBe(401);
});

it('an older generation ends the whole session, access tokens included, and only that session', async () => {
  const [stolen, other] = [await session(), await session()];
  const second = await next(stolen.refresh_token);
  const third = await next(second.refresh_token);
  const answer = await refresh(client, stolen.refresh_token);
  expect([answer.status, answer.body.error]).toEqual([400, 'invalid_grant']);
  for (const { access_token } of [stolen, second, third]) {
    expect((await api.protected(access_token)).status).toBe(401);
    expect((await introspect(client, access_token)).text).toBe('{"active":false}');
  }
  expect((await refresh(client, third.refresh_token)).status).toBe(400);
  expect((await api.protected(other.access_token)).status).toBe(200);
  await next(other.refresh_token);
  const reuse = eventsOf(service, client.client_id).filter(({ event_type }) => event_type === 'refresh_token_reuse');
  expect(reuse).toMatchObject([{ sid: decoded(stolen.access_token).claims.sid, outcome: 'failure' }]);
});

it('any changed character is refused, and ends nothing', async () => {
  const { refresh_token } = await session();
  for (let index = 'm2m_rt_'.length; index < refresh_token.length; index += 7) {
    const changed = `${refresh_token.slice(0, index)}${refresh_token[index] === 'A' ? 'B' : 'A'}${refresh_token.slice(index + 1)}`;
    expect((await refresh(client, changed)).status, changed).toBe(400);
  }
  await next(refresh_token);
});

it('a generation that was never issued is refused, and ends nothing', async () => {
  const { refresh_token } = await session();
  expect((await refresh(client, refresh_token.replace(/\.1\./, '.2.'))).status).toBe(400);
  await next(refresh_token);
});

describe('POST /refresh', () => {
  it('takes JSON and forms, and answers as /token does', async () => {
    const open = await register({ refresh_client_auth: 'none' });
    const { refresh_token } = expectOk(await token(open)).body;
    const first = await call('/refresh', { method: 'POST', body: { refresh_token } });
    expect(first.status).toBe(200);
    expect(first.headers['cache-control']).toBe('no-store');
    expect(Object.keys(first.body).sort()).toEqual(['access_token', 'expires_in', 'refresh_token', 'scope', 'token_type']);
    expect((await call('/refresh', { method: 'POST', body: form({ refresh_token: first.body.refresh_token }) })).status).toBe(200);
  });

  it('needs client authentication unless the client is registered to refresh with the token alone', async () => {
    const { refresh_token } = await session();
    const answer = await call('/refresh', { method: 'POST', body: { refresh_token } });
    expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
    await next(refresh_token);
  });

  it('registered so, it still refuses a secret that is wrong', async () => {
    const open = await register({ refresh_client_auth: 'none' });
    const { refresh_token } = expectOk(await token(open)).body;
    const body = form({ refresh_token, client_id: open.client_id, client_secret: 'wrong' });
    expect((await call('/refresh', { method: 'POST', body })).status).toBe(401);
    expect((await call('/refresh', { method: 'POST', body: { refresh_token } })).status).toBe(200);
  });

  it.each([
    {},
    { refresh_token: '' },
    { refresh_token: 7 },
    { refresh_token: null },
    { refresh_token: ['x'] },
    { refresh_token: { a: 1 } },
  ])('%j is a 400', async (body) => {
    const answer = await call('/refresh', { method: 'POST', body });
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request']);
  });
});

describe.concurrent('lifetimes', () => {
  it('a session that was never long enough to be refreshed ends by itself', async ({ expect }) => {
    const short = await register({ refresh_token_lifetime: 1 });
    const idle = await register({ refresh_token_idle_lifetime: 1 });
    const [first, second] = [expectOk(await token(short)).body, expectOk(await token(idle)).body];
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    expect((await refresh(short, first.refresh_token)).body.error).toBe('invalid_grant');
    expect((await refresh(idle, second.refresh_token)).body.error).toBe('invalid_grant');
  });

  it('being used keeps an idle session alive', async () => {
    const idle = await register({ refresh_token_idle_lifetime: 3 });
    let { refresh_token } = expectOk(await token(idle)).body;
    for (let round = 0; round < 3; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      ({ refresh_token } = expectOk(await refresh(idle, refresh_token)).body);
    }
  });

  it('a client that was disabled refreshes nothing', async ({ expect }) => {
    const leaving = await register();
    const { refresh_token } = expectOk(await token(leaving)).body;
    await manage('PUT', `/clients/${leaving.client_id}`, {
      scope: 'read write',
      grant_types: ['client_credentials', 'refresh_token'],
      disabled: true,
    });
    expect((await refresh(leaving, refresh_token)).status).toBe(401);
  });
});
