// RFC 6749, the token endpoint: sections 2.3, 3.2, 3.3, 4.4, 5.1, 5.2 and 6.
import { beforeAll, describe, expect, it } from 'vitest';
import { basic, form } from '../e2e/call.ts';
import { decoded, endpointsOf, type TestClient } from '../e2e/endpoints.ts';
import { runningService } from '../e2e/running-service.ts';

const service = runningService();
const { call, token, refresh, register } = endpointsOf(service);
const GRANT = { grant_type: 'client_credentials' };
let client: TestClient;
beforeAll(async () => {
  client = await register();
});
const post = (body: URLSearchParams | string, headers: Record<string, string> = {}) =>
  call('/token', { method: 'POST', body, headers: { ...basic(client), ...headers } });

describe('section 2.3.1, client password', () => {
  it('takes HTTP Basic, and the scheme in any case', async () => {
    const [, credentials = ''] = basic(client).authorization.split(' ');
    for (const scheme of ['Basic', 'basic', 'BASIC', 'bAsIc'])
      expect((await post(form(GRANT), { authorization: `${scheme} ${credentials}` })).status, scheme).toBe(200);
  });

  it('form-decodes both halves of Basic after splitting them at the first colon (appendix B)', async () => {
    const percent = (text: string) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
    const encoded = Buffer.from(`${percent(client.client_id)}:${percent(client.client_secret)}`).toString('base64');
    expect((await post(form(GRANT), { authorization: `Basic ${encoded}` })).status).toBe(200);
  });

  it('takes client_id and client_secret in the body', async () => {
    const { client_id, client_secret } = client;
    expect((await call('/token', { method: 'POST', body: form({ ...GRANT, client_id, client_secret }) })).status).toBe(200);
  });

  it('takes no parameter and no credential in the URI', async () => {
    const { client_id, client_secret } = client;
    const inUri = form({ client_id, client_secret, ...GRANT }).toString();
    for (const answer of [
      await call(`/token?${inUri}`, { method: 'POST' }),
      await call('/token?scope=read', { method: 'POST', headers: basic(client), body: form(GRANT) }),
    ]) {
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request']);
      expect(answer.text).not.toContain(client_secret);
    }
  });

  it('takes no more than one method in a request, even where one of them is right', async () => {
    const { client_id, client_secret } = client;
    const several: readonly [string, URLSearchParams, Record<string, string>][] = [
      ['Basic and post', form({ ...GRANT, client_id, client_secret }), basic(client)],
      ['Basic and a wrong post', form({ ...GRANT, client_id, client_secret: 'x' }), basic(client)],
      ['Basic and the older form', form({ ...GRANT, username: client_id, password: client_secret }), basic(client)],
      ['post and the older form', form({ ...GRANT, client_id, client_secret, username: client_id, password: client_secret }), {}],
      ['Basic and headers', form(GRANT), { ...basic(client), 'x-client-id': client_id, 'x-client-secret': client_secret }],
      ['post and headers', form({ ...GRANT, client_id, client_secret }), { 'x-client-id': client_id, 'x-client-secret': client_secret }],
    ];
    for (const [name, body, headers] of several) {
      const answer = await call('/token', { method: 'POST', body, headers });
      expect([answer.status, answer.body.error], name).toEqual([400, 'invalid_request']);
    }
  });

  it('a client_id in the body must be that of Basic', async () => {
    expect((await post(form({ ...GRANT, client_id: client.client_id }))).status).toBe(200);
    expect((await post(form({ ...GRANT, client_id: 'somebody-else' }))).status).toBe(400);
  });
});

describe('section 3.2, token endpoint', () => {
  it('is for POST alone', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS']) {
      const answer = await call('/token', { method, headers: basic(client) });
      expect([answer.status, answer.headers.allow], method).toEqual([405, 'POST']);
      expect(answer.text).not.toContain('access_token');
    }
  });

  it('a method override changes nothing', async () => {
    const answer = await call('/token', { headers: { ...basic(client), 'x-http-method-override': 'POST', 'x-method-override': 'POST' } });
    expect(answer.status).toBe(405);
  });

  it('a parameter without a value counts as omitted', async () => {
    expect((await post('grant_type=client_credentials&scope=&resource=')).body.scope).toBe('read write');
    expect((await post('grant_type=')).body.error).toBe('invalid_request');
  });

  it('parameters that it does not know are ignored', async () => {
    expect((await post(form({ ...GRANT, audience: 'x', __proto__: 'x', constructor: 'x', assertion: 'x' }))).status).toBe(200);
  });

  it.each(['grant_type', 'scope', 'client_id', 'unknown'])('a repeated %s is invalid_request', async (name) => {
    const answer = await post(`grant_type=client_credentials&${name}=read&${name}=read`);
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request']);
  });
});

