/**
 * Our token handler alone, storage answered from memory: how much is left of what the signatures by themselves would allow, and what
 * npm oidc-provider makes of the same request, handed to it without a network. One request after the other, as an environment of
 * Lambda has them, and several at once, as a server has.
 */
import { startChild, type Child } from './child.ts';
import { BENCH_ALGORITHMS } from './contestants/signing-key.ts';
import type { InProcessName, InProcessSlice } from './in-process/slice.ts';
import type { Bench, BenchOptions } from './options.ts';
import { interleave } from './rounds.ts';
import { median, ratios, spread, withRange } from './statistics.ts';
import { percent, printTable, rounded, times } from './table.ts';

type Contest = { readonly concurrency: number; readonly names: readonly InProcessName[] };
const CONTESTS: Readonly<Record<string, Contest>> = {
  'one at a time': {
    concurrency: 1,
    names: ['m2m-auth on the spot', 'oidc-provider', 'signature on the spot', 'signature on the thread pool'],
  },
  '16 at once': {
    concurrency: 16,
    names: ['m2m-auth on the spot', 'm2m-auth on the thread pool', 'oidc-provider', 'signature on the thread pool'],
  },
};
/** Bare `node:crypto` signing, asynchronous as any server would have it. */
const BARE: InProcessName = 'signature on the thread pool';

export const handlerRate: Bench = {
  title: 'tokens a second of the handler alone (client_credentials, client_secret_basic)',
  async run(options) {
    for (const algorithm of BENCH_ALGORITHMS) {
      const { child } = await startChild('in-process/slice-process.ts', algorithm);
      for (const [title, contest] of Object.entries(CONTESTS)) await compare(`${algorithm}, ${title}`, contest, child, options);
      await child.stop();
    }
    return true;
  },
};

async function compare(
  title: string,
  { concurrency, names }: Contest,
  child: Child,
  { rounds, sliceSeconds }: BenchOptions,
): Promise<void> {
  const slices = await interleave(names, rounds, (name) => child.ask<InProcessSlice>({ name, concurrency, seconds: sliceSeconds }));
  const ratesOf = (name: InProcessName): readonly number[] => (slices.get(name) ?? []).map(({ perSecond }) => perSecond);
  const processorOf = (name: InProcessName): readonly number[] => (slices.get(name) ?? []).map(({ processorUs }) => processorUs);
  const rows = names.map((name) => [
    name,
    median(ratesOf(name)),
    withRange(ratios(ratesOf(name), ratesOf(BARE)), percent),
    withRange(ratios(ratesOf(name), ratesOf('oidc-provider')), times),
    median(processorOf(name)),
    rounded(median(processorOf(name).map((us, round) => us - (processorOf(BARE)[round] ?? 0)))),
    percent(spread(ratesOf(name))),
  ]);
  printTable([title, 'tokens/s', 'of bare signing', 'to oidc-provider', 'CPU us/token', 'beyond bare', 'spread'], rows);
}
