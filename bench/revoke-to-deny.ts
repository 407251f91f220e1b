/**
 * How long a revoked token passes: the whole local service over HTTP, several environments of the feed authorizer, ten revocations a
 * second for rounds x seconds. `--rounds 5 --seconds 20` makes a thousand of each kind and waits a whole minute where environments idle.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startLocalService, type LocalService } from './local-service.ts';
import type { Bench, BenchOptions } from './options.ts';
import { startFaultyFeed } from './revocation/faulty-feed.ts';
import { startFeedAuthorizers, type FeedAuthorizer } from './revocation/feed-authorizers.ts';
import { watchRevoked, type Watched } from './revocation/watch.ts';
import { percentile } from './statistics.ts';
import { printTable, type Cell } from './table.ts';
import { basicAuthorization } from './token-request.ts';

const BOUND_MS = 5_000;
const EVERY_MS = 100;
const RATE = 10;
const IDLE_MAX_SECONDS = 60;
const AHEAD = 20;

/** Asks for tokens and revokes them, as their client. */
type Issuer = { token(): Promise<string>; revoke(token: string): Promise<void> };

export const revokeToDeny: Bench = {
  title: 'milliseconds from the answer of /revoke to the last call that passes and the first that does not (feed mode, bound 5 s)',
  async run(options) {
    const { environments } = options;
    const revocations = Math.max(AHEAD, options.rounds * options.sliceSeconds * RATE);
    const service = await startLocalService('--environments', String(environments));
    const issuer = issuerOf(service);
    const results = new Map<string, readonly Watched[]>();
    const measure = async (name: string, feedProxy: string | undefined, run: typeof steadily): Promise<void> => {
      progress(`${name}: ${revocations} revocations, ${environments} environments`);
      const authorizers = await startFeedAuthorizers(service.issuer, environments, feedProxy);
      results.set(name, await run(issuer, authorizers.all, revocations, options).finally(() => authorizers.stop()));
    };
    const proxy = await startFaultyFeed(service.issuer);
    try {
      await measure('busy environments', undefined, steadily);
      await measure('idle environments', undefined, afterIdling);
      await measure('the feed delayed, reordered, cut, replayed, lost', proxy.url, patiently);
      progress(`the proxy: ${[...proxy.done].map(([what, times]) => `${what} ${times}`).join(', ')}`);
    } finally {
      proxy.close();
      await service.stop();
    }
    return report(results);
  },
};

const steadily = (
  issuer: Issuer,
  authorizers: readonly FeedAuthorizer[],
  count: number,
  _options: BenchOptions,
): Promise<readonly Watched[]> => revokeAtRate(issuer, authorizers, count, 0);

/** On until well behind the bound: with faults, a denial may be for want of a feed. */
const patiently = (
  issuer: Issuer,
  authorizers: readonly FeedAuthorizer[],
  count: number,
  _options: BenchOptions,
): Promise<readonly Watched[]> => revokeAtRate(issuer, authorizers, count, BOUND_MS + 1_000);

async function revokeAtRate(
  issuer: Issuer,
  authorizers: readonly FeedAuthorizer[],
  count: number,
  watchMs: number,
): Promise<readonly Watched[]> {
  const watched: Promise<readonly Watched[]>[] = [];
  for (let index = 0; index < count; index++) {
    const next = sleep(1000 / RATE);
    const { token, revokedAt } = await revokeOne(issuer, authorizers);
    watched.push(watchRevoked(token, revokedAt, authorizers, { everyMs: EVERY_MS, watchMs }));
    if ((index + 1) % 100 === 0) progress(`${index + 1} revoked`);
    await next;
  }
  return (await Promise.all(watched)).flat();
}

/** Revokes while nobody asks the environments anything for up to a minute, then asks all of them about everything. */
async function afterIdling(
  issuer: Issuer,
  authorizers: readonly FeedAuthorizer[],
  count: number,
  { rounds, sliceSeconds }: BenchOptions,
): Promise<readonly Watched[]> {
  const idleMs = Math.min(IDLE_MAX_SECONDS, rounds * sliceSeconds) * 1000;
  const revoked: { readonly token: string; readonly revokedAt: number }[] = [];
  for (let index = 0; index < count; index++) {
    const next = sleep(idleMs / count);
    // The first one warms them up.
    revoked.push(await revokeOne(issuer, index === 0 ? authorizers : []));
    await next;
  }
  progress('idled');
  const all = revoked.map(({ token, revokedAt }) => watchRevoked(token, revokedAt, authorizers, { everyMs: EVERY_MS, watchMs: 0 }));
  // What was revoked long before is denied at the first call: zero, where the last one to pass would be counted from the revocation.
  const asked = performance.now();
  return (await Promise.all(all)).flatMap((each, index) => {
    const askedMs = asked - (revoked[index]?.revokedAt ?? 0);
    return each.map(({ deniedMs, lastAllowedMs }) => ({ lastAllowedMs, deniedMs: Math.max(0, deniedMs - Math.max(0, askedMs)) }));
  });
}

async function revokeOne(issuer: Issuer, seenBy: readonly FeedAuthorizer[]): Promise<{ token: string; revokedAt: number }> {
  const token = await issuer.token();
  // Remembered tokens are the harder case; a feed that is out of reach may deny this one as well.
  await Promise.all(seenBy.map(({ allows }) => allows(token)));
  await issuer.revoke(token);
  return { token, revokedAt: performance.now() };
}

function issuerOf({ issuer, clients }: LocalService): Issuer {
  const { client_id: id, client_secret: secret } = clients['demo-admin'] ?? { client_id: '', client_secret: '' };
  const post = async (path: string, fields: Readonly<Record<string, string>>): Promise<Response> => {
    const headers = { authorization: basicAuthorization(id, secret) };
    const answer = await fetch(issuer + path, { method: 'POST', headers, body: new URLSearchParams(fields) });
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return answer;
  };
  return {
    async token() {
      const answer = await post('/token', { grant_type: 'client_credentials', scope: 'read' });
      return ((await answer.json()) as { access_token: string }).access_token;
    },
    async revoke(token) {
      await post('/revoke', { token });
    },
  };
}

const progress = (text: string): void => console.log(`  ... ${text}`);

function report(results: ReadonlyMap<string, readonly Watched[]>): boolean {
  const shares = [0.5, 0.9, 0.99, 0.999, 1];
  const rows = [...results].map(([name, watched]): Cell[] => {
    const denied = watched.map(({ deniedMs }) => deniedMs);
    const late = watched.filter(({ lastAllowedMs }) => lastAllowedMs > BOUND_MS).length;
    const lastAllowed = Math.max(0, ...watched.map(({ lastAllowedMs }) => lastAllowedMs));
    return [name, watched.length, ...shares.map((share) => Math.round(percentile(denied, share))), Math.round(lastAllowed), late];
  });
  console.log('');
  printTable(['', 'watched', 'p50', 'p90', 'p99', 'p99.9', 'max', 'last that passed', 'passed after 5 s'], rows);
  return [...results.values()].flat().every(({ lastAllowedMs }) => lastAllowedMs <= BOUND_MS);
}
