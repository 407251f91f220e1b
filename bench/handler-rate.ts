/**
 * Our token handler alone, storage and signing answered from memory: how much is left of what the signatures by themselves would
 * allow, and what npm oidc-provider makes of the same request, handed to it without a network.
 */
import { startChild } from './child.ts';
import { BENCH_ALGORITHMS, type BenchAlgorithm } from './contestants/signing-key.ts';
import { IN_PROCESS_NAMES, type InProcessSlice } from './in-process/slice.ts';
import type { Bench, BenchOptions } from './options.ts';
import { interleave } from './rounds.ts';
import { median, ratios, spread, withRange } from './statistics.ts';
import { percent, printTable, rounded, times } from './table.ts';

const CONCURRENCY = 16;

export const handlerRate: Bench = {
  title: `tokens a second of the handler alone (${CONCURRENCY} requests at once, client_credentials, client_secret_basic)`,
  async run(options) {
    for (const algorithm of BENCH_ALGORITHMS) await compare(algorithm, options);
    return true;
  },
};

async function compare(algorithm: BenchAlgorithm, { rounds, sliceSeconds }: BenchOptions): Promise<void> {
  const { child } = await startChild('in-process/slice-process.ts', algorithm);
  const slices = await interleave(IN_PROCESS_NAMES, rounds, (name) =>
    child.ask<InProcessSlice>({ name, concurrency: CONCURRENCY, seconds: sliceSeconds }),
  );
  await child.stop();
  const ratesOf = (name: string): readonly number[] => (slices.get(name) ?? []).map(({ perSecond }) => perSecond);
  const processorOf = (name: string): readonly number[] => (slices.get(name) ?? []).map(({ processorUs }) => processorUs);
  const rows = IN_PROCESS_NAMES.map((name) => [
    name,
    median(ratesOf(name)),
    withRange(ratios(ratesOf(name), ratesOf('signature alone')), percent),
    withRange(ratios(ratesOf(name), ratesOf('oidc-provider')), times),
    median(processorOf(name)),
    rounded(median(processorOf(name).map((us, round) => us - (processorOf('signature alone')[round] ?? 0)))),
    percent(spread(ratesOf(name))),
  ]);
  printTable([algorithm, 'tokens/s', 'of the signature alone', 'to oidc-provider', 'CPU us/token', 'beyond signing', 'spread'], rows);
}
