import { hash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { CONTEXT_MEMBERS } from '../../src/authorizer/context.ts';
import { createVerifier, type Refusal, type Verify } from '../../src/verify/verifier.ts';
import { jwkThumbprint } from '../../src/tokens/jwk.ts';
import { signedJws, testKey } from '../tokens/test-issuer.ts';
import { startVerifyingIssuer, type VerifyingIssuer } from './verifying-issuer.ts';

let issuer: VerifyingIssuer;
beforeAll(async () => {
  issuer = await startVerifyingIssuer();
});
afterAll(() => issuer.server.close());
beforeEach(() => {
  issuer.server.answer = issuer.documents;
});
const down = (): void => {
  issuer.server.answer = (_, response) => response.writeHead(503).end();
};

const request = (token?: string, more: object = {}) => ({
  method: 'GET',
  path: '/orders',
  headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
  ...more,
});
/** What came of it: the client, or the status and reason. */
async function outcome(verify: Verify, asked: Parameters<Verify>[0]): Promise<string> {
  const verification = await verify(asked);
  if (verification.allowed) return verification.auth.claims?.client_id ?? 'anonymous';
  const { answer, reason } = verification.refusal;
  return `${answer.status} ${reason}`;
}

describe('a verifier', () => {
  it('tells who calls: the claims, and what the authorizer would tell', async () => {
    const { verify } = createVerifier(issuer.options);
    const verification = await verify(request(issuer.token({ scope: 'read', roles: ['clerk'] })));
    if (!verification.allowed) throw new Error(verification.refusal.reason);
    const { claims, context } = verification.auth;
    expect(claims).toMatchObject({ client_id: 'client-1', scope: 'read', roles: ['clerk'], iss: issuer.options.issuer });
    expect(Object.keys(context)).toEqual([...CONTEXT_MEMBERS]);
    expect(context).toMatchObject({ client_id: 'client-1', scope: 'read', roles: 'clerk' });
  });

  it('without a demand takes any valid token, whatever the path, and no other', async () => {
    const { verify } = createVerifier(issuer.options);
    expect(await outcome(verify, request(issuer.token({ scope: '' }), { path: '//odd/../path;x' }))).toBe('client-1');
    expect(await outcome(verify, request())).toBe('401 token_missing');
    expect(await outcome(verify, request('garbage'))).toBe('401 token_malformed');
    expect(await outcome(verify, request(issuer.token({ aud: 'https://other.example' })))).toBe('401 audience_wrong');
  });

  it('demands scopes, roles and factors', async () => {
    const { verify, requiring } = createVerifier({ ...issuer.options, scopes: ['orders:read'] });
    const reader = issuer.token({ scope: 'orders:read orders:list' });
    expect(await outcome(verify, request(reader))).toBe('client-1');
    expect(await outcome(verify, request(issuer.token({ scope: 'orders' })))).toBe('403 scope_insufficient');
    // A demand of its own stands for itself: it does not add to the verifier's.
    expect(await outcome(requiring({ roles: ['clerk'] }), request(reader))).toBe('403 role_missing');
    expect(await outcome(requiring({ roles: ['clerk'] }), request(issuer.token({ scope: '', roles: ['clerk'] })))).toBe('client-1');
    expect(await outcome(requiring({ factors: ['mtls'] }), request(reader))).toBe('403 factor_missing');
  });

  it('goes by rules where it has them: the first that fits, and none is a refusal', async () => {
    const rules = [
      { method: 'GET', path: '/orders', scopes: ['orders:read'] },
      { method: 'ANY', path: '/maybe', access: 'optional' as const },
    ];
    const { verify } = createVerifier({ ...issuer.options, rules });
    const reader = issuer.token({ scope: 'orders:read' });
    expect(await outcome(verify, request(reader))).toBe('client-1');
    for (const more of [{ method: 'POST' }, { path: '/orders/7' }, { path: '//orders' }, { path: '/Orders' }])
      expect(await outcome(verify, request(reader, more))).toBe('403 route_without_rule');
    expect(await outcome(verify, request(undefined, { path: '/maybe' }))).toBe('anonymous');
    expect(await outcome(verify, request('garbage', { path: '/maybe' }))).toBe('401 token_malformed');
  });

  it('lets nobody in by a path or method that a router takes for the route of another rule', async () => {
    const { verify } = createVerifier({
      ...issuer.options,
      rules: [
        { method: 'HEAD', path: '/open', access: 'public' },
        { method: 'GET', path: '/open', scopes: ['orders:read'] },
        { method: 'GET', path: '/Orders/{id}', scopes: ['orders:read'] },
        { method: 'ANY', path: '/{proxy+}', access: 'public' },
      ],
    });
    for (const more of [
      { path: '/orders/7' },
      { path: '/ORDERS/7' },
      { path: '/orders/a%3A7' },
      { path: '/Orders/7', method: 'HEAD' },
      { path: '/Open' },
    ])
      expect(await outcome(verify, request(undefined, more))).toBe('401 token_missing');
    for (const more of [
      { path: '/Else' },
      { path: '/else', method: 'HEAD' },
      { path: '/open', method: 'HEAD' },
      { path: '/Orders/7', method: 'PUT' },
    ])
      expect(await outcome(verify, request(undefined, more))).toBe('anonymous');
    expect(await outcome(verify, request(issuer.token({ scope: 'orders:read' }), { path: '/Orders/X' }))).toBe('client-1');
  });

  it('refuses a token that is limited to networks unless the address is known and in them', async () => {
    const { verify } = createVerifier(issuer.options);
    const limited = issuer.token({ ip: ['192.0.2.0/24'] });
    expect(await outcome(verify, request(limited))).toBe('401 network_not_allowed');
    expect(await outcome(verify, request(limited, { ip: '198.51.100.7' }))).toBe('401 network_not_allowed');
    expect(await outcome(verify, request(limited, { ip: '::ffff:192.0.2.7' }))).toBe('client-1');
  });

  it('refuses a token that the feed has revoked, however often it was let through', async () => {
    const { verify } = createVerifier(issuer.options);
    const token = issuer.token({ jti: 'to-be-revoked' });
    for (let call = 0; call < 3; call++) expect(await outcome(verify, request(token))).toBe('client-1');
    issuer.revoked.push('to-be-revoked');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2_001 });
    try {
      expect(await outcome(verify, request(token))).toBe('401 token_revoked');
    } finally {
      vi.useRealTimers();
    }
    expect(await outcome(createVerifier({ ...issuer.options, revocation: 'off' }).verify, request(token))).toBe('client-1');
  });

  describe('of a token that is bound to a key', () => {
    const key = testKey('ES256');
    const url = 'https://orders.example';
    const bound = (): string => issuer.token({ cnf: { jkt: jwkThumbprint(key.jwk) } });
    const withProof = (token: string, htu = `${url}/orders`) => {
      const claims = { jti: randomUUID(), htm: 'GET', htu, iat: Math.floor(Date.now() / 1000), ath: hash('sha256', token, 'base64url') };
      const dpop = signedJws(key, { typ: 'dpop+jwt', alg: 'ES256', jwk: key.jwk }, claims);
      return { method: 'GET', path: '/orders', headers: { authorization: `DPoP ${token}`, dpop } };
    };

    it('takes it with the proof of that key, once', async () => {
      const { requiring } = createVerifier({ ...issuer.options, publicUrl: url });
      const proven = withProof(bound());
      expect(await outcome(requiring({ bound: true }), proven)).toBe('client-1');
      expect(await outcome(requiring({}), proven)).toBe('401 dpop_proof_replayed');
    });

    it('refuses it by itself, for another URL, and where nobody has said what the URL is', async () => {
      const { verify } = createVerifier({ ...issuer.options, publicUrl: url });
      expect(await outcome(verify, request(bound()))).toBe('401 binding_unproven');
      expect(await outcome(verify, withProof(bound(), `${url}/others`))).toBe('401 dpop_proof_invalid');
      expect(await outcome(createVerifier(issuer.options).verify, withProof(bound()))).toBe('401 dpop_url_unknown');
    });
  });

  it('shares keys and feed among all that it makes', async () => {
    issuer.server.asked.clear();
    const { verify, requiring } = createVerifier(issuer.options);
    const token = issuer.token();
    await Promise.all([verify, requiring({ scopes: ['read'] }), requiring({})].map((each) => outcome(each, request(token))));
    expect([...issuer.server.asked.values()]).toEqual([1, 1]);
  });

  it('refuses with 503 in an outage, unless it is told to do without what it cannot know', async () => {
    down();
    expect(await outcome(createVerifier(issuer.options).verify, request(issuer.token()))).toBe('503 keys_unavailable');
    issuer.server.answer = (asked, response) => {
      if (asked.url?.startsWith('/revocations') === true) response.writeHead(503).end();
      else issuer.documents(asked, response);
    };
    expect(await outcome(createVerifier(issuer.options).verify, request(issuer.token()))).toBe('503 revocation_unavailable');
    const lenient = createVerifier({ ...issuer.options, whenStale: 'allow' });
    expect(await outcome(lenient.verify, request(issuer.token()))).toBe('client-1');
  });
});

