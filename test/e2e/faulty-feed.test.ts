// The bound of feed mode over HTTP with a proxy between that delays, reorders, cuts, replays and loses answers: within it or denied.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startFaultyFeed, type FaultyFeed } from '../../bench/revocation/faulty-feed.ts';
import { startFeedAuthorizers, type FeedAuthorizers } from '../../bench/revocation/feed-authorizers.ts';
import { watchRevoked } from '../../bench/revocation/watch.ts';
import { endpointsOf, expectOk } from './endpoints.ts';
import { runningService } from './running-service.ts';

const BOUND_MS = 5_000;
const REVOCATIONS = 30;
const service = runningService();
const { register, accessToken, revoke } = endpointsOf(service);
let proxy: FaultyFeed;
let authorizers: FeedAuthorizers;
beforeAll(async () => {
  proxy = await startFaultyFeed(service.issuer);
  authorizers = await startFeedAuthorizers(service.issuer, 2, proxy.url);
});
afterAll(async () => {
  await authorizers.stop();
  proxy.close();
});

it('no call with a revoked token passes after 5 s, and none before is spoilt for good', async () => {
  const client = await register();
  const standing = await accessToken(client);
  const watched = await Promise.all(
    Array.from({ length: REVOCATIONS }, async (_, index) => {
      await new Promise((resolve) => setTimeout(resolve, index * 200));
      const token = await accessToken(client);
      expectOk(await revoke(client, { token }));
      return watchRevoked(token, performance.now(), authorizers.all, { everyMs: 200, watchMs: BOUND_MS + 1_000 });
    }),
  );
  expect(Math.max(...watched.flat().map(({ lastAllowedMs }) => lastAllowedMs))).toBeLessThanOrEqual(BOUND_MS);
  expect([...proxy.done.keys()]).toEqual(expect.arrayContaining(['delayed', 'replayed', 'passed']));
  for (const { allows } of authorizers.all) await expect.poll(() => allows(standing), { timeout: 30_000, interval: 200 }).toBe(true);
});