describe('section 3.3, scope', () => {
  it('asking for part of what is registered gives exactly that, and the answer says so', async () => {
    const { body } = await token(client, { scope: 'write' });
    expect([body.scope, decoded(body.access_token).claims.scope]).toEqual(['write', 'write']);
  });

  it('order does not matter, and a repeat counts once', async () => {
    expect((await token(client, { scope: 'write read' })).body.scope.split(' ').sort()).toEqual(['read', 'write']);
    expect((await token(client, { scope: 'read read' })).body.scope).toBe('read');
  });

  it.each([
    'admin', 'read admin', 'READ', 'Read', 'read\u00a0write', 'read,write', 'read\twrite', 'read\nwrite', 'read\r\nwrite', 'read\0', ' read',
    'read ', 'read  write', '"read"', 'read\\', '*', 'ｒｅａｄ', 'rеad', 'read write clients:manage', '__proto__', '\ufeffread',
  ])('%j is invalid_scope, never less and never more', async (scope) => {
    const answer = await token(client, { scope });
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_scope']);
  }); // prettier-ignore

  it('scope[]=admin is a parameter like any other that nobody knows', async () => {
    expect((await post('grant_type=client_credentials&scope[]=admin&scope%5B0%5D=admin')).body.scope).toBe('read write');
  });

  it('clients:manage is never granted unless it is asked for by name', async () => {
    expect((await token(service.demoAdmin)).body.scope).toBe('read write admin');
    expect((await token(service.demoAdmin, { scope: 'clients:manage' })).body.scope).toBe('clients:manage');
  });
});

describe('section 4.4, client credentials grant', () => {
  it('section 4.4.3: no refresh token for a client that is not registered for that grant', async () => {
    const plain = await register({ grant_types: ['client_credentials'] });
    expect(Object.keys((await token(plain)).body).sort()).toEqual(['access_token', 'expires_in', 'scope', 'token_type']);
  });

  it('a client that asks twice gets two tokens, and both are good', async () => {
    const [first, second] = [await token(client), await token(client)];
    const ids = [first, second].map(({ body }) => decoded(body.access_token).claims.jti);
    expect(new Set(ids).size).toBe(2);
    expect(Math.min(...ids.map((jti: string) => jti.length))).toBeGreaterThanOrEqual(22); // 128 bits in base64url
  });
});

describe('section 5.1, successful response', () => {
  it('is JSON with access_token, token_type, a whole expires_in and scope, and is never stored', async () => {
    const { status, headers, body } = await token(client);
    expect(status).toBe(200);
    expect(body).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: 'Bearer',
      expires_in: 900,
      scope: 'read write',
      refresh_token: expect.stringMatching(/^m2m_rt_/),
    });
    expect(headers['content-type']).toMatch(/^application\/json\b/);
    expect([headers['cache-control'], headers.pragma]).toEqual(['no-store', 'no-cache']);
  });

  it('is JSON whatever the caller says it accepts', async () => {
    for (const accept of ['text/html', 'application/xml', '*/*;q=0', ''])
      expect((await post(form(GRANT), { accept })).headers['content-type'], accept).toMatch(/^application\/json\b/);
  });
});

