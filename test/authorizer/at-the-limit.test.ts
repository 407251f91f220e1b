// What keeps the authorizer fast and up when much comes, or the issuer is slow, down or behind: each by a real HTTP issuer.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAuthorizer, type Authorizer } from '../../src/authorizer/authorizer.ts';
import { feedId } from '../../src/authorizer/feed-document.ts';
import { fetchDocument } from '../../src/authorizer/issuer-document.ts';
import { createIssuerFeed } from '../../src/authorizer/issuer-feed.ts';
import { createIssuerKeys } from '../../src/authorizer/issuer-keys.ts';
import { withoutRevocation } from '../../src/authorizer/revocation.ts';
import { parseRouteRules } from '../../src/authorizer/route-rule.ts';
import * as signatures from '../../src/tokens/jws.ts';
import type { AccessTokenClaims } from '../../src/tokens/access-token.ts';
import { accessToken, AUDIENCE, testKey, type TestKey } from '../tokens/test-issuer.ts';
import { json, startIssuerServer, type Answer, type IssuerServer } from './issuer-server.ts';

vi.mock(import('../../src/tokens/jws.ts'), { spy: true });
const verified = vi.mocked(signatures.verifyJws);

const key = testKey('ES256');
const other = testKey('EdDSA');
let server: IssuerServer;
/** Epoch milliseconds of the authorizer's clock, moved by the tests. */
let nowMs: number;
let published: readonly TestKey[];
let revoked: readonly string[];
const now = (): number => Math.floor(nowMs / 1000);
const documents: Answer = (request, response) => {
  const feed = { v: 1, iss: server.url, iat: now(), jti: revoked.map(feedId), sid: [], clients: {}, kids: [] };
  json(request.url?.startsWith('/revocations') === true ? feed : { keys: published.map(({ jwk }) => jwk) })(request, response);
};
const down: Answer = (_, response) => response.writeHead(503).end();

beforeAll(async () => {
  server = await startIssuerServer(documents);
});
afterAll(() => server.close());
beforeEach(() => {
  nowMs = 1_800_000_000_000;
  published = [key];
  revoked = [];
  server.answer = documents;
  server.asked.clear();
});
afterEach(() => {
  verified.mockClear();
});

function authorizer(revocation: 'feed' | 'off' = 'feed'): Authorizer {
  const rules = parseRouteRules([{ method: 'GET', path: '/orders', scopes: ['read'] }]);
  if (!rules.ok) throw new Error(rules.failure);
  const clock = (): number => nowMs;
  const issuer = server.url;
  return createAuthorizer({
    issuer,
    audience: AUDIENCE,
    rules: rules.value,
    keys: createIssuerKeys({ issuer, fetchDocument }),
    revocation: revocation === 'off' ? withoutRevocation : createIssuerFeed({ issuer, fetchDocument, clock, whenStale: 'deny' }),
    exchange: () => Promise.reject(new Error('no API key comes here')),
    clock,
  });
}
const tokenBy = (signer: TestKey, claims: Partial<AccessTokenClaims> = {}): string =>
  accessToken(signer, { iss: server.url, iat: now(), exp: now() + 900, ...claims });
async function verdict(authorize: Authorizer, token: string): Promise<string> {
  const request = { method: 'GET', path: '/orders', authorization: [`Bearer ${token}`], apiKey: [], ip: undefined };
  const decision = await authorize(request);
  return decision.allowed ? 'allowed' : decision.denial.reason;
}
const asks = (path: string): number => [...server.asked].reduce((sum, [asked, times]) => sum + (asked.startsWith(path) ? times : 0), 0);
const KEYS = '/.well-known/jwks.json';

