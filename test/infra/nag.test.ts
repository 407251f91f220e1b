import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { BUNDLING_STACKS } from 'aws-cdk-lib/cx-api';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { buildApp } from '../../bin/app.ts';
import { ClientSecretRotation } from '../../lib/client-secret-rotation.ts';
import { M2mAuth } from '../../lib/m2m-auth.ts';
import { inTemporaryFolder } from './synthesized-app.ts';

/** Everything that cdk-nag and CloudFormation's own rules have to say about an app, warnings included. */
function findings(build: (outdir: string) => App): string[] {
  return inTemporaryFolder((outdir) => {
    const app = build(outdir);
    try {
      app.synth();
    } catch (error) {
      if (!(error instanceof Error && error.name === 'ValidationFailed')) throw error;
    }
    const { pluginReports } = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8'));
    return pluginReports.flatMap(({ violations }: any) => violations.map(({ ruleName }: any) => ruleName));
  });
}

function appWith(outdir: string, fill: (stack: Stack) => void): App {
  const app = new App({ outdir, context: { [BUNDLING_STACKS]: [] }, analyticsReporting: false });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  fill(new Stack(app, 'stack'));
  return app;
}

describe('AwsSolutions and the rules of CloudFormation find nothing that is not acknowledged', () => {
  it.each(['dev', 'prod'])('in the stage %s', (stage) => {
    expect(findings((outdir) => buildApp({ outdir, stage, bundles: false }))).toEqual([]);
  });

  it('with delegated signing', () => {
    expect(findings((outdir) => buildApp({ outdir, auth: { signing: 'delegated' }, bundles: false }))).toEqual([]);
  });

  it('in the construct with every option on', () => {
    const build = (outdir: string) =>
      appWith(outdir, (stack) => {
        const certificate = Certificate.fromCertificateArn(stack, 'Certificate', 'arn:aws:acm:eu-west-1:111122223333:certificate/1');
        new M2mAuth(stack, 'Auth', {
          customDomain: { domainName: 'auth.example.com', certificate },
          audiences: { 'https://api.example.com': { algorithm: 'ES256' }, 'https://edge.example.com': { algorithm: 'EdDSA' } },
          alarmEmail: 'ops@example.com',
          auditMode: 'strict',
        });
      });
    expect(findings(build)).toEqual([]);
  });

  it('in the construct for a consumer', () => {
    const build = (outdir: string) =>
      appWith(outdir, (stack) => new ClientSecretRotation(stack, 'Billing', { issuer: 'https://auth.example.com', clientId: 'billing' }));
    expect(findings(build)).toEqual([]);
  });

  it('but do find what is wrong elsewhere, so that the silence above means something', () => {
    const found = findings((outdir) => appWith(outdir, (stack) => new CfnQueue(stack, 'Queue')));
    expect(found.length).toBeGreaterThan(0);
    expect(found.join()).toContain('AwsSolutions-SQS4');
  });
});

it('every acknowledgement gives a reason that an auditor can follow', () => {
  const app = inTemporaryFolder((outdir) => buildApp({ outdir, checks: false, bundles: false }));
  const acknowledged = app.node
    .findAll()
    .flatMap(({ node }) => node.metadata.filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY))
    .flatMap(({ data }) => Object.entries<string>(data));
  expect(acknowledged.length).toBeGreaterThan(0);
  for (const [rule, reason] of acknowledged) expect(`${rule}: ${JSON.stringify(reason)}`).toMatch(/: .{60,}/);
});
