// Access tokens with DPoP proofs at an API of one's own (RFC 9449 section 7), by every event that says enough.
import { describe, expect, it } from 'vitest';
import { callFacts } from '../../src/authorizer/adapters/event.ts';
import { httpRequestCall } from '../../src/authorizer/adapters/http-request.ts';
import { restRequestCall } from '../../src/authorizer/adapters/rest-request.ts';
import { createAuthorizer, type AuthorizerDeps } from '../../src/authorizer/authorizer.ts';
import type { AccessRequest, Decision } from '../../src/authorizer/decide.ts';
import { bearerRefusal } from '../../src/authorizer/denial.ts';
import { authorizerHandler } from '../../src/authorizer/handler.ts';
import { createProofMemory } from '../../src/authorizer/proof-memory.ts';
import { withoutRevocation } from '../../src/authorizer/revocation.ts';
import { parseRouteRules } from '../../src/authorizer/route-rule.ts';
import { Outage } from '../../src/outage.ts';
import { accessToken, AUDIENCE, ISSUER, keysOf, NOW, testKey } from '../tokens/test-issuer.ts';
import { dpopProof, proofKey, type ProofKey } from '../tokens/test-proof.ts';

const signing = testKey('ES256');
const key = proofKey();
const API = 'https://abcdef1234.execute-api.eu-west-1.amazonaws.com';
const token = accessToken(signing, { cnf: { jkt: key.jkt } });
const rules = parseRouteRules([
  { method: 'GET', path: '/items', scopes: ['read'], bound: true },
  { method: 'GET', path: '/open', access: 'public' },
  { method: 'GET', path: '/maybe', access: 'optional' },
  { method: 'GET', path: '/admin', scopes: ['admin'] },
]);
if (!rules.ok) throw new Error(rules.failure);

const depsWith = (changes: Partial<AuthorizerDeps> = {}): AuthorizerDeps => ({
  issuer: ISSUER,
  audience: AUDIENCE,
  rules: rules.value,
  keys: { prepare: () => undefined, held: () => keysOf(signing), lookFor: () => Promise.resolve(keysOf(signing)) },
  revocation: withoutRevocation,
  exchange: () => Promise.reject(new Error('no API key comes here')),
  clock: () => NOW * 1000,
  ...changes,
});
type Proof = { of?: ProofKey; to?: string; for?: string; iat?: number };
const proof = ({ of = key, to = `GET ${API}/items`, for: ath = token, iat = NOW }: Proof = {}): string => dpopProof(of, to, iat, ath);
const request = (changes: Partial<AccessRequest> = {}): AccessRequest => ({
  method: 'GET',
  path: '/items',
  authorization: [`DPoP ${token}`],
  apiKey: [],
  ip: '192.0.2.7',
  dpop: [proof()],
  url: `${API}/items`,
  ...changes,
});
const reasonOf = (decision: Decision): string =>
  decision.allowed ? (decision.token === undefined ? 'anonymous' : 'allowed') : decision.denial.reason;

