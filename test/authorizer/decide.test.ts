import { describe, expect, it } from 'vitest';
import { CONTEXT_MEMBERS, authorizerContext } from '../../src/authorizer/context.ts';
import { examine, judge, type AccessRequest, type Decision } from '../../src/authorizer/decide.ts';
import { bearerRefusal, type Denial } from '../../src/authorizer/denial.ts';
import { NOTHING_REVOKED, viewOfStanding, type RevocationView, type TokenStanding } from '../../src/authorizer/revocation.ts';
import { parseRouteRules, type ParsedRouteRule } from '../../src/authorizer/route-rule.ts';
import type { AccessTokenClaims } from '../../src/tokens/access-token.ts';
import { accessToken, AUDIENCE, ISSUER, keysOf, NOW, testClaims, testKey } from '../tokens/test-issuer.ts';

const key = testKey('EdDSA');
const examination = { keys: keysOf(key), issuer: ISSUER, audience: AUDIENCE, now: NOW };
const rulesOf = (...rules: unknown[]): readonly ParsedRouteRule[] => {
  const parsed = parseRouteRules(rules);
  if (!parsed.ok) throw new Error(parsed.failure);
  return parsed.value;
};
const READ = rulesOf({ method: 'GET', path: '/r', scopes: ['read'] });
type Ask = {
  token?: string | undefined;
  rules?: readonly ParsedRouteRule[];
  revocation?: RevocationView;
  request?: Partial<AccessRequest>;
  now?: number;
};
function decide({ token, rules = READ, revocation = NOTHING_REVOKED, request = {}, now = NOW }: Ask): Decision {
  const full = { method: 'GET', path: '/r', authorization: token === undefined ? [] : [`Bearer ${token}`], ip: '192.0.2.7', ...request };
  return judge(full, examine(full, { ...examination, now }), revocation, rules);
}
const reasonOf = (ask: Ask): string => {
  const decision = decide(ask);
  return decision.allowed ? 'allowed' : decision.denial.reason;
};
const token = (claims: Partial<AccessTokenClaims> = {}): string => accessToken(key, claims);

describe('a request for a protected route', () => {
  it('passes with a good token that meets the rule', () => {
    expect(decide({ token: token() })).toMatchObject({ allowed: true, token: { claims: testClaims(), kid: key.kid } });
  });
  it.each([
    ['no token', undefined, 'token_missing'],
    ['a forged token', accessToken({ ...testKey('EdDSA'), kid: key.kid }), 'signature_wrong'],
    ['a token of another issuer', token({ iss: 'https://other.example' }), 'issuer_wrong'],
    ['a token for another audience', token({ aud: 'https://other.example' }), 'audience_wrong'],
    ['an expired token', token({ exp: NOW }), 'token_expired'],
    ['a refresh token', 'm2m_rt_k1.client.1.handle.mac', 'token_malformed'],
    ['a token without the scope', token({ scope: 'write' }), 'scope_insufficient'],
    ['a token whose scope only contains the name', token({ scope: 'reader read:all' }), 'scope_insufficient'],
    ['a token without any scope', token({ scope: '' }), 'scope_insufficient'],
    ['a bound token without its proof', token({ cnf: { jkt: 'x' } }), 'binding_unproven'],
    ['a bound token with an empty binding', token({ cnf: {} }), 'binding_unproven'],
  ])('with %s does not', (_, sent, reason) => {
    expect(reasonOf({ token: sent })).toBe(reason);
  });
  it('takes the token from the Authorization header alone', () => {
    expect(reasonOf({ request: { authorization: [`Token ${token()}`] } })).toBe('authorization_not_bearer');
    expect(reasonOf({ request: { authorization: [`DPoP ${token()}`] } })).toBe('dpop_token_unbound');
    expect(reasonOf({ request: { authorization: [`DPoP ${token({ cnf: { jkt: 'x' } })}`] } })).toBe('binding_unproven');
    expect(reasonOf({ request: { authorization: [`Bearer ${token()}`, `Bearer ${token()}`] } })).toBe('authorization_repeated');
  });
  it('does not pass where no rule matches, with or without a token', () => {
    expect(reasonOf({ token: token(), request: { path: '/other' } })).toBe('route_without_rule');
    expect(reasonOf({ token: token(), request: { path: '/r/' } })).toBe('route_without_rule');
    expect(reasonOf({ token: token(), request: { method: 'POST' } })).toBe('route_without_rule');
    expect(reasonOf({ request: { path: '/other' } })).toBe('token_missing');
    expect(reasonOf({ token: token(), rules: [] })).toBe('route_without_rule');
  });
  it('is decided by the first rule that matches, even if a later one asks less', () => {
    const rules = rulesOf({ method: 'GET', path: '/r', scopes: ['admin'] }, { method: 'ANY', path: '/{proxy+}' });
    expect(reasonOf({ token: token(), rules })).toBe('scope_insufficient');
    expect(reasonOf({ token: token(), rules, request: { path: '/s' } })).toBe('allowed');
  });
});

