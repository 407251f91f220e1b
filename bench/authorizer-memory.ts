// Memory of the feed authorizer over a million different tokens: what it remembers is bounded, whoever sends them.
import { createAuthorizer } from '../src/authorizer/authorizer.ts';
import type { FetchDocument } from '../src/authorizer/issuer-document.ts';
import { createIssuerFeed } from '../src/authorizer/issuer-feed.ts';
import { createIssuerKeys } from '../src/authorizer/issuer-keys.ts';
import { parseRouteRules } from '../src/authorizer/route-rule.ts';
import { accessTokenSigningInput } from '../src/tokens/access-token.ts';
import { jwkThumbprint, publicJwk } from '../src/tokens/jwk.ts';
import { newKeyPair, signerOf } from './contestants/signing-key.ts';
import { CLIENT_ID, ISSUER } from './demo-client.ts';
import type { Bench } from './options.ts';
import { settledHeapBytes } from './settled-heap.ts';
import { printTable } from './table.ts';

/** A million with `--rounds 10 --seconds 5`. */
const TOKENS_A_SECOND = 20_000;
const STEPS = 5;
/** Remembered by then: all that it ever remembers, so that what comes is growth. */
const WARM = 20_000;
const GROWTH_BYTES_MAX = 20_000_000;

export const authorizerMemory: Bench = {
  title: 'memory of the feed authorizer over ever new tokens (ES256, each sent twice), at most 20 MB more',
  async run({ rounds, sliceSeconds }) {
    const step = Math.ceil((rounds * sliceSeconds * TOKENS_A_SECOND) / STEPS);
    const { authorize, token } = await newAuthorizer();
    const send = async (from: number, to: number): Promise<void> => {
      for (let index = from; index < to; index++) {
        const request = { method: 'GET', path: '/items', authorization: [`Bearer ${await token(index)}`], apiKey: [], ip: '203.0.113.57' };
        // Twice, because only what comes again is remembered.
        for (let time = 0; time < 2; time++) if (!(await authorize(request)).allowed) throw new Error('a good token was refused');
      }
    };
    await send(-WARM, 0);
    const start = settledHeapBytes();
    const growth: number[] = [];
    for (let done = 0; done < STEPS; done++) {
      await send(done * step, (done + 1) * step);
      growth.push(settledHeapBytes() - start);
    }
    const rows = growth.map((bytes, index) => [((index + 1) * step).toLocaleString('en-US'), bytes / 1e6]);
    printTable(['tokens', 'MB more than after the first 20,000'], rows);
    return Math.max(...growth) <= GROWTH_BYTES_MAX;
  },
};

async function newAuthorizer() {
  const { publicKey, privateKey } = newKeyPair('ES256');
  const members = publicKey.export({ format: 'jwk' }) as Record<string, string>;
  const kid = jwkThumbprint(members) ?? '';
  const sign = signerOf('ES256', privateKey);
  const jwk = publicJwk({ kid, alg: 'ES256', jwk: members });
  const clock = Date.now;
  const fetchDocument: FetchDocument = ({ url }) => {
    const feed = { v: 1, iss: ISSUER, iat: Math.floor(clock() / 1000), jti: [], sid: [], clients: {}, kids: [] };
    return Promise.resolve({
      text: JSON.stringify(url.includes('/revocations') ? feed : { keys: [jwk] }),
      etag: undefined,
      maxAgeSeconds: 300,
    });
  };
  const rules = parseRouteRules([{ method: 'GET', path: '/items' }]);
  if (!rules.ok) throw new Error(rules.failure);
  const authorize = createAuthorizer({
    issuer: ISSUER,
    audience: ISSUER,
    rules: rules.value,
    keys: createIssuerKeys({ issuer: ISSUER, fetchDocument }),
    revocation: createIssuerFeed({ issuer: ISSUER, fetchDocument, clock, whenStale: 'deny' }),
    exchange: () => Promise.reject(new Error('no API key comes here')),
    clock,
  });
  const token = async (index: number): Promise<string> => {
    const iat = Math.floor(clock() / 1000);
    const claims = {
      iss: ISSUER,
      sub: CLIENT_ID,
      client_id: CLIENT_ID,
      aud: ISSUER,
      iat,
      exp: iat + 900,
      scope: 'read',
      roles: [],
      epoch: 1,
    };
    const input = accessTokenSigningInput({ alg: 'ES256', kid }, { ...claims, jti: `token-${index}`, amr: ['client_secret'] });
    return `${input}.${Buffer.from(await sign(Buffer.from(input))).toString('base64url')}`;
  };
  return { authorize, token };
}