describe('a bound token', () => {
  it('passes with a proof of its key, once', async () => {
    const authorize = createAuthorizer(depsWith());
    const sent = request();
    expect(reasonOf(await authorize(sent))).toBe('allowed');
    expect(reasonOf(await authorize(sent))).toBe('dpop_proof_replayed');
    expect(reasonOf(await authorize(request()))).toBe('allowed');
  });
  it('passes once of fifty at once', async () => {
    const authorize = createAuthorizer(depsWith());
    const sent = request();
    const reasons = (await Promise.all(Array.from({ length: 50 }, () => authorize(sent)))).map(reasonOf);
    expect(reasons.filter((reason) => reason === 'allowed')).toHaveLength(1);
  });
  it.each<[string, Partial<AccessRequest>, string]>([
    ['as a bearer', { authorization: [`Bearer ${token}`] }, 'binding_unproven'],
    ['as a bearer without a proof', { authorization: [`Bearer ${token}`], dpop: [] }, 'binding_unproven'],
    ['without a proof', { dpop: [] }, 'dpop_proof_missing'],
    ['with two', { dpop: [proof(), proof()] }, 'dpop_proof_repeated'],
    ['with two that were joined', { dpop: [`${proof()},${proof()}`] }, 'dpop_proof_repeated'],
    ['with an empty one', { dpop: [''] }, 'dpop_proof_invalid'],
    ['with the proof of another key', { dpop: [proof({ of: proofKey() })] }, 'dpop_key_wrong'],
    ['for another path', { dpop: [proof({ to: `GET ${API}/admin` })] }, 'dpop_proof_invalid'],
    ['for another host', { dpop: [proof({ to: 'GET https://evil.example/items' })] }, 'dpop_proof_invalid'],
    ['for another method', { dpop: [proof({ to: `POST ${API}/items` })] }, 'dpop_proof_invalid'],
    ['for another token', { dpop: [proof({ for: 'other' })] }, 'dpop_proof_invalid'],
    ['of yesterday', { dpop: [proof({ iat: NOW - 86_400 })] }, 'dpop_proof_invalid'],
    ['where nobody knows the URL', { url: undefined }, 'dpop_url_unknown'],
    ['with a key that an event made up', { authorization: [`Bearer ${token}`], dpop: [], jkt: 'x' }, 'binding_unproven'],
    ['without the scope', { path: '/admin', url: `${API}/admin`, dpop: [proof({ to: `GET ${API}/admin` })] }, 'scope_insufficient'],
  ])('%s does not', async (_, changes, reason) => {
    expect(reasonOf(await createAuthorizer(depsWith())(request(changes)))).toBe(reason);
  });
  it('that demands more than a key does not pass with a key', async () => {
    for (const cnf of [{ jkt: key.jkt, 'x5t#S256': 'x' }, { jkt: key.jkt, other: 'x' }, { jkt: [key.jkt] }]) {
      const own = accessToken(signing, { cnf });
      const decision = await createAuthorizer(depsWith())(request({ authorization: [`DPoP ${own}`], dpop: [proof({ for: own })] }));
      expect(decision.allowed, JSON.stringify(cnf)).toBe(false);
    }
  });
  it('refused for its route keeps its proof', async () => {
    const spent: string[] = [];
    const proofs = { spend: ({ jti }: { jti: string }) => spent.push(jti) > 0 };
    await createAuthorizer(depsWith({ proofs }))(
      request({ path: '/admin', url: `${API}/admin`, dpop: [proof({ to: `GET ${API}/admin` })] }),
    );
    expect(spent).toEqual([]);
  });
});

it('an unbound token does not pass with the scheme DPoP, whatever proof is beside it', async () => {
  const unbound = accessToken(signing);
  const sent = request({ authorization: [`DPoP ${unbound}`], dpop: [proof({ for: unbound })] });
  expect(reasonOf(await createAuthorizer(depsWith())(sent))).toBe('dpop_token_unbound');
});

describe('where a token is not needed', () => {
  const at = (path: string, changes: Partial<AccessRequest> = {}) =>
    request({ path, url: `${API}${path}`, dpop: [proof({ to: `GET ${API}${path}` })], ...changes });
  it('a public route takes anybody, and knows only who has proven it', async () => {
    const authorize = createAuthorizer(depsWith());
    const sent = at('/open');
    expect(reasonOf(await authorize(sent))).toBe('allowed');
    expect(reasonOf(await authorize(sent))).toBe('anonymous');
    expect(reasonOf(await authorize(at('/open', { dpop: [] })))).toBe('anonymous');
  });
  it('an optional one refuses a bad proof', async () => {
    const authorize = createAuthorizer(depsWith());
    expect(reasonOf(await authorize(at('/maybe')))).toBe('allowed');
    expect(reasonOf(await authorize(at('/maybe', { dpop: [] })))).toBe('dpop_proof_missing');
  });
});

it('where nobody can say whether a proof was used, nobody passes', async () => {
  const proofs = { spend: () => Promise.reject(new Outage('dynamodb:PutItem')) };
  const decision = await createAuthorizer(depsWith({ proofs }))(request());
  expect(decision).toMatchObject({ allowed: false, denial: { reason: 'proofs_unavailable', dependency: 'dynamodb:PutItem' } });
  if (!decision.allowed) expect(bearerRefusal(decision.denial).status).toBe(503);
});

