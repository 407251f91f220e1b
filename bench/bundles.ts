// The bundles that are uploaded: their size against their limit, and how long a fresh process takes to import each.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { BUNDLE_SETTINGS, functionsFolder } from '../lib/bundle-settings.ts';
import { functionEnvironment } from './function-environment.ts';
import type { Bench } from './options.ts';
import { median, percentile } from './statistics.ts';
import { printTable, rounded } from './table.ts';

const KB = 1000;
const EMPTY = 'empty handler';
/** Entry below functions/ to its limit; those without one are shown only. */
const LIMITS_KB: Readonly<Record<string, number | undefined>> = {
  'token/handler.ts': 420,
  'refresh/handler.ts': undefined,
  'revoke/handler.ts': undefined,
  'introspect/handler.ts': undefined,
  'clients/handler.ts': undefined,
  'sessions/handler.ts': undefined,
  'jwks/handler.ts': 380,
  'authorizer/feed.ts': 60,
  'authorizer/table.ts': undefined,
};
const IMPORTS = 15;
const IMPORT_TIMER = `
  const startedMs = performance.now();
  require(process.argv[1]);
  process.stdout.write(' ' + (performance.now() - startedMs));
`;

export const bundles: Bench = {
  title: `minified bundles, and the median import of ${IMPORTS} fresh processes each, in turn`,
  run() {
    const folder = mkdtempSync(join(tmpdir(), 'm2m-auth-bench-'));
    try {
      return Promise.resolve(measure(folder));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function measure(folder: string): boolean {
  const entries = Object.keys(LIMITS_KB);
  const fileOf = (entry: string): string => join(folder, entry, 'index.js');
  buildSync({
    ...BUNDLE_SETTINGS,
    entryPoints: entries.map((entry) => ({ in: join(functionsFolder, entry), out: join(entry, 'index') })),
    outdir: folder,
  });
  mkdirSync(join(folder, EMPTY));
  writeFileSync(fileOf(EMPTY), 'exports.handler = async () => ({ statusCode: 204 });');

  const all = [EMPTY, ...entries];
  const importsMs = new Map<string, number[]>(all.map((entry) => [entry, []]));
  for (let turn = 0; turn < IMPORTS; turn += 1) for (const entry of all) importsMs.get(entry)?.push(importMs(fileOf(entry)));

  const rows = all.map((entry) => {
    const kilobytes = statSync(fileOf(entry)).size / KB;
    const limit = LIMITS_KB[entry];
    const times = importsMs.get(entry) ?? [];
    const verdict = limit === undefined ? '' : kilobytes <= limit ? 'ok' : 'TOO LARGE';
    return [
      entry,
      kilobytes.toFixed(1),
      limit === undefined ? '' : String(limit),
      rounded(median(times)),
      rounded(percentile(times, 0)),
      verdict,
    ];
  });
  printTable(['entry', 'KB', 'at most', 'import ms', 'fastest ms', ''], rows);
  return rows.every((row) => row.at(-1) !== 'TOO LARGE');
}

/** In an environment in which the function starts: otherwise it would not build what it needs. */
function importMs(file: string): number {
  const output = execFileSync(process.execPath, ['-e', IMPORT_TIMER, file], { env: functionEnvironment(), encoding: 'utf8' });
  if (output.includes('FATAL')) throw new Error(`${file} refuses to start: ${output}`);
  return Number(output.slice(output.lastIndexOf(' ')));
}
