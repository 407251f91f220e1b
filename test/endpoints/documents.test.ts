import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { feedId } from '../../src/authorizer/feed-document.ts';
import { ROUTES } from '../../src/http/route-table.ts';
import { claimsOf } from './access-token.ts';
import type { Answer } from './request.ts';
import { ISSUER, useService, type Registered } from './service-under-test.ts';

const service = useService({ algorithms: ['RS256', 'ES256', 'EdDSA'] });
const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> => service.send({ to: `GET ${path}`, headers });

describe.each(['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'])('%s (RFC 8414)', (path) => {
  it('says what is implemented and nothing else, under the configured issuer', async () => {
    const answer = await get(path, { host: 'evil.example', 'x-forwarded-host': 'evil.example' });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      issuer: ISSUER,
      token_endpoint: `${ISSUER}/token`,
      jwks_uri: `${ISSUER}/.well-known/jwks.json`,
      registration_endpoint: `${ISSUER}/clients`,
      revocation_endpoint: `${ISSUER}/revoke`,
      introspection_endpoint: `${ISSUER}/introspect`,
      grant_types_supported: ['client_credentials', 'refresh_token', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
      response_types_supported: [],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'],
      revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
      revocation_endpoint_auth_signing_alg_values_supported: ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'],
      introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
      introspection_endpoint_auth_signing_alg_values_supported: ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'],
      dpop_signing_alg_values_supported: ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'],
    });
    const served: readonly string[] = ROUTES.map((route) => `${ISSUER}${route.path}`);
    for (const [name, url] of Object.entries(answer.body as object)) if (/_endpoint$|_uri$/.test(name)) expect(served).toContain(url);
  });
});

describe('the JWKS (RFC 7517)', () => {
  it('has the public members of every key, its use and algorithm, under its thumbprint', async () => {
    const { status, body, headers } = await get('/.well-known/jwks.json');
    expect(status).toBe(200);
    // Nothing that serves it for longer: a key is published only so long before it signs.
    expect(headers['cache-control']).toBe('public, max-age=300');
    const keys = body.keys as Record<string, string>[];
    expect(keys.map(({ alg }) => alg).toSorted()).toEqual(['ES256', 'EdDSA', 'RS256']);
    for (const key of keys) {
      expect(Object.keys(key)).not.toEqual(expect.arrayContaining(['d']));
      expect(Object.keys(key).every((member) => ['kty', 'n', 'e', 'crv', 'x', 'y', 'kid', 'alg', 'use'].includes(member))).toBe(true);
      expect(key).toMatchObject({ use: 'sig', kid: expect.stringMatching(/^[\w-]{43}$/) as string });
    }
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length);
  });

  it('lets nobody keep one without keys, which it is until the first key pair of delegated signing is made', async () => {
    service.coldStart({ SIGNING: 'delegated' }, 'jwks');
    const recorded = (await service.engine.items()).filter(({ PK }) => PK === 'KEYRING');
    for (const { PK, SK } of recorded) await service.engine.remove({ PK: String(PK), SK: String(SK) });
    const answer = await service.send({ to: 'GET /.well-known/jwks.json' });
    expect([answer.body, answer.headers['cache-control']]).toEqual([{ keys: [] }, 'no-store']);
    service.coldStart();
  });

  it('lets callers keep it for 5 minutes to an hour', async () => {
    const maxAge = Number(/max-age=(\d+)/.exec((await get('/.well-known/jwks.json')).headers['cache-control'] ?? '')?.[1]);
    expect(maxAge).toBeGreaterThanOrEqual(300);
    expect(maxAge).toBeLessThanOrEqual(3600);
  });
});

describe.each(['/.well-known/jwks.json', '/.well-known/oauth-authorization-server', '/revocations'])('%s', (path) => {
  it('answers 304 without a body to whoever has it already (RFC 9110 section 13.1.2)', async () => {
    const { headers } = await get(path);
    const { etag = '' } = headers;
    expect(etag).toMatch(/^"[\w-]+"$/);
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const answer = await get(path, { 'if-none-match': known });
      expect(answer).toMatchObject({ status: 304, text: '', headers: { etag, 'cache-control': headers['cache-control'] } });
    }
    for (const known of ['"x"', etag.slice(1), '']) expect((await get(path, { 'if-none-match': known })).status).toBe(200);
  });

  it('may be read by pages of any origin, since it is public', async () => {
    expect((await get(path)).headers['access-control-allow-origin']).toBe('*');
  });
});

describe('health', () => {
  it('is told without storage', async () => {
    service.coldStart();
    const answer = await get('/health');
    expect(answer).toMatchObject({ status: 200, body: { status: 'ok', issuer: ISSUER }, headers: { 'cache-control': 'no-store' } });
    expect(service.calls.names()).toEqual([]);
  });
});

