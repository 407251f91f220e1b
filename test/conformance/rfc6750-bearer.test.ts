// RFC 6750, bearer tokens at the sample API (REST API, Lambda authorizer) and at /clients (checked in its own handler).
import { beforeAll, describe, expect, it } from 'vitest';
import { basic, bearer, form } from '../e2e/call.ts';
import { endpointsOf, type TestClient } from '../e2e/endpoints.ts';
import { runningService } from '../e2e/running-service.ts';

const service = runningService();
const { issuer, call, accessToken, register, token, managementToken } = endpointsOf(service);
let client: TestClient;
let text: string;
beforeAll(async () => {
  client = await register();
  text = await accessToken(client);
});

describe('section 2.1, Authorization request header field', () => {
  it('takes the token there, and the scheme in any case', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER'])
      expect((await call('/protected', { headers: { authorization: `${scheme} ${text}` } })).status, scheme).toBe(200);
  });

  it.each([
    ['another scheme', (value: string) => `DPoP ${value}`],
    ['Basic', () => basic({ client_id: 'demo-service', client_secret: 'x' }).authorization],
    ['no scheme', (value: string) => value],
    ['a comma-joined second one', (value: string) => `Bearer ${value}, Bearer ${value}`],
    ['garbage first', (value: string) => `Bearer garbage, Bearer ${value}`],
    ['a space in it', (value: string) => `Bearer ${value.slice(0, 20)} ${value.slice(20)}`],
    ['quotes around it', (value: string) => `Bearer "${value}"`],
    ['nothing after the scheme', () => 'Bearer'],
  ])('refuses %s', async (_, header) => {
    for (const path of ['/protected', '/clients'])
      expect((await call(path, { headers: { authorization: header(text) } })).status, path).toBe(401);
  });

  it('refuses two headers, whichever of them is good', async () => {
    const manager = await managementToken();
    for (const [path, good] of [
      ['/protected', text],
      ['/clients', manager],
    ] as const)
      for (const values of [
        [`Bearer ${good}`, 'Bearer garbage'],
        ['Bearer garbage', `Bearer ${good}`],
        [`Bearer ${good}`, `Bearer ${good}`],
      ])
        expect((await call(path, { headers: { authorization: values } })).status, path).toBe(401);
  });
});

describe('sections 2.2 and 2.3, body and query', () => {
  it('a token anywhere else is no token', async () => {
    for (const path of ['/protected', '/clients']) {
      expect((await call(`${path}?access_token=${text}`)).status).toBe(401);
      expect((await call(path, { headers: { cookie: `access_token=${text}` } })).status).toBe(401);
      expect((await call(path, { headers: { 'x-access-token': text, 'proxy-authorization': `Bearer ${text}` } })).status).toBe(401);
    }
    expect((await call('/clients', { method: 'POST', body: form({ access_token: text }) })).status).toBe(401);
  });
});

describe('section 3, the WWW-Authenticate response header field', () => {
  it('without a token: 401 with a challenge and, where our own handler answers, no error code (section 3.1)', async () => {
    const clients = await call('/clients');
    expect([clients.status, clients.headers['www-authenticate']]).toEqual([401, 'Bearer realm="m2m-auth"']);
    // A REST API's own answer is static (DESIGN 3.1).
    const sample = await call('/protected');
    expect([sample.status, sample.headers['www-authenticate']]).toEqual([401, expect.stringMatching(/^Bearer /)]);
    expect(sample.body).toEqual({ error: 'invalid_token', error_description: expect.any(String), trace_id: expect.any(String) });
  });

  it('with a bad token: 401 error="invalid_token"', async () => {
    for (const path of ['/protected', '/clients']) {
      const answer = await call(path, { headers: bearer(`${text}x`) });
      expect(answer.status).toBe(401);
      expect(answer.body.error).toBe('invalid_token');
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer .*error="invalid_token"/);
    }
  });

  it('with too little scope: 403 error="insufficient_scope" that names the scope', async () => {
    for (const [path, scope] of [
      ['/admin-only', 'admin'],
      ['/clients', 'clients:manage'],
    ] as const) {
      const answer = await call(path, { headers: bearer(text) });
      expect([answer.status, answer.body.error], path).toEqual([403, 'insufficient_scope']);
      expect(answer.headers['www-authenticate'], path).toMatch(new RegExp(`^Bearer .*error="insufficient_scope".*scope="${scope}"`));
    }
  });

  it('scope without the role is refused too, and so is the role without the scope', async () => {
    const scopeAlone = await register({ scope: 'read admin' });
    expect((await call('/admin-only', { headers: bearer(await accessToken(scopeAlone, { scope: 'admin' })) })).status).toBe(403);
    const narrowed = await accessToken(service.demoAdmin, { scope: 'read' });
    expect((await call('/admin-only', { headers: bearer(narrowed) })).status).toBe(403);
    expect((await call('/admin-only', { headers: bearer(await accessToken(service.demoAdmin)) })).status).toBe(200);
  });

  it('a header of the caller gives it no role', async () => {
    const headers = {
      ...bearer(text),
      'x-role': 'admin',
      'x-amzn-request-context': '{"authorizer":{"roles":"admin"}}',
      'x-original-url': '/protected',
      'x-rewrite-url': '/protected',
      'x-apigateway-event': '{}',
    };
    expect((await call('/admin-only', { headers })).status).toBe(403);
  });
});

describe('section 5.3, the token stays where it belongs', () => {
  it('a token for another audience is refused', async () => {
    const other = await register({ audiences: ['https://api.example', issuer] });
    expect((await call('/protected', { headers: bearer(await accessToken(other)) })).status).toBe(401);
    expect((await call('/protected', { headers: bearer(await accessToken(other, { resource: issuer })) })).status).toBe(200);
  });

  it('a refresh token opens nothing', async () => {
    const { refresh_token } = (await token(client)).body;
    for (const path of ['/protected', '/clients']) expect((await call(path, { headers: bearer(refresh_token) })).status).toBe(401);
  });

  it('the API learns who calls as strings, and never the token', async () => {
    const { body, text: answer } = await call('/protected', { headers: bearer(text) });
    expect(Object.values(body.caller).every((value) => typeof value === 'string')).toBe(true);
    expect(body.caller).toMatchObject({ client_id: client.client_id, scope: 'read write', aud: issuer, auth_method: 'client_secret' });
    expect(answer).not.toContain(text);
  });
});
