// How soon a revocation bites: at the very next call by table and introspection, within 5 s by feed (DESIGN 7).
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUNDLE_SETTINGS } from '../../lib/bundle-settings.ts';
import { startEnvironment, type ExecutionEnvironment, type InvocationResult } from '../../local/functions/environment.ts';
import { bearer, form } from './call.ts';
import { decoded, endpointsOf, expectOk, type TestClient } from './endpoints.ts';
import { runningService } from './running-service.ts';
import { PROJECT, temporaryFolder } from './service-process.ts';

const BOUND_MS = 5_000;
const service = runningService();
const api = endpointsOf(service);
const { token, accessToken, revoke, register, manage, refresh } = api;

/** Every way to end an access token before its time. */
const WAYS: Readonly<Record<string, (client: TestClient, session: { access_token: string; refresh_token: string }) => Promise<unknown>>> = {
  'the token itself': async (client, { access_token }) => expectOk(await revoke(client, { token: access_token })),
  'its refresh token': async (client, { refresh_token }) => expectOk(await revoke(client, { token: refresh_token })),
  'its session, by end_session': async (client, { access_token }) =>
    expectOk(await revoke(client, { token: access_token, end_session: 'true' })),
  'its session, by its sid': async (_, { access_token }) => {
    const path = `/sessions/${decoded(access_token).claims.sid as string}`;
    expect((await api.call(path, { method: 'DELETE', headers: bearer(access_token) })).status).toBe(204);
  },
  'everything of the client, by its manager': async ({ client_id }) =>
    expect((await manage('DELETE', `/sessions?client_id=${client_id}`)).status).toBe(204),
  'everything of the client': async (client) => expectOk(await revoke(client, { all: 'true' })),
  'the client, by disabling it': async ({ client_id }) =>
    expectOk(await manage('PUT', `/clients/${client_id}`, { scope: 'read', disabled: true })),
  'its session, by reuse of an old refresh token': async (client, { refresh_token }) => {
    const second = expectOk(await refresh(client, refresh_token)).body;
    expectOk(await refresh(client, second.refresh_token));
    expect((await refresh(client, refresh_token)).status).toBe(400);
  },
};

describe('in table mode, and by introspection', () => {
  it.each(Object.entries(WAYS))('revoking %s is effective at the very next call', async (_, revokeIt) => {
    const [client, resourceServer] = await Promise.all([register(), register({ may_introspect: 'any' })]);
    const session = expectOk(await token(client)).body;
    expect((await api.protected(session.access_token)).status).toBe(200);
    await revokeIt(client, session);
    expect((await api.protected(session.access_token)).status).toBe(401);
    expect((await api.introspect(resourceServer, session.access_token)).text).toBe('{"active":false}');
  });
});

/** An API key and a token that it was exchanged for. */
async function withApiKey(): Promise<{ key: string; accessToken: string; end: () => Promise<void> }> {
  const path = `/clients/${(await register()).client_id}/api-keys`;
  const { id, api_key: key } = (await manage('POST', path, { scope: 'read' })).body;
  const exchanged = await api.call('/token', {
    method: 'POST',
    headers: { 'x-api-key': key },
    body: form({ grant_type: 'client_credentials' }),
  });
  const end = async (): Promise<void> => expect((await manage('DELETE', `${path}/${id}`)).status).toBe(204);
  return { key, accessToken: expectOk(exchanged).body.access_token, end };
}

describe('in table mode', () => {
  it('ending an API key is effective at the very next call, for the key and its tokens', async () => {
    const { key, accessToken: text, end } = await withApiKey();
    const byKey = async () => (await api.call('/protected', { headers: { 'x-api-key': key } })).status;
    expect([await byKey(), (await api.protected(text)).status]).toEqual([200, 200]);
    await end();
    expect([await byKey(), (await api.protected(text)).status, await byKey()]).toEqual([401, 401, 401]);
  });
});

