import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cachedAssembly, sourcesDigest } from '../../local/synth/cached-assembly.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
let copy: string;
beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), 'm2m-sources-'));
  for (const source of ['bin', 'lib', 'functions', 'src', 'cdk.json', 'package-lock.json'])
    cpSync(join(root, source), join(copy, source), { recursive: true });
});
afterEach(() => {
  rmSync(copy, { recursive: true, force: true });
});

it('the assembly is made once per state of the sources, also by starts at the same time', async () => {
  const [one, two] = await Promise.all([cachedAssembly(), cachedAssembly()]);
  expect(one.directory).toBe(two.directory);
  expect(existsSync(join(one.directory, 'manifest.json'))).toBe(true);
  expect(await cachedAssembly()).toEqual({ directory: one.directory, synthesized: false });
});
it.each(['src/new.ts', 'lib/m2m-auth.ts', 'functions/token/env.ts', 'bin/app.ts', 'cdk.json'])(
  'a change of %s is another state',
  (file) => {
    const before = sourcesDigest(copy);
    writeFileSync(join(copy, file), '// changed\n');
    expect(sourcesDigest(copy)).not.toBe(before);
  },
);
it('the command line is no part of it', () => {
  const before = sourcesDigest(copy);
  writeFileSync(join(copy, 'bin/with-node.mjs'), '// changed\n');
  expect(sourcesDigest(copy)).toBe(before);
});