describe('a refusal', () => {
  const refusalOf = async (verify: Verify, token?: string, headers: object = {}): Promise<Refusal> => {
    const asked = request(token);
    const verification = await verify({ ...asked, headers: { ...asked.headers, ...headers } });
    if (verification.allowed) throw new Error('was let through');
    return verification.refusal;
  };

  it("answers in RFC 6750's form", async () => {
    const { requiring } = createVerifier(issuer.options);
    const demand = requiring({ scopes: ['write'] });
    const challenge = async (token?: string) => (await refusalOf(demand, token)).answer.headers['www-authenticate'];
    expect(await challenge()).toBe('Bearer realm="m2m-auth"');
    expect(await challenge('garbage')).toContain('error="invalid_token"');
    expect(await challenge(issuer.token({ scope: 'read' }))).toContain('error="insufficient_scope"');
    expect(await challenge(issuer.token({ scope: 'read' }))).toContain('scope="write"');
  });

  it('is JSON that no cache keeps, with the trace of the request', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const { answer, traceId } = await refusalOf(createVerifier(issuer.options).verify, undefined, { traceparent });
    expect(traceId).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(answer.headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store', 'x-trace-id': traceId });
    expect(JSON.parse(answer.body)).toEqual({
      error: 'invalid_token',
      error_description: 'an access token is required',
      trace_id: traceId,
    });
  });

  it('in an outage is no challenge and says when to come again', async () => {
    down();
    const { answer } = await refusalOf(createVerifier(issuer.options).verify, issuer.token());
    expect(answer.headers).toMatchObject({ 'retry-after': '1' });
    expect(answer.headers).not.toHaveProperty('www-authenticate');
    expect(JSON.parse(answer.body)).toMatchObject({ error: 'temporarily_unavailable' });
  });

  it('is told to the log with what was wrong, and without the token', async () => {
    const onRefusal = vi.fn();
    const { verify } = createVerifier({ ...issuer.options, scopes: ['write'], onRefusal });
    const token = issuer.token({ scope: 'read', jti: 'told' });
    const refusal = await refusalOf(verify, token);
    expect(onRefusal).toHaveBeenCalledExactlyOnceWith(refusal);
    expect(refusal).toMatchObject({ reason: 'scope_insufficient', clientId: 'client-1', jti: 'told', detail: { missingScopes: 'write' } });
    expect(JSON.stringify(refusal)).not.toContain(token.slice(-20));
  });
});

