// Execution environments of the feed authorizer as it would be deployed: its own bundle, without AWS, fed with API Gateway's events.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { BUNDLE_SETTINGS } from '../../lib/bundle-settings.ts';
import { startEnvironment } from '../../local/functions/environment.ts';

export type FeedAuthorizer = { allows(token: string): Promise<boolean> };
export type FeedAuthorizers = { readonly all: readonly FeedAuthorizer[]; stop(): Promise<void> };

const ENTRY = fileURLToPath(new URL('../../functions/authorizer/feed.ts', import.meta.url));
const INVOCATION_LIMIT_MS = 10_000;

/** The bundle behind a fetch that asks a proxy for the feed: an authorizer knows one origin, the issuer's. */
const BEHIND_PROXY = `const { fetch } = globalThis;
const [issuer, proxy] = [process.env.ISSUER, process.env.FEED_PROXY];
globalThis.fetch = (url, init) => fetch(proxy ? url.replace(issuer + '/revocations', proxy + '/revocations') : url, init);
module.exports = require('./feed.js');
`;

/** @param feedProxy where the feed is asked for instead of the issuer itself. */
export async function startFeedAuthorizers(issuer: string, count: number, feedProxy = ''): Promise<FeedAuthorizers> {
  const directory = mkdtempSync(join(tmpdir(), 'm2m-auth-feed-'));
  await build({ ...BUNDLE_SETTINGS, entryPoints: [{ in: ENTRY, out: 'feed' }], outdir: directory });
  writeFileSync(join(directory, 'index.js'), BEHIND_PROXY);
  const variables = {
    ISSUER: issuer,
    AUDIENCE: issuer,
    RULES: JSON.stringify([{ method: 'GET', path: '/orders', scopes: ['read'] }]),
    RESPONSE_FORMAT: 'simple',
    REVOCATION: 'feed',
    WHEN_STALE: 'deny',
    FEED_PROXY: feedProxy,
  };
  const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:feed';
  const spec = { functionName: 'feed', functionArn, directory, handler: 'index.handler', memoryMb: 256 };
  const environments = Array.from({ length: count }, () => startEnvironment({ spec, variables, onOutput: () => undefined }));
  return {
    all: environments.map((environment) => ({
      async allows(token) {
        const result = await environment.invoke(JSON.stringify(eventOf(token)), INVOCATION_LIMIT_MS);
        if (!result.ok && result.kind !== 'thrown') throw new Error(`the authorizer failed: ${result.errorMessage}`);
        return result.ok && (result.payload as { isAuthorized: boolean }).isAuthorized;
      },
    })),
    async stop() {
      await Promise.all(environments.map((environment) => environment.stop()));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const eventOf = (token: string): object => ({
  version: '2.0',
  type: 'REQUEST',
  routeArn: 'arn:aws:execute-api:us-east-1:000000000000:http/$default/GET/orders',
  routeKey: 'GET /orders',
  rawPath: '/orders',
  headers: { authorization: `Bearer ${token}` },
  requestContext: { http: { method: 'GET', path: '/orders', sourceIp: '127.0.0.1', userAgent: 'bench' }, stage: '$default' },
});
