// Tokens a second over HTTP: 16 keep-alive connections, client_credentials, client_secret_basic; all processes share the machine.
import { startChild, type Child } from './child.ts';
import { CONTESTANT_NAMES, type ContestantName } from './contestants/contestants.ts';
import { BENCH_ALGORITHMS, type BenchAlgorithm } from './contestants/signing-key.ts';
import type { LoadRequest, LoadSlice } from './load/slice.ts';
import type { Bench, BenchOptions } from './options.ts';
import type { ProcessorTime } from './processor-time.ts';
import { interleave } from './rounds.ts';
import { median, ratios, spread, withRange } from './statistics.ts';
import { percent, printTable, times } from './table.ts';
import { TOKEN_REQUEST } from './token-request.ts';

const CONNECTIONS = 16;

export const httpRate: Bench = {
  title: `tokens a second over HTTP (${CONNECTIONS} keep-alive connections, client_credentials, client_secret_basic)`,
  async run(options) {
    const { child: load } = await startChild('load/generator-process.ts');
    for (const algorithm of BENCH_ALGORITHMS) await compare(algorithm, load, options);
    await load.stop();
    return true;
  },
};

/** With the server's processor time for one token, all its threads together. */
type Slice = LoadSlice & { readonly processorUs: number };

async function compare(algorithm: BenchAlgorithm, load: Child, { rounds, sliceSeconds }: BenchOptions): Promise<void> {
  const servers = new Map<string, { readonly child: Child; readonly port: number }>();
  for (const name of CONTESTANT_NAMES) {
    const { child, hello } = await startChild('contestants/serve-process.ts', name, algorithm);
    servers.set(name, { child, port: (hello as { port: number }).port });
  }
  const slices = await interleave(CONTESTANT_NAMES, rounds, async (name): Promise<Slice> => {
    const server = servers.get(name);
    if (server === undefined) throw new Error(`${name} is not running`);
    const question: LoadRequest = { ...TOKEN_REQUEST, port: server.port, path: '/token', connections: CONNECTIONS, seconds: sliceSeconds };
    const before = await server.child.ask<ProcessorTime>({});
    const slice = await load.ask<LoadSlice>(question);
    const after = await server.child.ask<ProcessorTime>({});
    return { ...slice, processorUs: ((after.userAndSystemMs - before.userAndSystemMs) * 1000) / slice.count };
  });
  for (const { child } of servers.values()) await child.stop();
  report(algorithm, slices);
}

function report(algorithm: BenchAlgorithm, slices: ReadonlyMap<string, readonly Slice[]>): void {
  const of = (name: ContestantName): readonly Slice[] => slices.get(name) ?? [];
  const rates = (name: ContestantName): readonly number[] => of(name).map(({ perSecond }) => perSecond);
  const rows = CONTESTANT_NAMES.map((name) => {
    const failures = of(name).reduce((sum, slice) => sum + slice.failures, 0);
    if (failures > 0) throw new Error(`${name} answered ${failures} requests with something else than a token`);
    return [
      name,
      median(rates(name)),
      median(of(name).map(({ p50Ms }) => p50Ms)),
      median(of(name).map(({ p99Ms }) => p99Ms)),
      median(of(name).map(({ processorUs }) => processorUs)),
      percent(spread(rates(name))),
    ];
  });
  printTable([algorithm, 'tokens/s', 'p50 ms', 'p99 ms', 'CPU us/token', 'spread'], rows);

  const [ours, ...others] = CONTESTANT_NAMES;
  if (ours === undefined) return;
  const comparisons = others.map((name) => [
    name,
    withRange(ratios(rates(ours), rates(name)), times),
    times(median(ratios(of(ours).map(tokensPerProcessorSecond), of(name).map(tokensPerProcessorSecond)))),
  ]);
  printTable([`${ours}, ${algorithm}, to`, 'by the clock', 'by processor time'], comparisons);
}

/** The load generator's share included: what decides the rate of a machine that has nothing else to do. */
const tokensPerProcessorSecond = ({ processorUs, generatorUs }: Slice): number => 1e6 / (processorUs + generatorUs);
