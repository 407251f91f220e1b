// The templates of the app, without bundles: what a template says does not depend on the code inside.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { BUNDLING_STACKS } from 'aws-cdk-lib/cx-api';
import { Template } from 'aws-cdk-lib/assertions';
import { buildApp, type BuildAppProps } from '../../bin/app.ts';

export type Resource = {
  readonly Type: string;
  readonly Properties: any;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
};

/** Stack name without its prefix (`state`, `service`, `sample`) to its template. */
export function synthesizedApp(props: Omit<BuildAppProps, 'outdir' | 'bundles'> = { checks: false }): Record<string, Template> {
  return inTemporaryFolder((outdir) => {
    const { stacks } = buildApp({ ...props, outdir, bundles: false }).synth();
    return Object.fromEntries(stacks.map(({ stackName, template }) => [stackName.replace(/^.*-/, ''), Template.fromJSON(template)]));
  });
}

/** The template of a stack of one's own with whatever `fill` puts into it. */
export function synthesizedStack(fill: (stack: Stack) => void): Template {
  return inTemporaryFolder((outdir) => {
    const app = new App({ outdir, context: { [BUNDLING_STACKS]: [] }, analyticsReporting: false, builtinCloudFormationValidation: false });
    const stack = new Stack(app, 'stack');
    fill(stack);
    return Template.fromStack(stack);
  });
}

/** All resources, of one type where given, by logical id. */
export function resources(template: Template, type?: string): Record<string, Resource> {
  const all: Record<string, Resource> = template.toJSON()['Resources'];
  return Object.fromEntries(Object.entries(all).filter(([, { Type }]) => type === undefined || Type === type));
}

export function only(template: Template, type: string): Resource {
  const found = Object.values(resources(template, type));
  if (found.length !== 1) throw new Error(`${found.length} resources of type ${type} instead of one`);
  return found[0]!;
}

export function inTemporaryFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'm2m-auth-infra-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