describe('the memory of proofs', () => {
  const of = (jti: string) => ({ jkt: 'k', jti, until: 0 });
  it('knows a proof for as long as it could be taken', () => {
    const memory = createProofMemory();
    for (const start of [0, 60_000, 120_999, 500_000]) {
      expect(memory.spend(of(String(start)), start)).toBe(true);
      for (const later of [0, 1000, 60_000, 120_000, 121_000])
        expect(memory.spend(of(String(start)), start + later), `${start} + ${later}`).toBe(false);
    }
    expect(memory.spend(of('500000'), 1_500_000)).toBe(true);
  });
  it('tells keys and ids apart', () => {
    const memory = createProofMemory();
    expect(memory.spend({ jkt: 'a', jti: 'b', until: 0 }, 0)).toBe(true);
    expect(memory.spend({ jkt: 'b', jti: 'a', until: 0 }, 0)).toBe(true);
  });
  it('lets nobody else pass when it is full, and goes on in the next generation', () => {
    const memory = createProofMemory(2);
    expect(['a', 'b', 'c'].map((jti) => memory.spend(of(jti), 0))).toEqual([true, true, false]);
    expect(memory.spend(of('a'), 121_000)).toBe(false);
    expect(memory.spend(of('c'), 121_000)).toBe(true);
  });
});

describe('the URL of a request', () => {
  const rest = (changes: object = {}, headers: Readonly<Record<string, readonly string[]>> = {}) =>
    restRequestCall({
      type: 'REQUEST',
      methodArn: 'arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/items',
      path: '/items',
      headers: { Host: 'evil.example' },
      multiValueHeaders: { Authorization: ['DPoP a.b.c'], DPoP: ['x.y.z'], Host: ['evil.example'], ...headers },
      requestContext: { domainName: 'abcdef1234.execute-api.eu-west-1.amazonaws.com', path: '/prod/items', ...changes },
    });
  it('of a REST API has its stage, or the base path of a domain of one’s own', () => {
    expect(rest().request).toMatchObject({ url: `${API}/prod/items`, dpop: ['x.y.z'] });
    expect(rest({ domainName: 'api.example', path: '/v1/items' }).request.url).toBe('https://api.example/v1/items');
    expect(rest({ domainName: undefined }).request.url).toBeUndefined();
  });
  it('keeps apart what came in two headers', () => {
    expect(rest({}, { DPoP: ['x', 'y'] }).request.dpop).toEqual(['x', 'y']);
    expect(rest({}, { dpop: ['z'] }).request.dpop).toEqual(['x.y.z', 'z']);
  });
  it('of an HTTP API is what the gateway was called by', () => {
    const { request: http } = httpRequestCall({
      type: 'REQUEST',
      version: '2.0',
      routeArn: 'arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/items',
      rawPath: '/prod/items',
      headers: { authorization: 'dpop a.b.c', dpop: 'x,y', host: 'evil.example' },
      requestContext: { stage: 'prod', domainName: 'abcdef1234.execute-api.eu-west-1.amazonaws.com', http: { method: 'GET' } },
    });
    expect(http).toMatchObject({ path: '/items', url: `${API}/prod/items`, dpop: ['x,y'] });
  });
  it('is not looked for beside a bearer token', () => {
    expect(rest({}, { Authorization: ['Bearer a.b.c'] }).request).not.toHaveProperty('url');
    expect(callFacts({}, '')).not.toHaveProperty('url');
  });
  it('is the one that was configured, where one was', async () => {
    const seen: (string | undefined)[] = [];
    const handler = authorizerHandler(() => ({
      authorize: ({ url }) => {
        seen.push(url);
        return Promise.resolve({ allowed: true, token: undefined });
      },
      ...{ issuer: ISSUER, audience: AUDIENCE, rules: rules.value, responseFormat: 'policy', clock: () => NOW * 1000 },
      publicUrl: 'https://cdn.example/shop',
    }));
    await handler({
      type: 'REQUEST',
      methodArn: 'arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/items',
      path: '/items',
      headers: { authorization: 'DPoP a.b.c' },
      requestContext: { domainName: 'abcdef1234.execute-api.eu-west-1.amazonaws.com', path: '/prod/items' },
    });
    expect(seen).toEqual(['https://cdn.example/shop/items']);
  });
});

describe('the challenge', () => {
  const challengeOf = async (changes: Partial<AccessRequest>): Promise<string | undefined> => {
    const decision = await createAuthorizer(depsWith())(request(changes));
    return decision.allowed ? '' : bearerRefusal(decision.denial, 'DPoP').challenge;
  };
  it('names the algorithms, and what is wrong in general', async () => {
    expect(await challengeOf({ dpop: [] })).toMatch(
      /^DPoP realm="m2m-auth", error="invalid_dpop_proof", error_description="[^"]+", algs="RS256 PS256 ES256 EdDSA Ed25519"$/,
    );
    expect(await challengeOf({ dpop: [proof({ of: proofKey() })] })).toMatch(/^DPoP .*error="invalid_token"/);
  });
});
