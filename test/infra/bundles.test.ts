import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { buildApp } from '../../bin/app.ts';
import { inTemporaryFolder, resources } from './synthesized-app.ts';
import { Template } from 'aws-cdk-lib/assertions';

it('every function is uploaded as one file that exports its handler and needs nothing beside it', () => {
  inTemporaryFolder((outdir) => {
    const { stacks } = buildApp({ outdir, checks: false }).synth();
    const functions = stacks.flatMap(({ template }) => Object.values(resources(Template.fromJSON(template), 'AWS::Lambda::Function')));
    const assets = new Set(functions.map(({ Properties }) => `asset.${Properties.Code.S3Key.replace(/[.]zip$/, '')}`));
    expect(functions).toHaveLength(11);
    for (const asset of assets) {
      expect(readdirSync(join(outdir, asset))).toEqual(['index.js']);
      // Far from any node_modules, and as CommonJS, as Lambda loads it.
      cpSync(join(outdir, asset, 'index.js'), join(outdir, `${asset}.cjs`));
      const print = `process.stdout.write('handler is a ' + typeof require(${JSON.stringify(join(outdir, `${asset}.cjs`))}).handler)`;
      expect(execFileSync(process.execPath, ['-e', print], { env: {}, encoding: 'utf8' })).toContain('handler is a function');
    }
  });
});