describe('section 5.2, error response', () => {
  const withGrant = (grant_type: string) => post(form({ grant_type }));

  it('without grant_type: invalid_request', async () => {
    const answer = await post(form({ scope: 'read' }));
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request']);
  });

  it.each(['authorization_code', 'implicit', 'CLIENT_CREDENTIALS', 'client_credentials ', 'urn:ietf:params:oauth:grant-type:saml2-bearer'])(
    'grant_type %j: unsupported_grant_type',
    async (grantType) => {
      const answer = await withGrant(grantType);
      expect([answer.status, answer.body.error]).toEqual([400, 'unsupported_grant_type']);
    },
  );

  it('grant_type password stays refused although its fields are taken as client credentials (RFC 9700 section 2.4)', async () => {
    const { client_id: username, client_secret: password } = client;
    const answer = await call('/token', { method: 'POST', body: form({ grant_type: 'password', username, password }) });
    expect([answer.status, answer.body.error]).toEqual([400, 'unsupported_grant_type']);
  });

  it('a grant that exists but not for this client: unauthorized_client', async () => {
    const plain = await register({ grant_types: ['client_credentials'] });
    const { refresh_token } = (await token(client)).body;
    const answer = await refresh(plain, refresh_token);
    expect([400, 401]).toContain(answer.status);
    expect(['unauthorized_client', 'invalid_grant']).toContain(answer.body.error);
  });

  it('failed client authentication: 401 invalid_client with a challenge of the scheme', async () => {
    for (const secret of ['wrong', `${client.client_secret} `, client.client_secret.toUpperCase(), `${client.client_secret}\0`]) {
      const answer = await token({ ...client, client_secret: secret });
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
      expect(answer.headers['www-authenticate']).toMatch(/^Basic realm="[^"]+"/);
    }
  });

  it('no client authentication at all: 401 invalid_client with a challenge', async () => {
    const answer = await call('/token', { method: 'POST', body: form(GRANT) });
    expect([answer.status, answer.body.error, answer.headers['www-authenticate']]).toEqual([
      401,
      'invalid_client',
      expect.stringMatching(/^Basic /),
    ]);
  });

  it('error and error_description hold only the characters that the RFC allows, and repeat nothing of the request', async () => {
    const answers = [
      await token(client, { scope: '"<img>\\' }),
      await withGrant('"<img>\\é'),
      await post('scope=%zz'),
      await call('/token', { method: 'POST', body: form({ ...GRANT, client_id: '<img>', client_secret: '<img>' }) }),
    ];
    for (const { status, body, text, headers } of answers) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
      expect(`${String(body.error)}${String(body.error_description)}`).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
      expect(text).not.toContain('img');
      expect(body.trace_id).toBe(headers['x-trace-id']);
      expect([headers['cache-control'], headers.pragma]).toEqual(['no-store', 'no-cache']);
    }
  });
});

describe('section 6, refreshing an access token', () => {
  it('needs the client to authenticate at /token', async () => {
    const { refresh_token } = (await token(client)).body;
    const body = form({ grant_type: 'refresh_token', refresh_token, client_id: client.client_id });
    expect((await call('/token', { method: 'POST', body })).status).toBe(401);
    expect((await refresh({ ...client, client_secret: 'wrong' }, refresh_token)).status).toBe(401);
    expect((await refresh(client, refresh_token)).status).toBe(200);
  });

  it('a narrower scope is for this answer alone: the next refresh has the original one again', async () => {
    const narrowed = (await refresh(client, (await token(client)).body.refresh_token, { scope: 'read' })).body;
    expect([narrowed.scope, decoded(narrowed.access_token).claims.scope]).toEqual(['read', 'read']);
    expect((await refresh(client, narrowed.refresh_token)).body.scope).toBe('read write');
  });

  it('a wider scope is invalid_scope and does not use the token up', async () => {
    const { refresh_token } = (await token(client, { scope: 'read' })).body;
    const answer = await refresh(client, refresh_token, { scope: 'read write' });
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_scope']);
    expect((await refresh(client, refresh_token)).body.scope).toBe('read');
  });

  it('another client gets invalid_grant, and the owner is none the worse for it', async () => {
    const other = await register();
    const { refresh_token } = (await token(client)).body;
    const answer = await refresh(other, refresh_token);
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_grant']);
    expect((await refresh(client, refresh_token)).status).toBe(200);
  });

  it.each(['garbage', 'm2m_rt_k1.demo-service.1.x.y', 'null', '[object Object]'])('%j is invalid_grant', async (text) => {
    const answer = await refresh(client, text);
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_grant']);
  });

  it('an access token is no refresh token', async () => {
    const answer = await refresh(client, (await token(client)).body.access_token);
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_grant']);
  });
});

describe('compatibility inputs', () => {
  it('form fields username and password are client id and secret; without grant_type they mean client_credentials', async () => {
    const { client_id: username, client_secret: password } = client;
    for (const fields of [
      { username, password },
      { username, password, ...GRANT },
    ])
      expect((await call('/token', { method: 'POST', body: form(fields) })).status).toBe(200);
  });

  it('headers X-Client-ID and X-Client-Secret need neither body nor content type', async () => {
    const headers = { 'x-client-id': client.client_id, 'x-client-secret': client.client_secret };
    expect((await call('/token', { method: 'POST', headers })).status).toBe(200);
    expect((await call('/token', { method: 'POST', headers, body: form({ scope: 'read' }) })).body.scope).toBe('read');
  });
});