describe('what a rule demands', () => {
  const outcome = (rule: object, claims: Partial<AccessTokenClaims>): string =>
    reasonOf({ token: token(claims), rules: rulesOf({ method: 'GET', path: '/r', ...rule }) });
  it.each([
    [{ scopes: ['read', 'write'] }, { scope: 'write read' }, 'allowed'],
    [{ scopes: ['read', 'admin'] }, { scope: 'read' }, 'scope_insufficient'],
    [{ scopes: [] }, { scope: '' }, 'allowed'],
    [{ roles: ['admin'] }, { roles: ['user', 'admin'] }, 'allowed'],
    [{ roles: ['admin', 'user'] }, { roles: ['admin'] }, 'role_missing'],
    [{ roles: ['admin'] }, { roles: [] }, 'role_missing'],
    [{ scopes: ['admin'], roles: ['admin'] }, { scope: 'read', roles: ['admin'] }, 'scope_insufficient'],
    [{ factors: ['client_secret', 'ip'] }, { amr: ['client_secret', 'ip'] }, 'allowed'],
    [{ factors: ['client_secret', 'ip'] }, { amr: ['client_secret'] }, 'factor_missing'],
    [{ factors: [['mtls'], ['client_secret', 'ip']] }, { amr: ['mtls'] }, 'allowed'],
    [{ factors: [['mtls'], ['client_secret', 'ip']] }, { amr: ['client_secret'] }, 'factor_missing'],
    [{ factors: { any: 2 } }, { amr: ['client_secret', 'ip'] }, 'allowed'],
    [{ factors: { any: 2 } }, { amr: ['client_secret', 'client_secret'] }, 'factor_missing'],
    [{ bound: true }, {}, 'binding_missing'],
    [{ bound: false }, {}, 'allowed'],
  ] as const)('%j of a token with %j: %s', (rule, claims, reason) => {
    expect(outcome(rule, claims as Partial<AccessTokenClaims>)).toBe(reason);
  });
});

describe('optional and public routes', () => {
  const optional = rulesOf({ method: 'GET', path: '/r', access: 'optional', scopes: ['read'] });
  const open = rulesOf({ method: 'GET', path: '/r', access: 'public' });
  it('take callers without a token', () => {
    expect(decide({ rules: optional })).toEqual({ allowed: true, token: undefined });
    expect(decide({ rules: open })).toEqual({ allowed: true, token: undefined });
  });
  it('know the caller who has a good one', () => {
    expect(decide({ rules: optional, token: token() })).toMatchObject({ allowed: true, token: { claims: { client_id: 'client-1' } } });
    expect(decide({ rules: open, token: token() })).toMatchObject({ allowed: true, token: { claims: { client_id: 'client-1' } } });
  });
  it('differ over a bad one: an optional route refuses it, a public one does not look', () => {
    expect(reasonOf({ rules: optional, token: 'x' })).toBe('token_malformed');
    expect(reasonOf({ rules: optional, token: token({ scope: 'write' }) })).toBe('scope_insufficient');
    expect(decide({ rules: open, token: 'x' })).toEqual({ allowed: true, token: undefined });
    expect(decide({ rules: open, token: token({ cnf: { jkt: 'x' } }) })).toEqual({ allowed: true, token: undefined });
    expect(decide({ rules: open, request: { authorization: ['Basic x'] } })).toEqual({ allowed: true, token: undefined });
  });
});

describe('a token limited to networks', () => {
  const outcome = (ip: string | undefined, ...ranges: string[]): string => reasonOf({ token: token({ ip: ranges }), request: { ip } });
  it('serves inside them', () => {
    expect(outcome('192.0.2.7', '198.51.100.0/24', '192.0.2.0/24')).toBe('allowed');
    expect(outcome('2001:db8::1', '2001:db8::/32')).toBe('allowed');
    expect(outcome('192.0.2.7', '192.0.2.7/32')).toBe('allowed');
  });
  it.each([['192.0.3.7'], ['2001:db9::1'], ['unknown'], ['']])('does not serve %j', (ip) => {
    expect(outcome(ip, '192.0.2.0/24', '2001:db8::/32')).toBe('network_not_allowed');
  });
  it('serves nowhere where the gateway does not tell the address, or no range is one', () => {
    expect(outcome(undefined, '0.0.0.0/0')).toBe('network_not_allowed');
    expect(outcome('192.0.2.7')).toBe('network_not_allowed');
    expect(outcome('192.0.2.7', 'everywhere', '192.0.2.0/99')).toBe('network_not_allowed');
  });
});

