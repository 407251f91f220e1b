// Whether the time of a refusal tells a known client from an unknown one: thousands of each, interleaved, compared by rank.
import { createCleanRecords } from '../src/abuse/clean-records.ts';
import { createStandingLocks } from '../src/abuse/standing-locks.ts';
import { createTokenEndpoint } from '../src/endpoints/token.ts';
import type { Loaded } from '../src/endpoints/stores.ts';
import { signOnTheSpot } from '../src/signing/held-key-signature.ts';
import { inMemoryDeps } from './contestants/our-deps.ts';
import { demoClient } from './demo-client.ts';
import type { Bench, BenchOptions } from './options.ts';
import { quietly } from './quietly.ts';
import { median } from './statistics.ts';
import { printTable } from './table.ts';

/** Of each kind, in a second of `--seconds`; the first tenth warms up and is not counted. */
const REQUESTS_A_SECOND = 1000;
/** Two-sided, p = 0.001: beyond it the two are told apart. */
const Z_MAX = 3.29;
/** A difference that no network lets anybody see, however many requests are averaged. */
const NEGLIGIBLE_US = 1;

const KINDS = ['known', 'unknown'] as const;
type Kind = (typeof KINDS)[number];

export const guessTiming: Bench = {
  title: 'the time of a wrong secret, for a client that exists and one that does not',
  async run({ rounds, sliceSeconds }: BenchOptions): Promise<boolean> {
    const times = await quietly(() => measure(Math.max(200, Math.round(rounds * sliceSeconds * REQUESTS_A_SECOND))));
    const z = rankSum(times.known, times.unknown);
    const differenceUs = median(times.known) - median(times.unknown);
    printTable(
      ['client', 'requests', 'median, us'],
      KINDS.map((kind) => [kind, times[kind].length, median(times[kind])]),
    );
    console.log(
      `  difference of the medians ${differenceUs.toFixed(2)} us; Mann-Whitney z = ${z.toFixed(2)} (told apart beyond ${Z_MAX})\n`,
    );
    return Math.abs(z) < Z_MAX || Math.abs(differenceUs) < NEGLIGIBLE_US;
  },
};

async function measure(count: number): Promise<Readonly<Record<Kind, readonly number[]>>> {
  const endpoint = createTokenEndpoint(depsWithLockout());
  const times: Record<Kind, number[]> = { known: [], unknown: [] };
  const ids: Readonly<Record<Kind, string>> = { known: demoClient().client_id, unknown: 'x'.repeat(demoClient().client_id.length) };
  const warmUp = Math.ceil(count / 10);
  for (let round = 0; round < count + warmUp; round += 1) {
    // By turns first, so that what one leaves in the caches serves the other as often.
    for (const kind of round % 2 === 0 ? KINDS : KINDS.toReversed()) {
      const request = wrongSecret(ids[kind], round);
      const startedNs = process.hrtime.bigint();
      const { status } = await endpoint(request);
      const tookUs = Number(process.hrtime.bigint() - startedNs) / 1000;
      if (status !== 401) throw new Error(`a wrong secret was answered with ${status}`);
      if (round >= warmUp) times[kind].push(tookUs);
    }
  }
  return times;
}

/** Each from a network of its own, so that none is ever refused for its failures. */
function wrongSecret(clientId: string, round: number) {
  const authorization = `Basic ${Buffer.from(`${clientId}:wrong`).toString('base64')}`;
  return {
    method: 'POST',
    path: '/token',
    routeKey: 'POST /token',
    pathParameters: new Map(),
    query: '',
    headers: new Map([
      ['authorization', authorization],
      ['content-type', 'application/x-www-form-urlencoded'],
    ]),
    body: Buffer.from('grant_type=client_credentials'),
    ip: `10.${(round >> 16) & 255}.${(round >> 8) & 255}.${round & 255}`,
    userAgent: 'bench',
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    nowMs: Date.now(),
  };
}

function depsWithLockout() {
  const deps = inMemoryDeps('ES256', signOnTheSpot);
  const client = demoClient();
  const answer: Omit<Loaded, 'client' | 'owner'> = {
    session: undefined,
    apiKey: undefined,
    tokenRevoked: false,
    previousHits: 0,
    failures: { ofClient: undefined, ofNetwork: undefined },
    blocks: [],
    issuedToken: undefined,
  };
  return {
    ...deps,
    // Without the memory of strangers, which many networks with one unknown id each would fill.
    rateLimit: { perMinute: 0, burst: 0 },
    requests: {
      ...deps.requests,
      load: ({ clientId }: { clientId?: string }) => {
        const found = clientId === client.client_id ? client : undefined;
        return Promise.resolve({ ...answer, client: found, owner: found });
      },
    },
    lockout: {
      settings: { failures: 5, windowSeconds: 900, firstDelaySeconds: 30, maxDelaySeconds: 1800, atOnce: 400 },
      locks: createStandingLocks(),
      clean: createCleanRecords(),
      failures: {
        count: () => Promise.resolve(1),
        claim: () => Promise.resolve(true),
        prove: () => Promise.resolve(),
        countAttack: () => Promise.resolve(1),
        recordAttack: () => Promise.resolve(),
      },
      secretUses: { read: () => Promise.resolve(new Map<string, never>()) },
    },
  };
}

/** z of the Mann-Whitney U test; ties share their mean rank. 0 = the two samples lie alike. */
function rankSum(one: readonly number[], other: readonly number[]): number {
  const all = [...one.map((value) => ({ value, isOne: true })), ...other.map((value) => ({ value, isOne: false }))];
  all.sort((a, b) => a.value - b.value);
  let ranks = 0;
  for (let start = 0; start < all.length;) {
    let end = start;
    while (end + 1 < all.length && all[end + 1]?.value === all[start]?.value) end += 1;
    for (let at = start; at <= end; at += 1) if (all[at]?.isOne === true) ranks += (start + end) / 2 + 1;
    start = end + 1;
  }
  const [n, m] = [one.length, other.length];
  const u = ranks - (n * (n + 1)) / 2;
  return (u - (n * m) / 2) / Math.sqrt((n * m * (n + m + 1)) / 12);
}
