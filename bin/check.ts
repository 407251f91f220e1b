// `npm run check`: everything short of running the tests. `--fast` is what the pre-commit hook runs.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changedFiles } from './check/changed-files.ts';
import { runSteps } from './check/run-steps.ts';
import { allSteps, fastSteps } from './check/steps.ts';

const root = join(import.meta.dirname, '..');
process.chdir(root);
if (process.argv.includes('--fast')) {
  process.exitCode = (await runSteps(fastSteps(changedFiles(root)))) ? 0 : 1;
} else {
  const synthFolder = mkdtempSync(join(tmpdir(), 'm2m-auth-synth-'));
  try {
    process.exitCode = (await runSteps(allSteps(synthFolder))) ? 0 : 1;
  } finally {
    rmSync(synthFolder, { recursive: true, force: true });
  }
}
