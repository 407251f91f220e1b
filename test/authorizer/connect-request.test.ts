import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PolicyAnswer } from '../../src/authorizer/adapters/answer.ts';
import { createAuthorizer } from '../../src/authorizer/authorizer.ts';
import { CONTEXT_MEMBERS } from '../../src/authorizer/context.ts';
import { authorizerHandler, type AuthorizerHandler } from '../../src/authorizer/handler.ts';
import { withoutRevocation } from '../../src/authorizer/revocation.ts';
import { parseRouteRules } from '../../src/authorizer/route-rule.ts';
import type { AccessTokenClaims } from '../../src/tokens/access-token.ts';
import { accessToken, AUDIENCE, ISSUER, keysOf, NOW, testKey } from '../tokens/test-issuer.ts';
import { restRequest, webSocketConnect } from './events.ts';
import { isAllowedBy } from './iam-policy.ts';

const key = testKey('ES256');
const bearer = (claims: Partial<AccessTokenClaims> = {}): string => `Bearer ${accessToken(key, claims)}`;

function handlerWith(...given: unknown[]): AuthorizerHandler {
  const parsed = parseRouteRules(given);
  if (!parsed.ok) throw new Error(parsed.failure);
  const keys = keysOf(key);
  const deps = { issuer: ISSUER, audience: AUDIENCE, rules: parsed.value, clock: () => NOW * 1000 };
  const authorize = createAuthorizer({
    ...deps,
    keys: { prepare: () => undefined, held: () => keys, lookFor: () => Promise.resolve(keys) },
    revocation: withoutRevocation,
    exchange: () => Promise.reject(new Error('no API key comes here')),
  });
  return authorizerHandler(() => ({ ...deps, authorize, responseFormat: 'policy' }));
}
const CONNECT = { method: 'GET', path: '/$connect', scopes: ['read'] };
const handler = handlerWith(CONNECT);
const connect = async (sent: Parameters<typeof webSocketConnect>[0], by = handler): Promise<PolicyAnswer> =>
  (await by(webSocketConnect(sent))) as PolicyAnswer;
const { methodArn } = webSocketConnect({});
const unauthorized = /^Unauthorized$/;

beforeEach(() => {
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe('a connection to a WebSocket API', () => {
  it('is opened by a good token: the policy names $connect and nothing else', async () => {
    const answer = await connect({ authorization: bearer() });
    expect(answer.policyDocument.Statement).toEqual([{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: [methodArn] }]);
    expect(isAllowedBy(answer.policyDocument, methodArn.replace('$connect', '$default'))).toBe(false);
  });

  it('tells its API who opens it, in strings, and until when the token serves', async () => {
    const { context, principalId } = await connect({ authorization: bearer({ exp: NOW + 600 }) });
    expect(Object.keys(context)).toEqual([...CONTEXT_MEMBERS, 'exp']);
    expect(context).toMatchObject({ client_id: principalId, scope: 'read write', exp: String(NOW + 600) });
  });

  it.each([
    ['no token', {}],
    ['a token in the query alone', { headers: { 'X-Other': '1' } }],
    ['a token as a subprotocol', { headers: { 'Sec-WebSocket-Protocol': `bearer, ${accessToken(key)}` } }],
    ['garbage', { authorization: 'Bearer garbage' }],
    ['another audience', { authorization: bearer({ aud: 'https://other.example' }) }],
    ['another network', { authorization: bearer({ ip: ['198.51.100.0/24'] }) }],
  ])('is refused with 401: %s', async (_, sent) => {
    await expect(connect(sent)).rejects.toThrow(unauthorized);
  });

  it('is refused with two Authorization headers', async () => {
    const event = webSocketConnect({ authorization: bearer() });
    const multiValueHeaders = { ...event.multiValueHeaders, Authorization: [bearer(), bearer()] };
    await expect(handler({ ...event, multiValueHeaders })).rejects.toThrow(unauthorized);
  });

  it('is refused with 403 where the token lacks what the rule asks, or there is no rule', async () => {
    for (const by of [handler, handlerWith({ method: 'GET', path: '/orders', scopes: ['write'] })]) {
      const { policyDocument, context } = await connect({ authorization: bearer({ scope: 'write' }) }, by);
      expect(policyDocument.Statement).toEqual([{ Action: 'execute-api:Invoke', Effect: 'Deny', Resource: [methodArn] }]);
      expect(context['challenge']).toContain('error="insufficient_scope"');
    }
  });

  it('may be open to anybody', async () => {
    const { principalId, context } = await connect({}, handlerWith({ method: 'ANY', path: '/$connect', access: 'public' }));
    expect([principalId, context['client_id'], context['exp']]).toEqual(['anonymous', '', '']);
  });

  it('is no request of a REST API that calls its route $connect: that has a method in its ARN', async () => {
    const event = restRequest({ path: '/$connect', authorization: bearer({ scope: 'write' }) });
    const forged = { ...event, requestContext: { ...event.requestContext, routeKey: '$connect' } };
    const { policyDocument } = (await handlerWith({ method: 'GET', path: '/$connect', scopes: ['write'] })(forged)) as PolicyAnswer;
    expect(isAllowedBy(policyDocument, event.methodArn)).toBe(true);
    expect(isAllowedBy(policyDocument, methodArn)).toBe(false);
  });
});
