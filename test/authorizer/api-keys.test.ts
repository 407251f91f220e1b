// API keys at the authorizer, in every shape in which API Gateway asks: exchanged, remembered, judged at each call.
import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest';
import type { AuthorizerAnswer, PolicyAnswer } from '../../src/authorizer/adapters/answer.ts';
import type { Exchanged } from '../../src/authorizer/api-key-exchange.ts';
import { createAuthorizer, type AuthorizerDeps } from '../../src/authorizer/authorizer.ts';
import { authorizerHandler, type AuthorizerHandler } from '../../src/authorizer/handler.ts';
import { withoutRevocation } from '../../src/authorizer/revocation.ts';
import { parseRouteRules } from '../../src/authorizer/route-rule.ts';
import { Outage } from '../../src/outage.ts';
import type { AccessTokenClaims } from '../../src/tokens/access-token.ts';
import { apiKeyIdFrom, formatApiKey } from '../../src/tokens/api-key.ts';
import { accessToken, AUDIENCE, ISSUER, keysOf, NOW, testKey } from '../tokens/test-issuer.ts';
import { httpPayload1, httpPayload2, restRequest, restToken, type Sent } from './events.ts';
import { isAllowedBy } from './iam-policy.ts';

const signingKey = testKey('RS256');
const ID = apiKeyIdFrom(Buffer.alloc(12, 1), 'client-1');
const KEY = formatApiKey(ID, Buffer.alloc(32, 2));
const parsed = parseRouteRules([
  { method: 'GET', path: '/protected', scopes: ['read'] },
  { method: 'GET', path: '/keyless', factors: ['client_secret'] },
  { method: 'GET', path: '/open', access: 'public' },
]);
if (!parsed.ok) throw new Error(parsed.failure);
const RULES = parsed.value;

let nowMs: number;
let asked: string[];
let answer: () => Promise<Exchanged>;
let handler: AuthorizerHandler;
let stdout: MockInstance<typeof process.stdout.write>;
const tokenWith = (claims: Partial<AccessTokenClaims> = {}): string =>
  accessToken(signingKey, { aud: `${AUDIENCE}#api-key`, amr: ['api_key'], sid: ID, jti: `token-${asked.length}`, ...claims });
const gives = (claims?: Partial<AccessTokenClaims>) => (): Promise<Exchanged> =>
  Promise.resolve({ outcome: 'token', token: tokenWith(claims), lifetimeSeconds: 900 });
