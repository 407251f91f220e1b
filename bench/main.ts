// `npm run bench` runs everything; `npm run bench -- calls bundles` some; `--rounds N --seconds S` sets how much is measured.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { authorizerRate } from './authorizer-rate.ts';
import { bundles } from './bundles.ts';
import { calls } from './calls.ts';
import { handlerRate } from './handler-rate.ts';
import { httpRate } from './http-rate.ts';
import { localRate } from './local-rate.ts';
import { usedByOthers } from './noise.ts';
import type { Bench } from './options.ts';
import { percent } from './table.ts';

const BENCHES: Readonly<Record<string, Bench>> = {
  calls,
  bundles,
  'handler-rate': handlerRate,
  'http-rate': httpRate,
  'authorizer-rate': authorizerRate,
  'local-rate': localRate,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '2' } },
});
const unknown = positionals.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  console.error(`no such benchmark: ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}`);
  process.exit(2);
}
const options = { rounds: Number(values.rounds), sliceSeconds: Number(values.seconds) };

console.log(
  `Node ${process.versions.node}, ${availableParallelism()} cores; ${options.rounds} interleaved slices of ${options.sliceSeconds} s each.`,
);
console.log('Figures are medians; a ratio is of neighbouring slices, with the range of all rounds.\n');
const failed: string[] = [];
for (const [name, bench] of Object.entries(BENCHES)) {
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
