// RFC 8707, resource indicators.
import { beforeAll, describe, expect, it } from 'vitest';
import { basic, form } from '../e2e/call.ts';
import { decoded, endpointsOf, type TestClient } from '../e2e/endpoints.ts';
import { runningService } from '../e2e/running-service.ts';

const service = runningService();
const { issuer, call, token, refresh, register } = endpointsOf(service);
const API = 'https://api.example/v1';
let client: TestClient;
beforeAll(async () => {
  client = await register({ audiences: [API, issuer] });
});

describe('section 2, the resource parameter', () => {
  it('the token is for the one resource that was asked for', async () => {
    for (const resource of [API, issuer]) expect(decoded((await token(client, { resource })).body.access_token).claims.aud).toBe(resource);
  });

  it("without it, the token is for the first of the client's audiences", async () => {
    expect(decoded((await token(client)).body.access_token).claims.aud).toBe(API);
    expect(decoded((await token(service.demoService)).body.access_token).claims.aud).toBe(issuer);
  });

  it.each([
    ['that the client is not registered for', 'https://other.example'],
    ['of another path', `${API}/`],
    ['of another case', API.toUpperCase()],
    ['that is relative', '/v1'],
    ['with a fragment', `${API}#part`],
    ['that is no URI', 'not a uri'],
    ['with control characters', `${API}\r\n`],
  ])('a resource %s is invalid_target', async (_, resource) => {
    const answer = await token(client, { resource });
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_target']);
  });

  it('more than one is refused: a token has one audience', async () => {
    const answer = await call('/token', {
      method: 'POST',
      headers: basic(client),
      body: form({ grant_type: 'client_credentials', resource: [API, issuer] }),
    });
    expect(answer.status).toBe(400);
    expect(['invalid_target', 'invalid_request']).toContain(answer.body.error);
  });
});

describe('section 2.2, at refresh', () => {
  it('keeps the audience of the session, and takes no other without being asked', async () => {
    const first = (await token(client, { resource: issuer })).body;
    const second = (await refresh(client, first.refresh_token)).body;
    expect(decoded(second.access_token).claims.aud).toBe(issuer);
  });

  it('a resource that the client is not registered for is invalid_target, and the token is not used up', async () => {
    const { refresh_token } = (await token(client)).body;
    const answer = await refresh(client, refresh_token, { resource: 'https://other.example' });
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_target']);
    expect((await refresh(client, refresh_token)).status).toBe(200);
  });
});