const handlerWith = (changes: Partial<AuthorizerDeps> = {}): AuthorizerHandler => {
  const keys = keysOf(signingKey);
  const clock = () => nowMs;
  const authorize = createAuthorizer({
    issuer: ISSUER,
    audience: AUDIENCE,
    rules: RULES,
    keys: { prepare: () => undefined, held: () => keys, lookFor: () => Promise.resolve(keys) },
    revocation: withoutRevocation,
    exchange: (key) => {
      asked.push(key);
      return answer();
    },
    clock,
    ...changes,
  });
  return authorizerHandler(() => ({ authorize, issuer: ISSUER, audience: AUDIENCE, rules: RULES, responseFormat: 'policy', clock }));
};
beforeEach(() => {
  nowMs = NOW * 1000;
  asked = [];
  answer = gives();
  handler = handlerWith();
  stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterEach(() => stdout.mockRestore());
const lines = (): string => stdout.mock.calls.map(([line]) => String(line)).join('');

type Event = ReturnType<typeof restRequest | typeof httpPayload1 | typeof httpPayload2 | typeof restToken>;
const outcomeOf = async (event: Event): Promise<string> => {
  let given: AuthorizerAnswer;
  try {
    given = await handler(event);
  } catch (error) {
    return (error as Error).message;
  }
  return isAllowedBy((given as PolicyAnswer).policyDocument, 'routeArn' in event ? event.routeArn : event.methodArn) ? 'allowed' : 'denied';
};
const WITH_HEADERS = [
  ['REST REQUEST', restRequest],
  ['HTTP API payload 1.0', httpPayload1],
  ['HTTP API payload 2.0', httpPayload2],
] as const;
const byHeader = (more: Partial<Sent> = {}): Sent => ({ headers: { 'X-Api-Key': KEY }, ...more });

describe.each(WITH_HEADERS)('%s', (_, eventOf) => {
  it('takes the key in X-API-Key and as a Bearer, and tells the API whose it is', async () => {
    for (const sent of [byHeader(), { authorization: `Bearer ${KEY}` }]) {
      const given = (await handler(eventOf(sent))) as PolicyAnswer;
      expect(given.context).toMatchObject({ client_id: 'client-1', sid: ID, amr: 'api_key', auth_method: 'api_key', aud: AUDIENCE });
      expect(JSON.stringify(given)).not.toContain(KEY.slice(-49));
    }
    expect(asked).toEqual([KEY]);
  });

  it('refuses it beside a token, twice, and in a query string', async () => {
    const bearer = `Bearer ${accessToken(signingKey)}`;
    expect(await outcomeOf(eventOf(byHeader({ authorization: bearer })))).toBe('Unauthorized');
    expect(await outcomeOf(eventOf(byHeader({ authorization: `Bearer ${KEY}` })))).toBe('Unauthorized');
    expect(await outcomeOf(eventOf({ headers: { 'x-api-key': `${KEY},${KEY}` } }))).toBe('Unauthorized');
    const query = {
      ...eventOf({}),
      rawQueryString: `x-api-key=${KEY}&api_key=${KEY}`,
      queryStringParameters: { access_token: KEY, 'X-API-Key': KEY, api_key: KEY },
    };
    expect(await outcomeOf(query)).toBe('Unauthorized');
    expect(asked).toEqual([]);
  });

  it('judges the network at every call, also of a key that it remembers', async () => {
    answer = gives({ ip: ['198.51.100.0/24'] });
    const from = (ip: string) => outcomeOf(eventOf(byHeader({ ip })));
    for (const [ip, expected] of [
      ['198.51.100.1', 'allowed'],
      ['192.0.2.7', 'Unauthorized'],
      ['198.51.100.2', 'allowed'],
      ['192.0.2.7', 'Unauthorized'],
    ] as const)
      expect([ip, await from(ip)]).toEqual([ip, expected]);
    expect(asked).toHaveLength(1);
  });

  it('judges the route by what the key may', async () => {
    expect(await outcomeOf(eventOf(byHeader({ path: '/keyless' })))).toBe('denied');
    answer = gives({ scope: 'write' });
    handler = handlerWith();
    expect(await outcomeOf(eventOf(byHeader()))).toBe('denied');
  });
});

it('REST TOKEN knows the Authorization header alone', async () => {
  expect(await outcomeOf(restToken({ authorization: `Bearer ${KEY}` }))).toBe('allowed');
  answer = gives({ ip: ['0.0.0.0/0'] });
  handler = handlerWith();
  expect(await outcomeOf(restToken({ authorization: `Bearer ${KEY}` }))).toBe('Unauthorized');
});

describe('a token that remembers its networks', () => {
  it('is judged by the address of each call too', async () => {
    const authorization = `Bearer ${accessToken(signingKey, { ip: ['198.51.100.0/24'] })}`;
    for (let round = 0; round < 3; round += 1) {
      expect(await outcomeOf(restRequest({ authorization, ip: '198.51.100.1' }))).toBe('allowed');
      expect(await outcomeOf(restRequest({ authorization, ip: '192.0.2.7' }))).toBe('Unauthorized');
    }
  });

  it('that was made for an authorizer is taken from no caller, remembered or not', async () => {
    const own = tokenWith();
    answer = () => Promise.resolve({ outcome: 'token', token: own, lifetimeSeconds: 900 });
    for (let round = 0; round < 3; round += 1) {
      expect(await outcomeOf(restRequest(byHeader()))).toBe('allowed');
      expect(await outcomeOf(restRequest({ authorization: `Bearer ${own}` }))).toBe('Unauthorized');
    }
  });

  it('that an API key got must have been made for authorizers', async () => {
    answer = gives({ aud: AUDIENCE });
    expect(await outcomeOf(restRequest(byHeader()))).toBe('Unauthorized');
  });
});

describe('a key that is not taken', () => {
  it('is 401 when the issuer refuses it, and a line in the audit trail without the key', async () => {
    answer = () => Promise.resolve({ outcome: 'refused' });
    expect(await outcomeOf(restRequest(byHeader()))).toBe('Unauthorized');
    expect(lines()).toContain('"reason":"api_key_refused"');
    expect(lines()).toContain('token_invalid');
    expect(lines()).not.toContain(KEY.slice(-49));
  });

  it('is 401 without asking when it is mistyped', async () => {
    expect(await outcomeOf(restRequest({ headers: { 'x-api-key': `${KEY}x` } }))).toBe('Unauthorized');
    expect(asked).toEqual([]);
  });

  it('is 503 when the issuer does not answer, never a way in', async () => {
    answer = () => Promise.reject(new Outage('issuer:POST /token'));
    expect(await outcomeOf(restRequest(byHeader()))).toBe('Unavailable');
    expect(lines()).toContain('"dependency":"issuer:POST /token"');
    expect(await outcomeOf(restRequest(byHeader({ path: '/open' })))).toBe('allowed');
  });
});

describe('a revocation', () => {
  const revoked = new Set<string>();
  const revocation: AuthorizerDeps['revocation'] = {
    denies: () => false,
    prepare: () => undefined,
    view: () => ({ faultOf: ({ claims }) => (revoked.has(claims.jti) ? { reason: 'epoch_raised' } : undefined) }),
  };
  beforeEach(() => {
    revoked.clear();
    handler = handlerWith({ revocation });
  });

  it('of its token makes the authorizer ask again: the key may be good still', async () => {
    expect(await outcomeOf(restRequest(byHeader()))).toBe('allowed');
    revoked.add('token-1');
    nowMs += 2_000;
    expect(await outcomeOf(restRequest(byHeader()))).toBe('allowed');
    expect(asked).toHaveLength(2);
  });

  it('of the key itself bites at the next call', async () => {
    expect(await outcomeOf(restRequest(byHeader()))).toBe('allowed');
    revoked.add('token-1');
    answer = () => Promise.resolve({ outcome: 'refused' });
    expect(await outcomeOf(restRequest(byHeader()))).toBe('Unauthorized');
    nowMs += 2_000;
    expect(await outcomeOf(restRequest(byHeader()))).toBe('Unauthorized');
    expect(asked).toHaveLength(2);
  });
});
