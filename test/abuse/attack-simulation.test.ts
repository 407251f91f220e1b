// An attack on a known client id from 500 networks with 1,000 guesses each, while its owner works: the service's own steps from
// admission to the comparison of the secret, four environments over one table in memory, and a clock of its own.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createBlockedNetworks } from '../../src/abuse/blocked-networks.ts';
import { createCleanRecords } from '../../src/abuse/clean-records.ts';
import { guessesADay } from '../../src/abuse/lockout.ts';
import type { LockoutSettings } from '../../src/abuse/lockout-settings.ts';
import { createRefusedUntil } from '../../src/abuse/refused-until.ts';
import { createStandingLocks } from '../../src/abuse/standing-locks.ts';
import { createStrangers } from '../../src/abuse/strangers.ts';
import { admit, type AdmissionDeps } from '../../src/endpoints/admission.ts';
import { proveSecret } from '../../src/endpoints/caller.ts';
import { startTrail } from '../../src/endpoints/trail.ts';
import { httpRequest } from '../http/http-request.ts';
import { captureLog, type CapturedLog } from '../telemetry/captured-log.ts';
import { tableOfOneClient, type TableOfOneClient } from './table-of-one-client.ts';

const SETTINGS: LockoutSettings = { failures: 5, windowSeconds: 900, firstDelaySeconds: 30, maxDelaySeconds: 1800, atOnce: 400 };
const START = 1_795_225_080;
const DAY = 86_400;
const RATE_LIMIT = { perMinute: 60, burst: 20 };
const ENVIRONMENTS = 4;

let log: CapturedLog;
beforeEach(() => void (log = captureLog()));
afterEach(() => log.release());

function environments(table: TableOfOneClient): readonly AdmissionDeps[] {
  return Array.from({ length: ENVIRONMENTS }, () => ({
    requests: table.requests,
    strangers: createStrangers(),
    refusedUntil: createRefusedUntil(),
    rateLimit: RATE_LIMIT,
    blockedNetworks: createBlockedNetworks(),
    lockout: {
      settings: SETTINGS,
      locks: createStandingLocks(),
      clean: createCleanRecords(),
      failures: table.failures,
      secretUses: table.secretUses,
    },
  }));
}

type Call = { readonly ip: string; readonly secret: string; readonly atSeconds: number };
/** `served`, `failed` (the guess was answered) or `refused`. */
async function ask(
  table: TableOfOneClient,
  deps: AdmissionDeps,
  { ip, secret, atSeconds }: Call,
): Promise<'served' | 'failed' | 'refused'> {
  const trail = startTrail('token', httpRequest({ ip, nowMs: atSeconds * 1000 }));
  const admitted = await admit(trail, table.clientId, { guessing: true }, deps);
  if (!admitted.ok) return 'refused';
  const presented = { method: 'client_secret_basic', clientId: table.clientId, secret } as const;
  const caller = await proveSecret(trail, presented, admitted.value, { ring: table.ring, lockout: deps.lockout });
  if (!caller.ok) return caller.failure.reason === 'locked_out' ? 'refused' : 'failed';
  table.use(ip, atSeconds);
  return 'served';
}

it('500 networks with 1,000 guesses each in a day get less than the bound; the owner gets all', async () => {
  const table = tableOfOneClient();
  const all = environments(table);
  const owner = '198.51.100.1';
  const answered = new Map<string, number>();
  const outcomes = { served: 0, failed: 0, refused: 0 };
  let guesses = 0;
  for (let round = 0; round < 1000; round += 1) {
    const atSeconds = START + Math.floor((round * DAY) / 1000);
    for (let network = 0; network < 500; network += 1) {
      // One of the attackers sits behind the owner's own address.
      const ip = network === 0 ? owner : `203.${network >> 8}.${network & 255}.9`;
      const outcome = await ask(table, all[(round + network) % ENVIRONMENTS]!, { ip, secret: `guess-${guesses}`, atSeconds });
      guesses += 1;
      if (outcome === 'failed') answered.set(ip, (answered.get(ip) ?? 0) + 1);
    }
    outcomes[await ask(table, all[round % ENVIRONMENTS]!, { ip: owner, secret: table.secret, atSeconds })] += 1;
  }
  const most = Math.max(...answered.values());
  const bound = guessesADay(SETTINGS);
  console.log(
    `bound ${bound} guesses a day for one network; most of one network ${most}; of all ${[...answered.values()].reduce((a, b) => a + b, 0)} of ${guesses}`,
  );
  expect(guesses).toBe(500_000);
  expect(outcomes).toEqual({ served: 1000, failed: 0, refused: 0 });
  expect(answered.size).toBe(500);
  expect(most).toBeLessThanOrEqual(bound);
  expect(log.lines().filter(({ audit }: any) => audit?.event_type === 'client_under_attack').length).toBeGreaterThan(10);
});

it('as fast as the rate limit lets them, 1,000 guesses of a network are a handful', async () => {
  const table = tableOfOneClient();
  const all = environments(table);
  const outcomes = { served: 0, failed: 0, refused: 0 };
  for (let guess = 0; guess < 1000; guess += 1)
    outcomes[await ask(table, all[guess % ENVIRONMENTS]!, { ip: '203.0.113.9', secret: `guess-${guess}`, atSeconds: START + guess })] += 1;
  // At 0, 1, 2, 3, 4, 34, 94, 214, 454 and 934 seconds.
  expect(outcomes).toEqual({ served: 0, failed: 10, refused: 990 });
});

it('what environments remember of a clean record is worth one guess for each of them at most', async () => {
  const table = tableOfOneClient();
  const all = environments(table);
  const [owner, count] = ['198.51.100.1', { served: 0, failed: 0, refused: 0 }];
  for (const deps of all) expect(await ask(table, deps, { ip: owner, secret: table.secret, atSeconds: START })).toBe('served');
  for (let guess = 0; guess < 60; guess += 1)
    count[await ask(table, all[Math.floor(guess / 15)]!, { ip: owner, secret: `guess-${guess}`, atSeconds: START + 1 })] += 1;
  expect(count.failed).toBeGreaterThanOrEqual(SETTINGS.failures);
  expect(count.failed).toBeLessThanOrEqual(SETTINGS.failures + ENVIRONMENTS);
  // Its owner gets in all the while, and an environment that has failed it once reads the record again.
  for (const deps of all) expect(await ask(table, deps, { ip: owner, secret: table.secret, atSeconds: START + 2 })).toBe('served');
});

it('all at once, a network gets what its rate limit holds, and then waits half an hour', async () => {
  const table = tableOfOneClient();
  const all = environments(table);
  const at = (atSeconds: number, count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, guess) =>
        ask(table, all[guess % ENVIRONMENTS]!, { ip: '203.0.113.9', secret: `guess-${guess}`, atSeconds }),
      ),
    );
  const failed = (outcomes: readonly string[]) => outcomes.filter((outcome) => outcome === 'failed').length;
  const first = failed(await at(START, 1000));
  expect(first).toBeLessThanOrEqual(RATE_LIMIT.perMinute + RATE_LIMIT.burst);
  expect(first).toBeGreaterThan(10);
  expect(failed(await at(START + 1799, 10))).toBe(0);
  expect(failed(await at(START + 1800, 40))).toBe(1);
});
