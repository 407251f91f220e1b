import { afterEach, describe, expect, it, vi } from 'vitest';
import { buildApp, type BuildAppProps } from '../../bin/app.ts';
import { stageNamed } from '../../lib/stages.ts';
import { inTemporaryFolder, resources, synthesizedApp } from './synthesized-app.ts';

const stacksOf = (props: BuildAppProps) =>
  inTemporaryFolder((outdir) => buildApp({ outdir, checks: false, bundles: false, ...props }).node.children.map(({ node }) => node.id));

/** As the CDK command line hands over `-c stage=<name>`. */
const chooseOnCommandLine = (stage: string) => vi.stubEnv('CDK_CONTEXT_JSON', JSON.stringify({ stage }));
afterEach(() => {
  vi.unstubAllEnvs();
});

it('without a word, the stage dev is built: state, service and sample', () => {
  expect(stacksOf({})).toEqual(['m2m-auth-state', 'm2m-auth-service', 'm2m-auth-sample']);
});

describe('-c stage=prod', () => {
  it("selects that stage's values: stacks of its own, no sample", () => {
    chooseOnCommandLine('prod');
    expect(stacksOf({})).toEqual(['m2m-auth-prod-state', 'm2m-auth-prod-service']);
  });

  it('gives way to a stage that the caller names', () => {
    chooseOnCommandLine('prod');
    expect(stacksOf({ stage: 'dev' })).toContain('m2m-auth-sample');
  });
});

it.each(['staging', 'toString', ''])('an unknown stage (%j) is refused, naming those there are', (stage) => {
  expect(() => stageNamed(stage)).toThrow('must be one of dev, prod');
});

describe('the app', () => {
  const templates = synthesizedApp();

  it('is the same whether or not it is checked', () => {
    const unchecked = Object.entries(templates).map(([name, template]) => [name, template.toJSON()]);
    const checked = Object.entries(synthesizedApp({})).map(([name, template]) => [name, template.toJSON()]);
    expect(unchecked).toEqual(checked);
  });

  it('has no custom resource: nothing runs in the account but what is in functions/', () => {
    const types = Object.values(templates).flatMap((template) => Object.values(resources(template)).map(({ Type }) => Type));
    expect(types.filter((type) => type.startsWith('Custom::') || type === 'AWS::CloudFormation::CustomResource')).toEqual([]);
    expect(types.filter((type) => type === 'AWS::Lambda::Function')).toHaveLength(11);
  });

  it('knows no account and no Region, so that it deploys anywhere and synthesizes without credentials', () => {
    const text = JSON.stringify(Object.values(templates).map((template) => template.toJSON()));
    expect(text).not.toMatch(/\b[a-z]{2}-[a-z]+-\d\b|\b\d{12}\b/);
  });

  it('reserves no concurrency', () => {
    expect(JSON.stringify(templates['service']!.toJSON())).not.toContain('ReservedConcurrentExecutions');
  });
});