describe('a verifier that cannot be', () => {
  const wrong: readonly [string, object, string][] = [
    ['an issuer with a trailing slash', { issuer: 'https://auth.example.com/' }, 'issuer must be an https URL'],
    ['an issuer over plain HTTP', { issuer: 'http://auth.example.com' }, 'issuer must be an https URL'],
    ['no audience', { audience: undefined }, 'audience is not set'],
    ['a misspelt demand', { scope: ['read'] }, 'unknown member "scope"'],
    ['a demand that is no list', { scopes: 'read' }, 'scopes must be a list'],
    ['rules and a demand', { rules: [], scopes: ['read'] }, 'scopes cannot be given beside rules'],
    ['a wrong rule', { rules: [{ method: 'get', path: '/' }] }, 'rules has a wrong rule 1'],
    ['a public URL with a trailing slash', { publicUrl: 'https://api.example.com/' }, 'publicUrl must be an https URL'],
    ['an unknown revocation', { revocation: 'never' }, 'revocation must be one of feed, off'],
    ['whenStale without a feed', { revocation: 'off', whenStale: 'allow' }, "may be given with revocation 'feed' alone"],
  ];
  it.each(wrong)('%s', (_, changed, message) => {
    expect(() => createVerifier({ issuer: 'https://auth.example.com', audience: 'a', ...changed })).toThrow(message);
  });
  it('a demand of its own with a misspelt member', () => {
    const { requiring } = createVerifier({ issuer: 'https://auth.example.com', audience: 'a' });
    expect(() => requiring({ role: ['clerk'] } as never)).toThrow('unknown member "role"');
  });
});
