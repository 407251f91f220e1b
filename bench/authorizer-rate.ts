// Checks a second of the feed authorizer on one core, beside bare RS256 verification and beside aws-jwt-verify on the same tokens.
import { verify, type KeyObject } from 'node:crypto';
import { JwtVerifier } from 'aws-jwt-verify';
import { createAuthorizer, type Authorizer } from '../src/authorizer/authorizer.ts';
import { authorizerHandler } from '../src/authorizer/handler.ts';
import type { FetchDocument } from '../src/authorizer/issuer-document.ts';
import { createIssuerFeed } from '../src/authorizer/issuer-feed.ts';
import { createIssuerKeys } from '../src/authorizer/issuer-keys.ts';
import { parseRouteRules, type ParsedRouteRule } from '../src/authorizer/route-rule.ts';
import { accessTokenSigningInput } from '../src/tokens/access-token.ts';
import { jwkThumbprint, publicJwk } from '../src/tokens/jwk.ts';
import { newKeyPair, signerOf } from './contestants/signing-key.ts';
import { CLIENT_ID, ISSUER } from './demo-client.ts';
import type { Bench, BenchOptions } from './options.ts';
import { interleave } from './rounds.ts';
import { median, ratios, spread, withRange } from './statistics.ts';
import { percent, printTable, times } from './table.ts';

/** Fewer than an authorizer remembers (8,000), and more than fit a processor's caches. */
const TOKENS = 2_000;
const REVOKED = 100;
const BARE = 'bare RS256 verification';
const PEER = 'aws-jwt-verify';

type Issued = { readonly tokens: readonly string[]; readonly jwk: Readonly<Record<string, string>>; readonly publicKey: KeyObject };
/** Checks every token once. */
type Pass = () => Promise<void> | void;

export const authorizerRate: Bench = {
  title: `checks a second of the feed authorizer (RS256, ${TOKENS} different tokens, ${REVOKED} entries in the feed, one core)`,
  async run(options) {
    const passes = passesOver(await issueTokens());
    report(await measure(passes, options));
    return true;
  },
};

async function issueTokens(): Promise<Issued> {
  const { publicKey, privateKey } = newKeyPair('RS256');
  const members = publicKey.export({ format: 'jwk' }) as Record<string, string>;
  const kid = jwkThumbprint(members) ?? '';
  const sign = signerOf('RS256', privateKey);
  const iat = Math.floor(Date.now() / 1000);
  const claims = {
    iss: ISSUER,
    sub: CLIENT_ID,
    client_id: CLIENT_ID,
    aud: ISSUER,
    iat,
    exp: iat + 3600,
    scope: 'read write',
    roles: ['user'],
    epoch: 1,
  };
  const tokens = Array.from({ length: TOKENS }, async (_, index) => {
    const input = accessTokenSigningInput(
      { alg: 'RS256', kid },
      { ...claims, jti: `token-${index}-of-the-benchmark`, amr: ['client_secret'] },
    );
    return `${input}.${Buffer.from(await sign(Buffer.from(input))).toString('base64url')}`;
  });
  return { tokens: await Promise.all(tokens), jwk: publicJwk({ kid, alg: 'RS256', jwk: members }), publicKey };
}