describe('the revocation feed', () => {
  let client: Registered;
  beforeAll(async () => {
    client = await service.register({ grant_types: ['client_credentials', 'refresh_token'] });
  });
  type Tokens = { readonly access_token: string; readonly refresh_token: string };
  const start = async (): Promise<Tokens> =>
    (await service.send({ to: 'POST /token', basic: client, form: { grant_type: 'client_credentials' } })).body as Tokens;
  const revoke = (form: Record<string, string>) => service.send({ to: 'POST /revoke', basic: client, form });
  const feed = async () => {
    service.advance(1);
    return (await get('/revocations')).body as {
      v: number;
      iss: string;
      iat: number;
      jti: string[];
      sid: string[];
      clients: Record<string, number>;
      kids: string[];
    };
  };

  const asking = (query: string) => service.send({ to: 'GET /revocations', query });

  it('is empty at first, and says when it was read', async () => {
    expect(await feed()).toEqual({ v: 1, iss: ISSUER, iat: service.now(), jti: [], sid: [], clients: {}, kids: [] });
    expect((await get('/revocations')).headers['cache-control']).toBe('public, max-age=1');
  });

  it('names revoked tokens, sessions and clients by the first 128 bits of their digest', async () => {
    const [one, two] = [await start(), await start()];
    const jti = claimsOf(one.access_token)['jti'] as string;
    const sid = claimsOf(two.access_token)['sid'] as string;
    await revoke({ token: one.access_token });
    await revoke({ token: two.refresh_token });
    await revoke({ all: 'true' });
    const document = await feed();
    const digest = (id: string) => createHash('sha256').update(id).digest().subarray(0, 16).toString('base64url');
    expect(document).toMatchObject({ jti: [digest(jti)], sid: [digest(sid)], clients: { [digest(client.client_id)]: 2 } });
    expect(feedId(jti)).toBe(digest(jti));
    const text = JSON.stringify(document);
    for (const id of [jti, sid, client.client_id]) expect(text).not.toContain(id);
  });

  it('keeps an entry for as long as a token of it could be taken by any clock, and not much longer', async () => {
    const { access_token } = await start();
    const { jti, exp } = claimsOf(access_token) as { jti: string; exp: number };
    await revoke({ token: access_token });
    await feed();
    service.advance(exp - service.now() + 60 + 178);
    expect((await feed()).jti).toContain(feedId(jti));
    service.advance(10);
    expect((await feed()).jti).not.toContain(feedId(jti));
  });

  it('says the higher epoch of a client, whatever order it is read in', async () => {
    await revoke({ all: 'true' });
    await feed();
    await revoke({ all: 'true' });
    const { clients } = await feed();
    expect(clients[feedId(client.client_id)]).toBe(4);
    service.coldStart();
    expect((await feed()).clients).toEqual(clients);
  });

  it('names keys that nobody trusts any more, also to a new environment long after', async () => {
    const [kid, at] = ['stolen-key', service.now()];
    const feedAttributes = { feed: 'FEED', feed_at: new Date(at * 1000).toISOString(), feed_until: at + 86_400 };
    await service.engine.put({ PK: 'KEYRING', SK: `KEY#${kid}`, ...feedAttributes });
    expect((await feed()).kids).toEqual([feedId(kid)]);
    service.advance(3 * 3600);
    expect((await feed()).kids).toEqual([feedId(kid)]);
    service.coldStart();
    expect((await feed()).kids).toEqual([feedId(kid)]);
    await service.engine.remove({ PK: 'KEYRING', SK: `KEY#${kid}` });
  });

  it('tells who has read it before only what was written since, and until when that matters', async () => {
    const { access_token } = await start();
    const { jti, exp } = claimsOf(access_token) as { jti: string; exp: number };
    service.advance(600);
    const since = Math.floor(service.now() / 10) * 10;
    await revoke({ token: access_token });
    service.advance(1);
    const until = Math.ceil((exp + 60 + 180) / 600) * 600;
    const page = { v: 1, of: feedId(ISSUER), iat: service.now(), since, until: { [until]: { jti: [feedId(jti)] } } };
    expect((await asking(`since=${since}`)).body).toEqual(page);
    const later = since + 20;
    expect((await asking(`since=${later}`)).body).toEqual({ v: 1, of: feedId(ISSUER), iat: service.now(), since: later });
  });

  it('is whole for who asks for anything else', async () => {
    const whole = (await get('/revocations')).text;
    for (const query of ['since', 'since=', 'since=-1', 'since=1e3', 'since=0&after=x', 'until=5'])
      expect((await asking(query)).text).toBe(whole);
  });
});

describe('whatever no route takes', () => {
  const unrouted = async (to: string): Promise<Answer> => service.send({ to });

  it.each([
    'GET /',
    'GET /nothing',
    'POST /token/',
    'GET /Token',
    'POST //token',
    'GET /.well-known/x',
    'GET /clients/a/b',
    'GET /authorize',
  ])('%s is 404', async (to) => {
    const answer = await unrouted(to);
    expect(answer).toMatchObject({ status: 404, body: { error: 'not_found' }, headers: { 'content-type': 'application/json' } });
    expect(answer.headers).not.toHaveProperty('allow');
  });

  it.each([
    ['GET /token', 'POST'],
    ['PATCH /revocations', 'GET'],
    ['HEAD /health', 'GET'],
    ['POST /.well-known/jwks.json', 'GET'],
  ])('%s is 405, allowing %s', async (to, allow) => {
    expect(await unrouted(to)).toMatchObject({ status: 405, body: { error: 'method_not_allowed' }, headers: { allow } });
  });
});
