// The token request of an EventBridge Connection (also used by Step Functions HTTP tasks), in the two forms that it sends.
import { beforeAll, describe, expect, it } from 'vitest';
import { endpointsOf, type TestClient } from './endpoints.ts';
import { runningService } from './running-service.ts';

const service = runningService();
const api = endpointsOf(service);
const AGENT = { 'user-agent': 'Amazon/EventBridge/ApiDestinations' };
const MEDIA_TYPES = [
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded; charset=utf-8',
  'application/x-www-form-urlencoded;charset=UTF-8',
];
let client: TestClient;
beforeAll(async () => {
  client = await api.register({ grant_types: ['client_credentials'] });
});

describe.each(MEDIA_TYPES)('%s', (mediaType) => {
  const ask = async (body: string, headers: Record<string, string> = {}) => {
    const answer = await api.call('/token', {
      method: 'POST',
      body,
      headers: { ...AGENT, accept: '*/*', 'content-type': mediaType, ...headers },
    });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/json\b/);
    expect(answer.body).toMatchObject({ token_type: 'Bearer', expires_in: 900 });
    return answer.body.access_token as string;
  };

  it('Basic header, and a body with the grant type', async () => {
    const authorization = `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')}`;
    expect((await api.protected(await ask('grant_type=client_credentials', { authorization }))).status).toBe(200);
  });

  it('a body with client_id, client_secret and the grant type, in any order', async () => {
    const { client_id: id, client_secret: secret } = client;
    for (const body of [
      `grant_type=client_credentials&client_id=${id}&client_secret=${secret}`,
      `client_id=${id}&client_secret=${secret}&grant_type=client_credentials&scope=read`,
    ])
      expect((await api.protected(await ask(body))).status).toBe(200);
  });
});

it('a refusal is one that a Connection shows as such: 401 in JSON', async () => {
  const answer = await api.call('/token', {
    method: 'POST',
    headers: AGENT,
    body: `grant_type=client_credentials&client_id=${client.client_id}&client_secret=wrong`,
  });
  expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
});
