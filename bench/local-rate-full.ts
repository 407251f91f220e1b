/**
 * Whether the local service is as fast with a full table as with an empty one: two of them run side by side, one whose table holds
 * 100,000 clients and 1,000,000 sessions more, and take turns.
 */
import { rmSync } from 'node:fs';
import { startChild } from './child.ts';
import { filledClientId, type Filled, type FillRequest } from './full-table/fill.ts';
import type { LoadRequest, LoadSlice } from './load/slice.ts';
import { newDataDirectory, startLocalService, startLocalServiceOn, type LocalService } from './local-service.ts';
import type { Bench, BenchOptions } from './options.ts';
import { interleave } from './rounds.ts';
import { median, ratios, withRange } from './statistics.ts';
import { percent, printTable } from './table.ts';
import { basicAuthorization } from './token-request.ts';

const CONNECTIONS = 16;
/** So much of the empty table's rate has to be left. */
const SHARE_MIN = 0.9;
/** A client of the first start that gets a session with each token: every kind of item that was added is near what it touches. */
const MODEL = 'demo-service';
const BODY = 'grant_type=client_credentials';

export const localRateFull: Bench = {
  title: `tokens a second of the whole local service with a full table (${CONNECTIONS} keep-alive connections)`,
  async run(options) {
    const dataDir = newDataDirectory();
    try {
      await prepare(dataDir, options);
      const full = await startLocalServiceOn(dataDir);
      try {
        return await besideEmpty(full, options);
      } finally {
        await full.stop();
      }
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
};

async function besideEmpty(full: LocalService, options: BenchOptions): Promise<boolean> {
  const services = { empty: await startLocalService(), full };
  try {
    return report(services, await measure(services, options));
  } finally {
    await services.empty.stop();
  }
}

/** The first start makes the keys and demo clients; the copies are made of one of them, while no service runs. */
async function prepare(dataDir: string, { clients, sessions }: BenchOptions): Promise<void> {
  const service = await startLocalServiceOn(dataDir);
  await tokenOf(service);
  await service.stop();
  const { child } = await startChild('full-table/fill-process.ts');
  const request: FillRequest = { dataDir, modelClientId: credentialsOf(service).client_id, clients, sessions };
  const { items, seconds } = await child.ask<Filled>(request);
  await child.stop();
  console.log(`  ${items.toLocaleString('en')} items added in ${Math.round(seconds)} s\n`);
}

async function tokenOf(service: LocalService): Promise<void> {
  const headers = { authorization: authorizationOf(service), 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await fetch(`${service.issuer}/token`, { method: 'POST', headers, body: BODY });
  if (answer.status !== 200) throw new Error(`no token for ${MODEL}: ${await answer.text()}`);
}

type Services = { readonly empty: LocalService; readonly full: LocalService };
type Contestant = 'demo-admin empty' | 'demo-admin full' | 'demo-service empty' | 'demo-service full' | 'others full';
const TITLES: Readonly<Record<Contestant, string>> = {
  'demo-admin empty': 'client_credentials, empty',
  'demo-admin full': 'client_credentials, full',
  'demo-service empty': 'with a refresh token, empty',
  'demo-service full': 'with a refresh token, full',
  'others full': 'with a refresh token, full, ever other clients',
};
const BASE: Readonly<Record<Contestant, Contestant>> = {
  'demo-admin empty': 'demo-admin empty',
  'demo-admin full': 'demo-admin empty',
  'demo-service empty': 'demo-service empty',
  'demo-service full': 'demo-service empty',
  'others full': 'demo-service empty',
};
const CONTESTANTS = Object.keys(TITLES) as readonly Contestant[];

async function measure(
  services: Services,
  { rounds, sliceSeconds, clients }: BenchOptions,
): Promise<ReadonlyMap<string, readonly LoadSlice[]>> {
  const { child: load } = await startChild('load/generator-process.ts');
  const slices = await interleave(CONTESTANTS, rounds, (contestant) => {
    const [who = '', which] = contestant.split(' ');
    const service = services[which === 'full' ? 'full' : 'empty'];
    const question: LoadRequest = {
      port: Number(new URL(service.issuer).port),
      path: '/token',
      connections: CONNECTIONS,
      seconds: sliceSeconds,
      authorization: who === 'others' ? authorizationsOfOthers(service, clients) : authorizationOf(service, who),
      body: BODY,
    };
    return load.ask<LoadSlice>(question);
  });
  await load.stop();
  return slices;
}

const credentialsOf = ({ clients }: LocalService, name = MODEL) => clients[name] ?? { client_id: '', client_secret: '' };

function authorizationOf(service: LocalService, name = MODEL): string {
  const { client_id: id, client_secret: secret } = credentialsOf(service, name);
  return basicAuthorization(id, secret);
}

const OTHERS_MAX = 5_000;

/** Spread over all that were added: none comes twice in a slice, so nothing of it is in a cache. */
function authorizationsOfOthers(service: LocalService, clients: number): readonly string[] {
  const { client_secret: secret } = credentialsOf(service);
  const count = Math.min(clients, OTHERS_MAX);
  const first = Math.floor(Math.random() * clients);
  return Array.from({ length: count }, (_, index) => {
    const at = (first + Math.floor((index * clients) / count)) % clients;
    return basicAuthorization(filledClientId(at), secret);
  });
}

function report({ empty, full }: Services, slices: ReadonlyMap<string, readonly LoadSlice[]>): boolean {
  const of = (contestant: Contestant): readonly LoadSlice[] => slices.get(contestant) ?? [];
  const ratesOf = (contestant: Contestant): readonly number[] => of(contestant).map(({ perSecond }) => perSecond);
  const shareOf = (contestant: Contestant): readonly number[] => ratios(ratesOf(contestant), ratesOf(BASE[contestant]));
  const rows = CONTESTANTS.map((contestant) => {
    const all = of(contestant);
    const failures = all.reduce((sum, slice) => sum + slice.failures, 0);
    if (failures > 0) throw new Error(`${TITLES[contestant]}: ${failures} answers were no token`);
    return [
      TITLES[contestant],
      median(ratesOf(contestant)),
      median(all.map(({ p50Ms }) => p50Ms)),
      median(all.map(({ p99Ms }) => p99Ms)),
      withRange(shareOf(contestant), percent),
    ];
  });
  printTable(['RS256', 'tokens/s', 'p50 ms', 'p99 ms', 'of empty'], rows);
  console.log(`  ready after ${seconds(empty)} with a new data directory, ${seconds(full)} with the full one\n`);
  return CONTESTANTS.every((contestant) => median(shareOf(contestant)) >= SHARE_MIN);
}

const seconds = ({ readyMs }: LocalService): string => `${(readyMs / 1000).toFixed(1)} s`;
