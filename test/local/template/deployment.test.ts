// Reading this project's own cloud assembly, which is what the local run lives on.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cachedAssembly } from '../../../local/synth/cached-assembly.ts';
import { onlyTable, readDeployment, type Deployment } from '../../../local/template/deployment.ts';
import { ROUTES } from '../../../src/http/route-table.ts';

const ORIGIN = 'http://127.0.0.1:3000';
const folder = mkdtempSync(join(tmpdir(), 'm2m-assembly-'));
let assembly: string;
let deployment: Deployment;
beforeAll(async () => {
  assembly = (await cachedAssembly()).directory;
  deployment = readDeployment(assembly, ORIGIN);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the deployment', () => {
  it('has every route of the route table, and a function that API Gateway may invoke behind each', () => {
    const keys = deployment.httpApi.routes.map(({ routeKey }) => routeKey);
    expect(keys).toEqual(expect.arrayContaining([...ROUTES.map(({ method, path }) => `${method} ${path}`), '$default']));
    const names = new Set(deployment.functions.map(({ name }) => name));
    for (const { integration } of [...deployment.httpApi.routes, ...deployment.restApis.flatMap(({ methods }) => methods)])
      expect(names).toContain(integration.functionName);
  });
  it('has functions with bundles, and the local origin as their issuer', () => {
    for (const { directory, environment } of deployment.functions) {
      expect(existsSync(join(directory, 'index.js'))).toBe(true);
      if (environment['ISSUER'] !== undefined) expect(environment['ISSUER']).toBe(ORIGIN);
    }
  });
  it('has a role for every function, across stacks', () => {
    const roles = new Set(deployment.roles.map(({ arn }) => arn));
    for (const { roleArn } of deployment.functions) expect(roles).toContain(roleArn);
    const tables = JSON.stringify(deployment.roles).match(/arn:aws:dynamodb:[^"]*:table\/[^"/]+/g) ?? [];
    expect([...new Set(tables)]).toEqual([onlyTable(deployment).arn]);
  });
  it('has the table with its time to live, the ring, a signing key and the pipe', () => {
    expect(onlyTable(deployment)).toMatchObject({ timeToLive: 'purge_at', indexes: [{ IndexName: 'feed' }, { IndexName: 'listing' }] });
    expect(deployment.secrets).toHaveLength(1);
    expect(deployment.keys[0]).toMatchObject({ keyUsage: 'SIGN_VERIFY', enabled: true });
    expect(deployment.pipes).toMatchObject([{ source: onlyTable(deployment).streamArn }]);
  });
  it('has the policies that the outputs give to callers by AWS role, for this API', () => {
    expect(deployment.callerPolicies.map(({ name }) => name).sort()).toEqual(['IamAdministratorPolicy', 'IamCallerPolicy']);
    const { apiId } = deployment.httpApi;
    for (const { policy } of deployment.callerPolicies) expect(JSON.stringify(policy)).toContain(`:${apiId}/$default/`);
    for (const { routeKey, authorization } of deployment.httpApi.routes)
      expect([routeKey, authorization]).toEqual([routeKey, routeKey.includes(' /iam/') ? 'AWS_IAM' : 'NONE']);
  });
  it('has the schedules, with functions that EventBridge may call and the name that each is known by', () => {
    const names = new Set(deployment.functions.map(({ name }) => name));
    const upkeep = deployment.schedules.find(({ name }) => name === 'upkeep');
    expect(upkeep).toMatchObject({ everyMs: 3_600_000, input: '{"schedule":"upkeep"}' });
    for (const { functionName } of deployment.schedules) expect(names).toContain(functionName);
  });
  it('has the sample API, protected by an authorizer that remembers nothing', () => {
    const [sample] = deployment.restApis;
    expect(sample?.methods.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(['GET /admin-only', 'GET /protected']);
    for (const method of sample?.methods ?? []) expect(method.authorizer).toMatchObject({ type: 'REQUEST', cacheSeconds: 0 });
    expect(Object.keys(sample?.gatewayResponses ?? {})).toEqual(
      expect.arrayContaining(['UNAUTHORIZED', 'ACCESS_DENIED', 'DEFAULT_4XX', 'DEFAULT_5XX']),
    );
  });
});

describe('a template that the local run cannot follow is refused', () => {
  type Changed = { Resources: Record<string, { Type: string; Properties?: Record<string, unknown> }> };
  function changed(change: (template: Changed) => void): () => Deployment {
    const directory = mkdtempSync(join(folder, 'changed-'));
    cpSync(assembly, directory, { recursive: true });
    const file = join(directory, 'm2m-auth-service.template.json');
    const template = JSON.parse(readFileSync(file, 'utf8')) as Changed;
    change(template);
    writeFileSync(file, JSON.stringify(template));
    return () => readDeployment(directory, ORIGIN);
  }
  const first = ({ Resources }: Changed, type: string) => {
    const found = Object.values(Resources).find(({ Type }) => Type === type);
    if (!found) throw new Error(`no ${type}`);
    return (found.Properties ??= {});
  };
  it('with a resource type that it does not know', () => {
    expect(changed(({ Resources }) => (Resources['Bucket'] = { Type: 'AWS::S3::Bucket' }))).toThrow('Bucket is of type AWS::S3::Bucket');
  });
  it('with an authorization that it does not know', () => {
    expect(changed((template) => (first(template, 'AWS::ApiGatewayV2::Route')['AuthorizationType'] = 'JWT'))).toThrow(
      'has the authorization JWT',
    );
  });
  it('with a managed policy whose content it does not know', () => {
    expect(
      changed((template) => (first(template, 'AWS::IAM::Role')['ManagedPolicyArns'] = ['arn:aws:iam::aws:policy/AdministratorAccess'])),
    ).toThrow('has the managed policy');
  });
  it('with code that is not there', () => {
    expect(changed((template) => (first(template, 'AWS::Lambda::Function')['Code'] = { S3Key: 'none.zip' }))).toThrow('has code none.zip');
  });
  it.each<[string, (rule: Record<string, unknown>) => void]>([
    ['has the schedule cron(0 * * * ? *)', (rule) => (rule['ScheduleExpression'] = 'cron(0 * * * ? *)')],
    ['the local run waits 24 days at most', (rule) => (rule['ScheduleExpression'] = 'rate(25 days)')],
    ['knows only functions as targets', (rule) => (rule['Targets'] = [{ Id: 'x', Arn: 'arn:aws:sqs:us-east-1:0:q', Input: '{}' }])],
    ['without a constant input', (rule) => delete (rule['Targets'] as { Input?: string }[])[0]!.Input],
    ['does not say {"schedule"', (rule) => ((rule['Targets'] as { Input?: string }[])[0]!.Input = '{}')],
  ])('with a schedule that %s', (problem, change) => {
    const read = changed(({ Resources }) => {
      const rule = Object.values(Resources).find(({ Properties }) => Properties?.['ScheduleExpression'] !== undefined);
      change(rule!.Properties!);
    });
    expect(read).toThrow(problem);
  });
  it('with a schedule for a function that EventBridge may not call', () => {
    const read = changed(({ Resources }) => {
      for (const resource of Object.values(Resources))
        if (resource.Properties?.['Principal'] === 'events.amazonaws.com') resource.Type = 'AWS::CDK::Metadata';
    });
    expect(read).toThrow('EventBridge has no permission to');
  });
  it('and a function without permission for API Gateway is not invoked', () => {
    const read = changed(({ Resources }) => {
      for (const resource of Object.values(Resources))
        if (resource.Properties?.['Principal'] === 'apigateway.amazonaws.com') resource.Type = 'AWS::CDK::Metadata';
    });
    expect(read().httpApi.routes.every(({ integration }) => integration.functionName === undefined)).toBe(true);
  });
});
