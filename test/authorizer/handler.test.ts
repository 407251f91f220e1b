import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest';
import type { PolicyAnswer, SimpleAnswer } from '../../src/authorizer/adapters/answer.ts';
import { createAuthorizer, type AuthorizerDeps } from '../../src/authorizer/authorizer.ts';
import { authorizerHandler, type AuthorizerHandler, type AuthorizerHandlerDeps } from '../../src/authorizer/handler.ts';
import { withoutRevocation } from '../../src/authorizer/revocation.ts';
import { parseRouteRules, type ParsedRouteRule } from '../../src/authorizer/route-rule.ts';
import { ConfigurationError } from '../../src/environment.ts';
import { Outage } from '../../src/outage.ts';
import type { AccessTokenClaims } from '../../src/tokens/access-token.ts';
import { accessToken, AUDIENCE, ISSUER, keysOf, NOW, testKey } from '../tokens/test-issuer.ts';
import { httpPayload1, httpPayload2, restRequest, restToken, type Sent } from './events.ts';
import { isAllowedBy } from './iam-policy.ts';

const key = testKey('RS256');
const rulesOf = (...rules: unknown[]): readonly ParsedRouteRule[] => {
  const parsed = parseRouteRules(rules);
  if (!parsed.ok) throw new Error(parsed.failure);
  return parsed.value;
};
const RULES = rulesOf(
  { method: 'GET', path: '/protected', scopes: ['read'] },
  { method: 'GET', path: '/admin-only', scopes: ['admin'], roles: ['admin'] },
  { method: 'GET', path: '/maybe', access: 'optional' },
  { method: 'GET', path: '/open', access: 'public' },
);
let keys = keysOf(key);
const deps = (changes: Partial<AuthorizerDeps> = {}): AuthorizerDeps => ({
  issuer: ISSUER,
  audience: AUDIENCE,
  rules: RULES,
  keys: { prepare: () => undefined, held: () => keys, lookFor: () => Promise.resolve(keys) },
  revocation: withoutRevocation,
  exchange: () => Promise.reject(new Error('no API key comes here')),
  clock: () => NOW * 1000,
  ...changes,
});
const handlerWith = (changes: Partial<AuthorizerDeps> = {}, more: Partial<AuthorizerHandlerDeps> = {}): AuthorizerHandler => {
  const all = deps(changes);
  return authorizerHandler(() => ({
    authorize: createAuthorizer(all),
    issuer: all.issuer,
    audience: all.audience,
    rules: all.rules,
    responseFormat: 'policy',
    clock: all.clock,
    ...more,
  }));
};
const bearer = (claims: Partial<AccessTokenClaims> = {}): string => `Bearer ${accessToken(key, claims)}`;
const READER = bearer();
const ADMIN = bearer({ client_id: 'admin-1', sub: 'admin-1', scope: 'read admin', roles: ['admin'], jti: 'token-2' });

let stdout: MockInstance<typeof process.stdout.write>;
const logged = (): readonly Record<string, unknown>[] =>
  stdout.mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>);
