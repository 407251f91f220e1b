// RFC 8414, OAuth 2.0 Authorization Server Metadata; SECURITY 17 to 19.
import { describe, expect, it } from 'vitest';
import { form } from '../e2e/call.ts';
import { endpointsOf } from '../e2e/endpoints.ts';
import { runningService } from '../e2e/running-service.ts';

const service = runningService();
const { issuer, call } = endpointsOf(service);
const WELL_KNOWN = '/.well-known/oauth-authorization-server';

describe('section 2, metadata', () => {
  it('issuer is exactly the URL that the client used, without a trailing slash', async () => {
    expect((await call(WELL_KNOWN)).body.issuer).toBe(issuer);
  });

  it.each([
    ['Host', { host: 'attacker.example' }],
    ['X-Forwarded-Host', { 'x-forwarded-host': 'attacker.example', 'x-forwarded-proto': 'https', 'x-forwarded-port': '443' }],
    ['Forwarded', { forwarded: 'host=attacker.example;proto=https' }],
  ])('nothing in it follows %s', async (_, headers) => {
    expect((await call(WELL_KNOWN, { headers })).text).toBe((await call(WELL_KNOWN)).text);
  });

  it('response_types_supported is there, although empty, and no other array is empty', async () => {
    const { response_types_supported: responseTypes, ...others } = (await call(WELL_KNOWN)).body;
    expect(responseTypes).toEqual([]);
    expect(Object.entries(others).filter(([, value]) => Array.isArray(value) && value.length === 0)).toEqual([]);
  });

  it('grant_types_supported is there, because its default is for people', async () => {
    expect((await call(WELL_KNOWN)).body.grant_types_supported).toEqual([
      'client_credentials',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:jwt-bearer',
    ]);
  });

  it('every listed endpoint answers, and answers for this issuer', async () => {
    const metadata = (await call(WELL_KNOWN)).body as Record<string, string>;
    const endpoints = Object.entries(metadata).filter(([name]) => /_endpoint$|_uri$/.test(name));
    expect(endpoints.map(([name]) => name).sort()).toEqual([
      'introspection_endpoint',
      'jwks_uri',
      'registration_endpoint',
      'revocation_endpoint',
      'token_endpoint',
    ]);
    for (const [name, url] of endpoints) {
      expect(url.startsWith(`${issuer}/`), name).toBe(true);
      const path = url.slice(issuer.length);
      const answer = await call(path, name === 'jwks_uri' ? {} : { method: 'POST', body: form({ a: 'b' }) });
      expect([200, 400, 401], name).toContain(answer.status);
    }
  });

  it('every listed authentication method and grant works, and no algorithm is "none"', async () => {
    const { body, text } = await call(WELL_KNOWN);
    expect(body.token_endpoint_auth_methods_supported).toEqual(['client_secret_basic', 'client_secret_post', 'private_key_jwt']);
    // RFC 8414 section 2: the algorithms "MUST be present if" private_key_jwt is listed, and "none" MUST NOT be among them.
    for (const endpoint of ['token', 'revocation', 'introspection'])
      expect(body[`${endpoint}_endpoint_auth_signing_alg_values_supported`]).toEqual(['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519']);
    expect(text).not.toMatch(/"none"|"HS\d|client_secret_jwt"/);
  });
});

describe('section 3, obtaining it', () => {
  it('is JSON, and the same under the name where most gateways look', async () => {
    const answer = await call(WELL_KNOWN);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/json\b/);
    expect((await call('/.well-known/openid-configuration')).text).toBe(answer.text);
  });

  it('may be cached, and a conditional request for what is unchanged has no body', async () => {
    const { headers } = await call(WELL_KNOWN);
    expect(headers['cache-control']).toMatch(/max-age=(?:[3-9]\d\d|[12]\d\d\d|3[0-5]\d\d|3600)\b/);
    const again = await call(WELL_KNOWN, { headers: { 'if-none-match': headers.etag ?? '' } });
    expect([again.status, again.text]).toEqual([304, '']);
  });

  it('takes no method but GET', async () => {
    const answer = await call(WELL_KNOWN, { method: 'POST', body: form({ a: 'b' }) });
    expect([answer.status, answer.headers.allow]).toEqual([405, 'GET']);
  });
});