/** The feed authorizer as it would be deployed: its own bundle in an environment without AWS, fed with API Gateway's events. */
describe('in feed mode', () => {
  const folder = temporaryFolder();
  let authorizer: ExecutionEnvironment;
  beforeAll(async () => {
    const directory = join(folder, 'feed');
    mkdirSync(directory);
    await build({
      ...BUNDLE_SETTINGS,
      entryPoints: [{ in: join(PROJECT, 'functions/authorizer/feed.ts'), out: 'index' }],
      outdir: directory,
    });
    authorizer = startEnvironment({
      spec: {
        functionName: 'feed',
        functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:feed',
        directory,
        handler: 'index.handler',
        memoryMb: 256,
      },
      variables: {
        ISSUER: service.issuer,
        AUDIENCE: service.issuer,
        RULES: JSON.stringify(['/orders', '/$connect'].map((path) => ({ method: 'GET', path, scopes: ['read'] }))),
        RESPONSE_FORMAT: 'simple',
        REVOCATION: 'feed',
        WHEN_STALE: 'deny',
      },
      onOutput: () => undefined,
    });
  });
  afterAll(async () => {
    await authorizer.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const identity = { sourceIp: '127.0.0.1', userAgent: 'test' };
  const restArn = 'arn:aws:execute-api:us-east-1:000000000000:rest/v1/GET/orders';
  const EVENTS: Readonly<Record<string, (authorization: string) => object>> = {
    'REST, REQUEST': (authorization) => ({
      type: 'REQUEST',
      methodArn: restArn,
      path: '/orders',
      httpMethod: 'GET',
      headers: { Authorization: authorization },
      multiValueHeaders: { Authorization: [authorization] },
      requestContext: { stage: 'v1', identity },
    }),
    'REST, TOKEN': (authorization) => ({ type: 'TOKEN', methodArn: restArn, authorizationToken: authorization }),
    'HTTP, payload 2.0': (authorization) => ({
      version: '2.0',
      type: 'REQUEST',
      routeArn: 'arn:aws:execute-api:us-east-1:000000000000:http/$default/GET/orders',
      routeKey: 'GET /orders',
      rawPath: '/orders',
      headers: { authorization },
      requestContext: { http: { method: 'GET', path: '/orders', ...identity }, stage: '$default' },
    }),
    'WebSocket, $connect': (authorization) => ({
      type: 'REQUEST',
      methodArn: 'arn:aws:execute-api:us-east-1:000000000000:socket/v1/$connect',
      headers: { Authorization: authorization },
      multiValueHeaders: { Authorization: [authorization] },
      requestContext: { routeKey: '$connect', eventType: 'CONNECT', stage: 'v1', identity: { sourceIp: '127.0.0.1' } },
    }),
  };
  const ask = (shape: string, text: string): Promise<InvocationResult> =>
    authorizer.invoke(JSON.stringify(EVENTS[shape]!(`Bearer ${text}`)), 10_000);

  function isAllowed(result: InvocationResult): boolean {
    if (!result.ok) {
      expect(result.errorMessage).toBe('Unauthorized');
      return false;
    }
    const { isAuthorized, policyDocument } = result.payload as {
      isAuthorized?: boolean;
      policyDocument?: { Statement: { Effect: string }[] };
    };
    return isAuthorized ?? policyDocument?.Statement.some(({ Effect }) => Effect === 'Allow') ?? false;
  }

  it.each(Object.keys(EVENTS))('%s: takes a good token, refuses a forged one and none', async (shape) => {
    const text = await accessToken(await register());
    expect(isAllowed(await ask(shape, text))).toBe(true);
    expect(isAllowed(await ask(shape, `${text.slice(0, -4)}AAAA`))).toBe(false);
    expect(isAllowed(await ask(shape, 'garbage'))).toBe(false);
  });

  it.concurrent.each(Object.keys(EVENTS))('%s: ending an API key is effective within 5 s, for the key and its tokens', async (shape) => {
    const { key, accessToken: text, end } = await withApiKey();
    expect([isAllowed(await ask(shape, key)), isAllowed(await ask(shape, text))]).toEqual([true, true]);
    await end();
    const until = performance.now() + BOUND_MS;
    let allowed = [true];
    while (allowed.includes(true) && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      allowed = [isAllowed(await ask(shape, key)), isAllowed(await ask(shape, text))];
    }
    expect(allowed).toEqual([false, false]);
  });

  it.concurrent.each(Object.entries(WAYS))('revoking %s is effective within 5 s, for good', async (_, revokeIt) => {
    const client = await register();
    const session = expectOk(await token(client)).body;
    const shapes = Object.keys(EVENTS);
    for (const shape of shapes)
      if (!isAllowed(await ask(shape, session.access_token))) throw new Error(`${shape}: refused before it was revoked`);
    await revokeIt(client, session);
    const end = performance.now() + BOUND_MS;
    let allowed = true;
    while (allowed && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      allowed = isAllowed(await ask(shapes[0]!, session.access_token));
    }
    if (allowed) throw new Error(`still let through after ${BOUND_MS} ms`);
    for (const shape of shapes) if (isAllowed(await ask(shape, session.access_token))) throw new Error(`${shape}: let through again`);
  });

  it('other tokens of the client are let through, where only one was revoked', async () => {
    const client = await register();
    const [first, second] = [expectOk(await token(client)).body, expectOk(await token(client)).body];
    await revoke(client, { token: first.access_token });
    await expect
      .poll(async () => isAllowed(await ask('REST, REQUEST', first.access_token)), { timeout: BOUND_MS, interval: 100 })
      .toBe(false);
    expect(isAllowed(await ask('REST, REQUEST', second.access_token))).toBe(true);
  });
});

it('the feed tells ids as digests, and never takes an entry back before its time', async () => {
  const client = await register();
  const session = expectOk(await token(client)).body;
  await revoke(client, { token: session.access_token });
  await expect.poll(async () => (await api.call('/revocations')).body.jti.length, { timeout: BOUND_MS }).toBeGreaterThan(0);
  const feed = await api.call('/revocations');
  expect(feed.headers['cache-control']).toBe('public, max-age=1');
  expect(feed.body).toMatchObject({ v: 1, iss: service.issuer, iat: expect.any(Number), kids: [] });
  for (const id of [...feed.body.jti, ...feed.body.sid, ...Object.keys(feed.body.clients)]) expect(id).toMatch(/^[\w-]{22}$/);
  await revoke(client, { all: 'true' });
  const later = (await api.call('/revocations')).body;
  expect(later.jti).toEqual(expect.arrayContaining(feed.body.jti));
});
