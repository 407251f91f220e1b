import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('tests run on the major version of Node that every deployed function runs on', () => {
  const folder = mkdtempSync(join(tmpdir(), 'm2m-auth-runtime-'));
  try {
    execFileSync(process.execPath, ['bin/app.ts'], { env: { ...process.env, CDK_OUTDIR: folder }, stdio: ['ignore', 'ignore', 'pipe'] });
    const templates = globSync('*.template.json', { cwd: folder }).map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')));
    const runtimes = templates
      .flatMap((template) => Object.values<any>(template.Resources))
      .filter(({ Type }) => Type === 'AWS::Lambda::Function')
      .map(({ Properties }) => Properties.Runtime);
    expect(runtimes.length).toBeGreaterThan(0);
    expect(new Set(runtimes)).toEqual(new Set([`nodejs${process.versions.node.split('.')[0]}.x`]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
