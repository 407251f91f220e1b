import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createApiKeyExchange } from '../../src/authorizer/api-key-exchange.ts';
import { Outage } from '../../src/outage.ts';
import { json, startIssuerServer, type Answer, type IssuerServer } from './issuer-server.ts';

let issuer: IssuerServer;
beforeAll(async () => void (issuer = await startIssuerServer(json({}))));
afterAll(() => issuer.close());
beforeEach(() => issuer.asked.clear());

const exchange = (answer: Answer, timeoutMs = 2_000) => {
  issuer.answer = answer;
  return createApiKeyExchange({ issuer: issuer.url, audience: 'https://api.example' })('m2m_ak_key', timeoutMs);
};
const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Answer =>
  (_, response) =>
    void response.writeHead(code, headers).end('{"error":"x"}');

describe('the exchange of an API key', () => {
  it('sends the key in its header alone, for the audience that is protected', async () => {
    const seen: { url?: string; headers?: object; body: string }[] = [];
    const answer: Answer = (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        seen.push({ url: `${request.method} ${request.url}`, headers: request.headers, body });
        json({ access_token: 'the token', expires_in: 900 })(request, response);
      });
    };
    expect(await exchange(answer)).toEqual({ outcome: 'token', token: 'the token', lifetimeSeconds: 900 });
    const form = 'grant_type=client_credentials&resource=https%3A%2F%2Fapi.example&token_use=authorizer';
    expect(seen).toMatchObject([{ url: 'POST /token', body: form, headers: { 'x-api-key': 'm2m_ak_key' } }]);
    expect(seen[0]!.headers).not.toHaveProperty('authorization');
  });

  it.each([400, 401])('%i is a refusal', async (code) => expect(await exchange(status(code))).toEqual({ outcome: 'refused' }));

  it('429 says when to come again', async () => {
    expect(await exchange(status(429, { 'retry-after': '7' }))).toEqual({ outcome: 'limited', retryAfterSeconds: 7 });
    expect(await exchange(status(429, { 'retry-after': 'soon' }))).toEqual({ outcome: 'limited', retryAfterSeconds: 1 });
  });

  it.each<[string, Answer]>([
    ['a 503', status(503)],
    ['a 403 of somebody in between', status(403)],
    ['a redirect', status(307, { location: '/other' })],
    ['no JSON', json('<html>')],
    ['JSON that is no token answer', json({ access_token: 'x' })],
    ['more than any answer of ours', (_, response) => void response.writeHead(200).end('x'.repeat(3 * 1024 * 1024))],
    ['a connection that breaks', (request) => void request.socket.destroy()],
  ])('%s is an outage', async (_name, answer) => {
    await expect(exchange(answer)).rejects.toThrow(Outage);
  });

  it('is over within its time limit', async () => {
    const started = performance.now();
    await expect(exchange(() => undefined, 100)).rejects.toMatchObject({ dependency: 'issuer:POST /token' });
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
