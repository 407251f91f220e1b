import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { feedId } from '../../src/authorizer/feed-document.ts';
import type { PolicyAnswer } from '../../src/authorizer/adapters/answer.ts';
import type { AuthorizerHandler } from '../../src/authorizer/handler.ts';
import { restRequest } from '../authorizer/events.ts';
import { isAllowedBy } from '../authorizer/iam-policy.ts';
import { json, startIssuerServer, type IssuerServer } from '../authorizer/issuer-server.ts';
import { accessToken, AUDIENCE, testKey } from '../tokens/test-issuer.ts';

const key = testKey('RS256');
let server: IssuerServer;
let handler: AuthorizerHandler;
let revoked: readonly string[] = [];
beforeAll(async () => {
  server = await startIssuerServer((request, response) => {
    const feed = { v: 1, iss: server.url, iat: Math.floor(Date.now() / 1000), jti: revoked.map(feedId), sid: [], clients: {}, kids: [] };
    json(request.url?.startsWith('/revocations?') === true ? feed : { keys: [key.jwk] })(request, response);
  });
  const rules = JSON.stringify([{ method: 'GET', path: '/protected', scopes: ['read'] }]);
  const environment = { ISSUER: server.url, AUDIENCE, RULES: rules, RESPONSE_FORMAT: 'policy', REVOCATION: 'feed', WHEN_STALE: 'deny' };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  ({ handler } = await import('../../functions/authorizer/feed.ts'));
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterAll(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.useRealTimers();
  await server.close();
});
const token = (jti: string): string => {
  const now = Math.floor(Date.now() / 1000);
  return `Bearer ${accessToken(key, { iss: server.url, iat: now, exp: now + 900, jti })}`;
};

it('needs nothing but the issuer: one parallel read of keys and feed, then none', async () => {
  const event = restRequest({ authorization: token('t1') });
  for (let call = 0; call < 20; call++) {
    const answer = (await handler(event)) as PolicyAnswer;
    expect(isAllowedBy(answer.policyDocument, event.methodArn)).toBe(true);
  }
  expect(server.asked).toEqual(
    new Map([
      ['/.well-known/jwks.json', 1],
      ['/revocations?since=0', 1],
    ]),
  );
});

it('refuses a token after the next poll when the feed has it, and does not let it live again', async () => {
  const event = restRequest({ authorization: token('t2') });
  await handler(event);
  revoked = ['t2'];
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2_001 });
  await expect(handler(event)).rejects.toThrow(/^Unauthorized$/);
  revoked = [];
  vi.setSystemTime(Date.now() + 2_001);
  await expect(handler(event)).rejects.toThrow(/^Unauthorized$/);
});