beforeEach(() => {
  keys = keysOf(key);
  stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterEach(() => {
  stdout.mockRestore();
});

const POLICY_SHAPES = [
  ['REST TOKEN', restToken],
  ['REST REQUEST', restRequest],
  ['HTTP API payload 1.0', httpPayload1],
  ['HTTP API payload 2.0', httpPayload2],
] as const;
type Event = ReturnType<(typeof POLICY_SHAPES)[number][1]>;
const arnOf = (event: Event): string => ('routeArn' in event ? event.routeArn : event.methodArn);

describe.each(POLICY_SHAPES)('%s, answered with a policy', (_, eventOf) => {
  const ask = async (sent: Sent): Promise<{ allowed: boolean; answer: PolicyAnswer }> => {
    const event = eventOf(sent);
    const answer = (await handlerWith()(event)) as PolicyAnswer;
    return { allowed: isAllowedBy(answer.policyDocument, arnOf(event)), answer };
  };
  it('lets a good token pass, and tells the API whose it is, in strings', async () => {
    const { allowed, answer } = await ask({ authorization: READER });
    expect(allowed).toBe(true);
    expect(answer.principalId).toBe('client-1');
    expect(answer.context).toMatchObject({
      client_id: 'client-1',
      scope: 'read write',
      roles: 'user',
      jti: 'token-1',
      sid: '',
      aud: AUDIENCE,
      amr: 'client_secret',
      auth_method: 'client_secret',
      cnf: '',
    });
    expect(answer.context['trace_id']).toMatch(/^[0-9a-f]{32}$/);
    expect(answer.context['challenge']).toBeUndefined();
    expect(JSON.stringify(answer)).not.toContain(READER.slice(20, 60));
  });
  it('says 401 with exactly the one message that the gateway knows', async () => {
    for (const authorization of [
      '',
      'Bearer x',
      'Basic YTpi',
      `${READER}, ${READER}`,
      bearer({ exp: NOW }),
      bearer({ cnf: { jkt: 'x' } }),
      bearer({ aud: ISSUER }),
    ])
      await expect(handlerWith()(eventOf({ authorization }))).rejects.toThrow(/^Unauthorized$/);
  });
  it('says 403 by a policy that denies, with the challenge for the gateway response', async () => {
    const { allowed, answer } = await ask({ authorization: READER, path: '/admin-only' });
    expect(allowed).toBe(false);
    expect(answer.context['challenge']).toBe(
      'Bearer realm="m2m-auth", error="insufficient_scope", error_description="the access token does not allow this request", scope="admin"',
    );
    expect(answer.context['client_id']).toBe('client-1');
  });
  it('says 403 to a good token where no rule is', async () => {
    expect((await ask({ authorization: READER, path: '/other' })).allowed).toBe(false);
    expect((await ask({ authorization: READER, method: 'DELETE' })).allowed).toBe(false);
  });
  it('answers right for all routes from a remembered answer, in either order', async () => {
    for (const authorization of [READER, ADMIN]) {
      for (const order of [
        ['/protected', '/admin-only'],
        ['/admin-only', '/protected'],
      ] as const) {
        const [first, second] = order.map((path) => eventOf({ authorization, path }));
        if (first === undefined || second === undefined) throw new Error();
        const remembered = (await handlerWith()(first)) as PolicyAnswer;
        const fresh = (await handlerWith()(second)) as PolicyAnswer;
        expect(isAllowedBy(remembered.policyDocument, arnOf(second))).toBe(isAllowedBy(fresh.policyDocument, arnOf(second)));
        expect(remembered.context['client_id']).toBe(fresh.context['client_id']);
      }
    }
  });
  it('lets anybody use a public route, and its answer opens nothing else', async () => {
    const { allowed, answer } = await ask({ authorization: 'Bearer garbage', path: '/open' });
    expect(allowed).toBe(true);
    expect(answer.principalId).toBe('anonymous');
    for (const path of ['/protected', '/admin-only', '/other'])
      expect(isAllowedBy(answer.policyDocument, arnOf(eventOf({ path })))).toBe(false);
  });
  it('gives a good token its own routes too when it first came by a public one', async () => {
    const { answer } = await ask({ authorization: READER, path: '/open' });
    expect(answer.principalId).toBe('client-1');
    expect(isAllowedBy(answer.policyDocument, arnOf(eventOf({ path: '/protected' })))).toBe(true);
  });
  it('never sends an ambiguous path anywhere', async () => {
    for (const path of [
      '//admin-only',
      '/admin-only/',
      '/%61dmin-only',
      '/protected;x',
      '/protected/../admin-only',
      '/protected%2f..%2fadmin-only',
      '/protected%00',
      '/PROTECTED',
    ])
      expect({ path, allowed: (await ask({ authorization: ADMIN, path })).allowed }).toEqual({ path, allowed: false });
  });
  it('fails, as 503, when the keys or revocations cannot be known', async () => {
    const outage = { denies: () => false, prepare: () => undefined, view: () => Promise.reject(new Outage('dynamodb:BatchGetItem')) };
    const noKeys = {
      prepare: () => undefined,
      held: () => {
        throw new Outage('issuer:GET /.well-known/jwks.json');
      },
      lookFor: () => Promise.reject(new Error()),
    };
    for (const changes of [{ revocation: outage }, { keys: noKeys }])
      await expect(handlerWith(changes)(eventOf({ authorization: READER }))).rejects.toThrow(/^Unavailable$/);
    expect(logged()).toContainEqual(expect.objectContaining({ level: 'ERROR', message: 'outage', dependency: 'dynamodb:BatchGetItem' }));
    // A public route needs neither.
    expect(
      ((await handlerWith({ revocation: outage })(eventOf({ authorization: READER, path: '/open' }))) as PolicyAnswer).principalId,
    ).toBe('anonymous');
  });
});

describe('HTTP API payload 2.0, answered simply', () => {
  const ask = async (sent: Sent) => (await handlerWith({}, { responseFormat: 'simple' })(httpPayload2(sent))) as SimpleAnswer;
  it('says strictly true or false', async () => {
    expect(await ask({ authorization: READER })).toMatchObject({ isAuthorized: true, context: { client_id: 'client-1' } });
    expect(await ask({ authorization: READER, path: '/admin-only' })).toMatchObject({
      isAuthorized: false,
      context: { challenge: expect.stringContaining('scope="admin"') as string },
    });
    expect(await ask({ path: '/open' })).toMatchObject({ isAuthorized: true, context: { client_id: '' } });
    expect(await ask({ path: '/maybe' })).toMatchObject({ isAuthorized: true });
    await expect(ask({ authorization: 'Bearer x', path: '/maybe' })).rejects.toThrow(/^Unauthorized$/);
    await expect(ask({})).rejects.toThrow(/^Unauthorized$/);
  });
  it('is not given to events that take only policies', async () => {
    expect(await handlerWith({}, { responseFormat: 'simple' })(restRequest({ authorization: READER }))).toHaveProperty('policyDocument');
    expect(await handlerWith({}, { responseFormat: 'simple' })(httpPayload1({ authorization: READER }))).toHaveProperty('policyDocument');
  });
  it('does without an ARN that names the request', async () => {
    const event = {
      ...httpPayload2({ authorization: READER }),
      routeArn: 'arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/$default/$default',
    };
    expect(await handlerWith({}, { responseFormat: 'simple' })(event)).toMatchObject({ isAuthorized: true });
    await expect(handlerWith()(event)).rejects.toThrow(TypeError);
  });
  it('knows the route behind a stage', async () => {
    const event = httpPayload2({ authorization: READER });
    const staged = (rawPath: string, arnPath: string) => ({
      ...event,
      rawPath,
      routeArn: `arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/dev/GET${arnPath}`,
      requestContext: { ...event.requestContext, stage: 'dev' },
    });
    const simple = handlerWith({}, { responseFormat: 'simple' });
    expect(await simple(staged('/dev/protected', '/protected'))).toMatchObject({ isAuthorized: true });
    expect(await simple(staged('/protected', '/protected'))).toMatchObject({ isAuthorized: true });
    // A route that begins with the stage's name, reached by a custom domain.
    expect(await simple(staged('/dev/protected', '/dev/protected'))).toMatchObject({ isAuthorized: false });
  });
});

describe('what a caller can put into an event', () => {
  it('is not taken for a token anywhere but in the Authorization header', async () => {
    for (const headers of [{ 'X-Authorization': READER }, { 'Proxy-Authorization': READER }, { Cookie: `access_token=${READER}` }])
      await expect(handlerWith()(restRequest({ headers }))).rejects.toThrow(/^Unauthorized$/);
  });
  it('cannot hide a second Authorization header, however it is written', async () => {
    const event = restRequest({ authorization: READER });
    await expect(handlerWith()({ ...event, multiValueHeaders: { Authorization: ['Bearer x', READER] } })).rejects.toThrow(/^Unauthorized$/);
    await expect(handlerWith()({ ...event, multiValueHeaders: { authorization: [READER], AUTHORIZATION: [READER] } })).rejects.toThrow(
      /^Unauthorized$/,
    );
    await expect(
      handlerWith()({ ...event, multiValueHeaders: null, headers: { authorization: READER, Authorization: READER } }),
    ).rejects.toThrow(/^Unauthorized$/);
  });
  it('has no say in method, path, role or address', async () => {
    const headers = {
      'X-HTTP-Method-Override': 'GET',
      'X-Original-URL': '/protected',
      'X-Role': 'admin',
      'X-Amzn-Oidc-Identity': 'admin',
      'X-Apigateway-Event': '{}',
      'X-Forwarded-For': '198.51.100.1',
    };
    const event = restRequest({ authorization: READER, path: '/admin-only', headers });
    expect(isAllowedBy(((await handlerWith()(event)) as PolicyAnswer).policyDocument, event.methodArn)).toBe(false);
    const limited = bearer({ ip: ['198.51.100.0/24'] });
    await expect(handlerWith()(restRequest({ authorization: limited, headers }))).rejects.toThrow(/^Unauthorized$/);
    expect(await handlerWith()(restRequest({ authorization: limited, ip: '198.51.100.1' }))).toHaveProperty('policyDocument');
    expect(await handlerWith()(restRequest({ authorization: limited, ip: '::ffff:198.51.100.1' }))).toHaveProperty('policyDocument');
    await expect(handlerWith()(restToken({ authorization: limited }))).rejects.toThrow(/^Unauthorized$/);
  });
  it('may name the trace, if it is one', async () => {
    const traceOf = async (traceparent: string) =>
      ((await handlerWith()(restRequest({ authorization: READER, headers: { Traceparent: traceparent } }))) as PolicyAnswer).context[
        'trace_id'
      ];
    expect(await traceOf('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01')).toBe('4bf92f3577b34da6a3ce929d0e0e4736');
    expect(await traceOf('x\r\ny')).toMatch(/^[0-9a-f]{32}$/);
  });
  it('that is no authorizer event fails', async () => {
    for (const event of [
      undefined,
      null,
      {},
      'x',
      { type: 'OTHER' },
      { type: 'REQUEST', version: '3.0' },
      { type: 'REQUEST', version: '2.0' },
      { type: 'TOKEN' },
    ])
      await expect(handlerWith()(event)).rejects.toThrow();
  });
});

describe('the audit trail', () => {
  const audits = () => logged().flatMap(({ audit }) => (audit === undefined ? [] : [audit as Record<string, string>]));
  it('has one line for a token that was refused, with whose it was and why, and never the token', async () => {
    await handlerWith()(restRequest({ authorization: READER, path: '/admin-only' }));
    await handlerWith()(restRequest({ authorization: bearer({ exp: NOW, sid: 'session-1' }) })).catch(() => undefined);
    await handlerWith()(restRequest({ authorization: 'Bearer forged.by.me' })).catch(() => undefined);
    expect(audits()).toMatchObject([
      {
        event_type: 'token_invalid',
        outcome: 'failure',
        client_id: 'client-1',
        jti: 'token-1',
        reason: 'scope_insufficient',
        ip: '192.0.2.7',
        user_agent: 'billing/4.2??forged: line',
      },
      { reason: 'token_expired', client_id: 'client-1', sid: 'session-1' },
      { reason: 'token_malformed', client_id: '', jti: '' },
    ]);
    expect(new Set(audits().map(({ event_id }) => event_id)).size).toBe(3);
    expect(stdout.mock.calls.join('')).not.toMatch(/forged\.by\.me|eyJ/);
  });
  it('has none for a request that passed, nor for one without a token', async () => {
    await handlerWith()(restRequest({ authorization: READER }));
    await handlerWith()(restRequest({})).catch(() => undefined);
    await handlerWith()(restRequest({ authorization: 'Basic YTpi' })).catch(() => undefined);
    expect(audits()).toEqual([]);
  });
  it('has beside each refusal a line that says what was wrong, and none for a request that passed', async () => {
    await handlerWith()(restRequest({ authorization: READER }));
    expect(logged()).toEqual([]);
    const refusals = [
      restRequest({ authorization: READER, path: '/admin-only' }),
      restRequest({ authorization: READER, path: '/nowhere' }),
      restRequest({ authorization: bearer({ exp: NOW - 7, iat: NOW - 907 }) }),
      restRequest({ authorization: bearer({ iat: NOW + 90, exp: NOW + 900 }) }),
      restRequest({ authorization: bearer({ aud: 'https://other.example' }) }),
      restRequest({ authorization: bearer({ iss: 'https://other.example' }) }),
      restRequest({ authorization: bearer({ ip: ['198.51.100.0/24'] }) }),
      restRequest({ authorization: 'Bearer a.b' }),
      restRequest({}),
    ];
    for (const refusal of refusals) await handlerWith()(refusal).catch(() => undefined);
    const lines = logged().filter(({ message }) => message === 'refused');
    expect(lines.map(({ status, reason, detail }) => [status, reason, detail])).toMatchObject([
      [403, 'scope_insufficient', { scope: 'admin', rule: 'GET /admin-only', missingScopes: 'admin', missingRoles: 'admin' }],
      [403, 'route_without_rule', { method: 'GET', path: '/nowhere' }],
      [401, 'token_expired', { expiredAt: NOW - 7, secondsAgo: 7 }],
      [401, 'token_from_the_future', { issuedAt: NOW + 90, secondsAhead: 90 }],
      [401, 'audience_wrong', { expectedAudience: AUDIENCE, receivedAudience: 'https://other.example' }],
      [401, 'issuer_wrong', { expectedIssuer: ISSUER, receivedIssuer: 'https://other.example' }],
      [401, 'network_not_allowed', { ip: '192.0.2.7', allowedNetworks: '198.51.100.0/24' }],
      [401, 'token_malformed', { part: 'form' }],
      [401, 'token_missing', { ruleNumber: expect.any(Number) as number }],
    ]);
    for (const line of lines) expect(line).toMatchObject({ endpoint: 'authorizer', trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect(JSON.stringify(lines)).not.toMatch(/eyJ|Bearer/);
  });
  it('is carried further where that is wired', async () => {
    const recordDenial = vi.fn(() => Promise.resolve());
    await handlerWith({}, { recordDenial })(restRequest({ authorization: 'Bearer x' })).catch(() => undefined);
    expect(recordDenial).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ event_type: 'token_invalid' }), NOW * 1000);
  });
});

describe('an authorizer that is configured wrongly', () => {
  it('says so once, naming the variable, and fails every call', async () => {
    const handler = authorizerHandler(() => {
      throw new ConfigurationError('RULES', 'must be JSON');
    });
    expect(logged()).toContainEqual(
      expect.objectContaining({ level: 'FATAL', variable: 'RULES', error: 'ConfigurationError: RULES must be JSON' }),
    );
    for (let call = 0; call < 3; call++) await expect(handler(restRequest({ authorization: READER }))).rejects.toThrow(/^Unavailable$/);
  });
});

describe('keys and time between calls', () => {
  it('a token is refused once its key is gone or its time is up, though it was verified before', async () => {
    let nowMs = NOW * 1000;
    const handler = handlerWith({ clock: () => nowMs });
    await handler(restRequest({ authorization: READER }));
    nowMs += 800_000;
    await expect(handler(restRequest({ authorization: READER }))).rejects.toThrow(/^Unauthorized$/);
    nowMs = NOW * 1000;
    await handler(restRequest({ authorization: READER }));
    keys = new Map();
    await expect(handler(restRequest({ authorization: READER }))).rejects.toThrow(/^Unauthorized$/);
  });
  it('an unknown key is looked for, and the token taken when it is found', async () => {
    const lookFor = vi.fn(() => Promise.resolve(keysOf(key)));
    const handler = handlerWith({ keys: { prepare: () => undefined, held: () => new Map(), lookFor } });
    expect(await handler(restRequest({ authorization: READER }))).toHaveProperty('policyDocument');
    expect(lookFor).toHaveBeenCalledExactlyOnceWith(key.kid, NOW * 1000);
  });
  it('keys and revocations are fetched side by side, and not for a request without a token', async () => {
    const begun: string[] = [];
    const never = new Promise<void>(() => undefined);
    const both = {
      keys: { ...deps().keys, prepare: () => (begun.push('keys'), never) },
      revocation: { ...withoutRevocation, prepare: () => (begun.push('feed'), never) },
    };
    await handlerWith(both)(restRequest({})).catch(() => undefined);
    expect(begun).toEqual([]);
    void handlerWith(both)(restRequest({ authorization: READER }));
    expect(begun).toEqual(['keys', 'feed']);
  });
});