describe('the result of a verification', () => {
  it('is remembered by the digest of the token until it expires', async () => {
    const authorize = authorizer('off');
    const token = tokenBy(key);
    for (let call = 0; call < 50; call++) expect(await verdict(authorize, token)).toBe('allowed');
    // The second time shows that it is in use, and then it is remembered.
    expect(verified).toHaveBeenCalledTimes(2);
    nowMs += 899_999;
    expect(await verdict(authorize, token)).toBe('allowed');
    nowMs += 1;
    expect(await verdict(authorize, token)).toBe('token_expired');
  });

  it('is of that very text: one letter of another signature is verified, and refused', async () => {
    const authorize = authorizer('off');
    const token = tokenBy(key);
    for (let call = 0; call < 3; call++) await verdict(authorize, token);
    const forged = `${token.slice(0, -8)}${token.at(-8) === 'A' ? 'B' : 'A'}${token.slice(-7)}`;
    expect(await verdict(authorize, forged)).toBe('signature_wrong');
  });

  it('is held against the feed each time', async () => {
    const authorize = authorizer();
    const token = tokenBy(key, { jti: 'remembered' });
    for (let call = 0; call < 5; call++) expect(await verdict(authorize, token)).toBe('allowed');
    revoked = ['remembered'];
    nowMs += 2_000;
    expect(await verdict(authorize, token)).toBe('token_revoked');
    expect(verified).toHaveBeenCalledTimes(2);
  });

  it('of any number of tokens takes bounded memory', async () => {
    const authorize = authorizer('off');
    const inUse = tokenBy(key, { jti: 'in-use' });
    for (let call = 0; call < 2; call++) await verdict(authorize, inUse);
    const before = verified.mock.calls.length;
    for (let index = 0; index < 5_000; index++) await verdict(authorize, tokenBy(key, { jti: `once-${index}` }));
    expect(verified).toHaveBeenCalledTimes(before + 5_000);
    // Those that came once have displaced nothing, since they were not kept.
    await verdict(authorize, inUse);
    expect(verified).toHaveBeenCalledTimes(before + 5_000);
  });
});

describe('keys', () => {
  it('are asked for again where a token names an unknown one, then not for 30 s whatever tokens name', async () => {
    const authorize = authorizer('off');
    expect(await verdict(authorize, tokenBy(key))).toBe('allowed');
    nowMs += 30_000;
    published = [key, other];
    expect(await verdict(authorize, tokenBy(other))).toBe('allowed');
    expect(asks(KEYS)).toBe(2);
    const strangers = Array.from({ length: 5 }, () => testKey('EdDSA'));
    for (const stranger of strangers) expect(await verdict(authorize, tokenBy(stranger))).toBe('key_unknown');
    expect(asks(KEYS)).toBe(2);
    nowMs += 30_000;
    await Promise.all(strangers.map((stranger) => verdict(authorize, tokenBy(stranger))));
    expect(asks(KEYS)).toBe(3);
  });

  it('that are out of date serve on while the issuer is down', async () => {
    const authorize = authorizer('off');
    await verdict(authorize, tokenBy(key));
    server.answer = down;
    nowMs += 6 * 3_600_000;
    expect(await verdict(authorize, tokenBy(key))).toBe('allowed');
    nowMs += 24 * 3_600_000;
    expect(await verdict(authorize, tokenBy(key))).toBe('keys_unavailable');
  });
});

describe('the first requests after a cold start', () => {
  it('fetch keys and feed once and side by side: neither waits for the other, nor any request for another', async () => {
    const open = new Set<string>();
    let together = 0;
    server.answer = (request, response) => {
      open.add(request.url ?? '');
      together = Math.max(together, open.size);
      const whenBothAreHere = (): void => {
        if (together < 2) setTimeout(whenBothAreHere, 5);
        else documents(request, response);
      };
      whenBothAreHere();
    };
    const authorize = authorizer();
    const token = tokenBy(key);
    const verdicts = await Promise.all(Array.from({ length: 30 }, () => verdict(authorize, token)));
    expect(new Set(verdicts)).toEqual(new Set(['allowed']));
    expect([asks(KEYS), asks('/revocations')]).toEqual([1, 1]);
  });
});
