// RFC 7662, token introspection; SECURITY 67 to 72.
import { beforeAll, describe, expect, it } from 'vitest';
import { basic, call, form } from '../e2e/call.ts';
import { decoded, endpointsOf, type TestClient } from '../e2e/endpoints.ts';
import { runningService } from '../e2e/running-service.ts';
import { forged, resigned, withSignature } from '../e2e/signed-tokens.ts';

const service = runningService();
const { issuer, token, accessToken, refresh, revoke, introspect, register, manage } = endpointsOf(service);
let client: TestClient;
beforeAll(async () => {
  client = await register();
});

describe('section 2.1, introspection request', () => {
  it('needs a client that authenticates: a token without one tells nothing', async () => {
    const text = await accessToken(client);
    for (const headers of [{}, basic({ ...client, client_secret: 'wrong' }), { authorization: `Bearer ${text}` }]) {
      const answer = await call(issuer, '/introspect', { method: 'POST', headers, body: form({ token: text }) });
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
      expect(answer.headers['www-authenticate']).toMatch(/^Basic /);
    }
  });

  it('takes no GET and no token in the URI', async () => {
    const text = await accessToken(client);
    expect((await call(issuer, `/introspect?token=${text}`, { headers: basic(client) })).status).toBe(405);
    expect((await call(issuer, `/introspect?token=${text}`, { method: 'POST', headers: basic(client) })).status).toBe(400);
  });

  it('without token: invalid_request', async () => {
    const answer = await call(issuer, '/introspect', { method: 'POST', headers: basic(client), body: form({ token: '' }) });
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request']);
  });

  it.each(['access_token', 'refresh_token', 'nonsense'])('token_type_hint=%s never stands in the way', async (token_type_hint) => {
    const { access_token, refresh_token } = (await token(client)).body;
    for (const text of [access_token, refresh_token]) expect((await introspect(client, text, { token_type_hint })).body.active).toBe(true);
  });
});

describe('section 2.2, introspection response', () => {
  it('of an active access token: what it says of itself', async () => {
    const text = await accessToken(client, { scope: 'read' });
    const { status, headers, body } = await introspect(client, text);
    expect(status).toBe(200);
    expect(body).toEqual({ active: true, token_type: 'Bearer', ...decoded(text).claims });
    expect(body).toMatchObject({ iss: issuer, aud: issuer, client_id: client.client_id, sub: client.client_id, scope: 'read' });
    expect([headers['cache-control'], headers.pragma]).toEqual(['no-store', 'no-cache']);
  });

  it('of an active refresh token, to its owner: the session and when it ends', async () => {
    const { refresh_token } = (await token(client)).body;
    const { body } = await introspect(client, refresh_token);
    expect(body).toMatchObject({ active: true, token_type: 'refresh_token', client_id: client.client_id, scope: 'read write' });
    expect(body.exp - body.iat).toBe(7 * 24 * 3600);
  });

  it('of anything else: exactly {"active":false} with 200', async () => {
    const { access_token, refresh_token } = (await token(client)).body;
    const { header, claims } = decoded(access_token);
    const past = Math.floor(Date.now() / 1000) - 1000;
    const rotated = (await token(client)).body.refresh_token;
    await refresh(client, rotated);
    await revoke(client, { token: refresh_token });
    const texts = [
      access_token, // its session has ended
      refresh_token,
      rotated,
      resigned(service, access_token, { claims: { iat: past - 900, exp: past } }),
      resigned(service, access_token, { claims: { iss: 'https://other.example' } }),
      resigned(service, access_token, { header: { typ: 'JWT' } }),
      forged(access_token),
      withSignature({ ...header, alg: 'none' }, claims, ''),
      withSignature(header, claims, ''),
      'unknown',
      'a.b.c',
      '..',
      '.'.repeat(6000),
      '\0',
      '😀'.repeat(50),
      'm2m_rt_',
      'm2m_rt_k1.x.1.y.z',
      'x'.repeat(60_000),
    ];
    for (const text of texts) {
      const answer = await introspect(client, text);
      expect([answer.status, answer.text], text.slice(0, 40)).toEqual([200, '{"active":false}']);
    }
  });

  it('introspecting an old generation ends nothing', async () => {
    const first = (await token(client)).body;
    const second = (await refresh(client, first.refresh_token)).body;
    expect((await introspect(client, first.refresh_token)).body).toEqual({ active: false });
    expect((await refresh(client, second.refresh_token)).status).toBe(200);
  });
});

describe('section 4, who may ask', () => {
  it("a stranger learns nothing of another client's token", async () => {
    const other = await register();
    const { access_token, refresh_token } = (await token(client)).body;
    for (const text of [access_token, refresh_token]) expect((await introspect(other, text)).text).toBe('{"active":false}');
  });

  it('a resource server that is registered to ask sees access tokens, and no refresh tokens', async () => {
    const resourceServer = await register({ may_introspect: 'any' });
    const { access_token, refresh_token } = (await token(client)).body;
    expect((await introspect(resourceServer, access_token)).body.active).toBe(true);
    expect((await introspect(resourceServer, refresh_token)).text).toBe('{"active":false}');
  });

  it('tokens of a disabled client are inactive at once', async () => {
    const [resourceServer, leaving] = [await register({ may_introspect: 'any' }), await register()];
    const text = await accessToken(leaving);
    expect((await introspect(resourceServer, text)).body.active).toBe(true);
    expect((await manage('PUT', `/clients/${leaving.client_id}`, { scope: 'read write', disabled: true })).status).toBe(200);
    expect((await introspect(resourceServer, text)).text).toBe('{"active":false}');
  });
});
