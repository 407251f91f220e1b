// `npm run bench` runs everything; `npm run bench -- calls bundles` some; `--rounds N --seconds S --environments E` sets how much is measured,
// `--clients N --sessions N` what is in the full table of `local-rate-full`.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { authorizerMemory } from './authorizer-memory.ts';
import { authorizerRate } from './authorizer-rate.ts';
import { bundles } from './bundles.ts';
import { calls } from './calls.ts';
import { cost } from './cost/cost.ts';
import { scale } from './cost/scale.ts';
import { economy } from './economy.ts';
import { feed } from './feed.ts';
import { guessTiming } from './guess-timing.ts';
import { handlerRate } from './handler-rate.ts';
import { httpRate } from './http-rate.ts';
import { listing } from './listing.ts';
import { localRate } from './local-rate.ts';
import { localRateFull } from './local-rate-full.ts';
import { usedByOthers } from './noise.ts';
import type { Bench } from './options.ts';
import { revokeToDeny } from './revoke-to-deny.ts';
import { percent } from './table.ts';

const BENCHES: Readonly<Record<string, Bench>> = {
  calls,
  listing,
  bundles,
  cost,
  economy,
  scale,
  'handler-rate': handlerRate,
  'http-rate': httpRate,
  'authorizer-rate': authorizerRate,
  'authorizer-memory': authorizerMemory,
  feed,
  'local-rate': localRate,
  'guess-timing': guessTiming,
  'revoke-to-deny': revokeToDeny,
};
/** Run only when they are named: they take a quarter of an hour. */
const LONG_BENCHES: Readonly<Record<string, Bench>> = { 'local-rate-full': localRateFull };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    environments: { type: 'string', default: '4' },
    clients: { type: 'string', default: '100000' },
    sessions: { type: 'string', default: '1000000' },
  },
});
const known = { ...BENCHES, ...LONG_BENCHES };
const unknown = positionals.filter((name) => !(name in known));
if (unknown.length > 0) {
  console.error(`no such benchmark: ${unknown.join(', ')}; there are ${Object.keys(known).join(', ')}`);
  process.exit(2);
}
const options = {
  rounds: Number(values.rounds),
  sliceSeconds: Number(values.seconds),
  environments: Number(values.environments),
  clients: Number(values.clients),
  sessions: Number(values.sessions),
};

console.log(
  `Node ${process.versions.node}, ${availableParallelism()} cores; ${options.rounds} interleaved slices of ${options.sliceSeconds} s each.`,
);
console.log('Figures are medians; a ratio is of neighbouring slices, with the range of all rounds.\n');
const failed: string[] = [];
for (const [name, bench] of Object.entries(positionals.length > 0 ? known : BENCHES)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const before = await usedByOthers();
  console.log(`${name}: ${bench.title}\n`);
  if (!(await bench.run(options))) failed.push(name);
  console.log(`  noise: others used ${percent(before)} of the machine before and ${percent(await usedByOthers())} after\n`);
}
if (failed.length > 0) {
  console.error(`not as promised: ${failed.join(', ')}`);
  process.exitCode = 1;
}