function passesOver({ tokens, jwk, publicKey }: Issued): ReadonlyMap<string, Pass> {
  const rules = rulesOf([{ method: 'GET', path: '/items/{id}', scopes: ['read'] }]);
  const fetchDocument = documentsOf(jwk);
  const clock = Date.now;
  const newAuthorizer = (): Authorizer =>
    createAuthorizer({
      issuer: ISSUER,
      audience: ISSUER,
      rules,
      keys: createIssuerKeys({ issuer: ISSUER, fetchDocument }),
      revocation: createIssuerFeed({ issuer: ISSUER, fetchDocument, clock, whenStale: 'deny' }),
      exchange: () => Promise.reject(new Error('no API key comes here')),
      clock,
    });
  const requests = tokens.map((token) => ({
    method: 'GET',
    path: '/items/42',
    authorization: [`Bearer ${token}`],
    apiKey: [],
    ip: '203.0.113.57',
  }));
  const checkAll = async (authorize: Authorizer): Promise<void> => {
    for (const request of requests) if (!(await authorize(request)).allowed) throw new Error('m2m-auth refused a good token');
  };

  const remembering = newAuthorizer();
  const handler = authorizerHandler(() => ({
    authorize: remembering,
    issuer: ISSUER,
    audience: ISSUER,
    rules,
    responseFormat: 'policy',
    clock,
  }));
  const events = tokens.map(authorizerEvent);
  const signed = tokens.map((token) => {
    const end = token.lastIndexOf('.');
    return { input: Buffer.from(token.slice(0, end)), signature: Buffer.from(token.slice(end + 1), 'base64url') };
  });
  const peer = JwtVerifier.create({ issuer: ISSUER, audience: ISSUER });
  peer.cacheJwks({ keys: [jwk as { kid: string; alg: string; kty: string; use: string; n: string; e: string }] });

  return new Map<string, Pass>([
    // A new authorizer for each pass: it has seen none of the tokens.
    ['m2m-auth, token not seen before', () => checkAll(newAuthorizer())],
    ['m2m-auth, token seen before', () => checkAll(remembering)],
    [
      'm2m-auth, seen before, event to policy',
      async () => {
        for (const event of events) if (!('policyDocument' in (await handler(event)))) throw new Error('m2m-auth answered no policy');
      },
    ],
    [
      PEER,
      () => {
        for (const token of tokens) peer.verifySync(token);
      },
    ],
    [
      BARE,
      () => {
        for (const { input, signature } of signed)
          if (!verify('sha256', input, publicKey, signature)) throw new Error('a good signature was refused');
      },
    ],
  ]);
}

function rulesOf(rules: readonly object[]): readonly ParsedRouteRule[] {
  const parsed = parseRouteRules(rules);
  if (!parsed.ok) throw new Error(parsed.failure);
  return parsed.value;
}

/** The issuer's documents without a network: a feed that is always fresh and revokes tokens of others. */
function documentsOf(jwk: Readonly<Record<string, string>>): FetchDocument {
  const jti = Array.from({ length: REVOKED }, (_, index) => Buffer.alloc(16, index).toString('base64url'));
  return ({ url }) => {
    const feed = { v: 1, iss: ISSUER, iat: Math.floor(Date.now() / 1000), jti, sid: [], clients: {}, kids: [] };
    const text = JSON.stringify(url.includes('/revocations') ? feed : { keys: [jwk] });
    return Promise.resolve({ text, etag: undefined, maxAgeSeconds: 300, ageSeconds: 0 });
  };
}

const authorizerEvent = (token: string): object => ({
  type: 'REQUEST',
  methodArn: 'arn:aws:execute-api:eu-central-1:111122223333:abcdef1234/prod/GET/items/42',
  path: '/items/42',
  headers: { host: 'api.example.com', 'user-agent': 'bench', authorization: `Bearer ${token}` },
  requestContext: { identity: { sourceIp: '203.0.113.57', userAgent: 'bench' } },
});

/** Checks for one second of processor time: one core's work, whoever else is using the machine. */
function measure(
  passes: ReadonlyMap<string, Pass>,
  { rounds, sliceSeconds }: BenchOptions,
): Promise<ReadonlyMap<string, readonly number[]>> {
  return interleave([...passes.keys()], rounds, async (name) => {
    const pass = passes.get(name) ?? (() => undefined);
    const before = process.cpuUsage();
    let checks = 0;
    let usedSeconds: number;
    do {
      await pass();
      checks += TOKENS;
      const { user, system } = process.cpuUsage(before);
      usedSeconds = (user + system) / 1e6;
    } while (usedSeconds < sliceSeconds);
    return checks / usedSeconds;
  });
}

function report(slices: ReadonlyMap<string, readonly number[]>): void {
  const rates = (name: string): readonly number[] => slices.get(name) ?? [];
  const rows = [...slices.keys()].map((name) => [
    name,
    median(rates(name)),
    withRange(ratios(rates(name), rates(BARE)), percent),
    withRange(ratios(rates(name), rates(PEER)), times),
    percent(spread(rates(name))),
  ]);
  printTable(['', 'checks/s', `of ${BARE}`, `to ${PEER}`, 'spread'], rows);
}