describe('revocation', () => {
  const standing: TokenStanding = { clientEpoch: 3, clientDisabled: false, sessionStatus: 'none', tokenRevoked: false };
  const outcome = (changes: Partial<TokenStanding>, claims: Partial<AccessTokenClaims> = {}): string =>
    reasonOf({ token: token(claims), revocation: viewOfStanding({ ...standing, ...changes }) });
  it.each([
    [{}, {}, 'allowed'],
    [{ tokenRevoked: true }, {}, 'token_revoked'],
    [{ clientEpoch: undefined }, {}, 'client_unknown'],
    [{ clientDisabled: true }, {}, 'client_disabled'],
    [{ clientEpoch: 4 }, {}, 'epoch_raised'],
    [{ clientEpoch: 2 }, {}, 'allowed'],
    [{ sessionStatus: 'active' }, { sid: 's' }, 'allowed'],
    [{ sessionStatus: 'ended' }, { sid: 's' }, 'session_ended'],
    [{ sessionStatus: 'absent' }, { sid: 's' }, 'session_unknown'],
    [{ sessionStatus: 'none' }, { sid: 's' }, 'session_unknown'],
  ] as const)('by the table, %j for a token with %j: %s', (changes, claims, reason) => {
    expect(outcome(changes, claims)).toBe(reason);
  });
  it('comes before what the route says, and tells the log whose token it was', () => {
    const decision = decide({ token: token({ scope: 'write' }), revocation: viewOfStanding({ ...standing, tokenRevoked: true }) });
    expect(decision).toEqual({
      allowed: false,
      denial: { reason: 'token_revoked' },
      token: undefined,
      subject: testClaims({ scope: 'write' }),
    });
  });
});

describe('what a refusal says (RFC 6750 section 3)', () => {
  it('has no error where no token was sent', () => {
    expect(bearerRefusal({ reason: 'token_missing' })).toEqual({ status: 401, challenge: 'Bearer realm="m2m-auth"' });
    expect(bearerRefusal({ reason: 'authorization_not_bearer' }).error).toBeUndefined();
  });
  it('names the scope that is missing', () => {
    expect(bearerRefusal({ reason: 'scope_insufficient', scope: 'read admin' })).toMatchObject({
      status: 403,
      error: 'insufficient_scope',
      challenge:
        'Bearer realm="m2m-auth", error="insufficient_scope", error_description="the access token does not allow this request", scope="read admin"',
    });
  });
  it('is the same for whatever is wrong with a token', () => {
    const wrong = [
      { reason: 'signature_wrong', kid: 'k' },
      { reason: 'token_revoked' },
      { reason: 'client_unknown' },
      { reason: 'authorization_malformed' },
    ] as const;
    expect(new Set(wrong.map((denial) => JSON.stringify(bearerRefusal(denial)))).size).toBe(1);
    expect(bearerRefusal(wrong[0])).toMatchObject({ status: 401, error: 'invalid_token' });
    // What a bound token could be sent with is told beside the same words (RFC 9449 section 7.2).
    expect(bearerRefusal({ reason: 'binding_unproven' }).challenge).toBe(
      `${bearerRefusal(wrong[0]).challenge ?? ''}, DPoP realm="m2m-auth", algs="RS256 PS256 ES256 EdDSA Ed25519"`,
    );
  });
  it('is no challenge in an outage', () => {
    const denials: readonly Denial[] = [
      { reason: 'keys_unavailable', dependency: 'x' },
      { reason: 'revocation_unavailable', dependency: 'x' },
    ];
    for (const denial of denials) {
      expect(bearerRefusal(denial)).toMatchObject({ status: 503, error: 'temporarily_unavailable' });
      expect(bearerRefusal(denial).challenge).toBeUndefined();
    }
  });
});

describe('the context that an API sees', () => {
  it('is of strings, with every member always there', () => {
    const claims = testClaims({ sid: 's', roles: ['a', 'b'], amr: ['ip', 'client_secret'] });
    const context = authorizerContext({ claims, kid: 'k' }, 'trace');
    expect(context).toEqual({
      client_id: 'client-1',
      scope: 'read write',
      roles: 'a b',
      jti: 'token-1',
      sid: 's',
      aud: AUDIENCE,
      amr: 'ip client_secret',
      auth_method: 'client_secret',
      cnf: '',
      trace_id: 'trace',
    });
    expect(authorizerContext({ claims: testClaims({ cnf: { jkt: 'x' } }), kid: 'k' }, 't').cnf).toBe('{"jkt":"x"}');
    expect(Object.keys(authorizerContext(undefined, 'trace'))).toEqual([...CONTEXT_MEMBERS]);
    expect(Object.values(authorizerContext(undefined, 'trace')).join('')).toBe('trace');
  });
});
