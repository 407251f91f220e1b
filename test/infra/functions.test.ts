import { describe, expect, it } from 'vitest';
import { AUTHORIZER_ENV_OPTIONAL, AUTHORIZER_TABLE_ENV, authorizerTableEnv } from '../../functions/authorizer/env.ts';
import { CLIENTS_ENV, clientsEnv } from '../../functions/clients/env.ts';
import { INTROSPECT_ENV, introspectEnv } from '../../functions/introspect/env.ts';
import { JWKS_ENV, jwksEnv } from '../../functions/jwks/env.ts';
import { REFRESH_ENV, refreshEnv } from '../../functions/refresh/env.ts';
import { REVOKE_ENV, revokeEnv } from '../../functions/revoke/env.ts';
import { ROTATE_KEYS_ENV, rotateKeysEnv } from '../../functions/rotate-keys/env.ts';
import { SESSIONS_ENV, sessionsEnv } from '../../functions/sessions/env.ts';
import { TOKEN_ENV, TOKEN_ENV_OPTIONAL, tokenEnv } from '../../functions/token/env.ts';
import { UPKEEP_ENV, upkeepEnv } from '../../functions/upkeep/env.ts';
import type { Environment } from '../../src/environment.ts';
import { functionIdOf } from './role-permissions.ts';
import { resources, synthesizedApp } from './synthesized-app.ts';

const { service, sample } = synthesizedApp();
const all = [service!, sample!].flatMap((template) => Object.entries(resources(template, 'AWS::Lambda::Function')));
const logGroupOf = (properties: any) => ({ ...resources(service!), ...resources(sample!) })[properties.LoggingConfig.LogGroup.Ref]!;

describe.each(all)('%s', (id, { Properties }) => {
  it('runs on the Node that the tests run on, on arm64, with the handler that the bundle has', () => {
    expect(Properties).toMatchObject({
      Runtime: `nodejs${process.versions.node.split('.')[0]}.x`,
      Architectures: ['arm64'],
      Handler: 'index.handler',
      Timeout: id.includes('FunctionsUpkeep') ? 300 : id.includes('FunctionsRotateKeys') ? 60 : 10,
      MemorySize: /Functions(Token|Refresh)/.test(id) ? 512 : 256,
    });
  });

  it('logs JSON into a log group of its own with a retention', () => {
    expect(Properties.LoggingConfig).toMatchObject({ LogFormat: 'JSON', SystemLogLevel: 'WARN', ApplicationLogLevel: 'INFO' });
    expect(logGroupOf(Properties).Properties.RetentionInDays).toBeGreaterThan(0);
  });

  it('has no name of its own, so that it can be replaced', () => {
    expect(Properties.FunctionName).toBeUndefined();
  });
});

it('audit lines are kept for a year, also when the stack is deleted; other lines for a month', () => {
  const kept = all.filter(([, { Properties }]) => logGroupOf(Properties).Properties.RetentionInDays === 365);
  expect(kept.map(([id]) => /Functions(\w+?)Function|Authorizer/.exec(id)?.[1] ?? 'Authorizer').sort()).toEqual(
    ['Authorizer', 'Clients', 'Introspect', 'Refresh', 'Revoke', 'RotateKeys', 'Sessions', 'Token', 'Upkeep'], // prettier-ignore
  );
  for (const [, { Properties }] of kept) expect(logGroupOf(Properties).DeletionPolicy).toBe('Retain');
});

describe('the environment is what the function reads, no more and no less', () => {
  const contracts: readonly [string, readonly string[], (environment: Environment) => unknown][] = [
    ['FunctionsTokenFunction', [...TOKEN_ENV, ...TOKEN_ENV_OPTIONAL], tokenEnv],
    ['FunctionsRefreshFunction', [...REFRESH_ENV, ...TOKEN_ENV_OPTIONAL], refreshEnv],
    ['FunctionsRevokeFunction', [...REVOKE_ENV, ...TOKEN_ENV_OPTIONAL], revokeEnv],
    ['FunctionsIntrospectFunction', [...INTROSPECT_ENV, ...TOKEN_ENV_OPTIONAL], introspectEnv],
    ['FunctionsClientsFunction', [...CLIENTS_ENV, ...TOKEN_ENV_OPTIONAL], clientsEnv],
    ['FunctionsSessionsFunction', [...SESSIONS_ENV, ...TOKEN_ENV_OPTIONAL], sessionsEnv],
    ['FunctionsJwksFunction', JWKS_ENV, jwksEnv],
    ['FunctionsUpkeepFunction', UPKEEP_ENV, upkeepEnv],
    ['FunctionsRotateKeysFunction', ROTATE_KEYS_ENV, rotateKeysEnv],
    ['AuthorizerTableFunction', [...AUTHORIZER_TABLE_ENV, ...AUTHORIZER_ENV_OPTIONAL], authorizerTableEnv],
  ];
  it.each(contracts)('%s', (name, names, parse) => {
    const template = name.startsWith('Functions') ? service! : sample!;
    const { Variables } = resources(template)[functionIdOf(template, name)]!.Properties.Environment;
    expect(Object.keys(Variables).sort()).toEqual([...names].sort());
    expect(() => parse(asDeployed(Variables))).not.toThrow();
  });
});

/** What CloudFormation would put in place of references: an ARN or URL that tells nothing. */
function asDeployed(variables: Record<string, unknown>): Record<string, string> {
  const value = (each: any): string => {
    if (typeof each === 'string') return each;
    if (each['Fn::Join']) return each['Fn::Join'][1].map(value).join(each['Fn::Join'][0]);
    return 'https://resolved.example';
  };
  return Object.fromEntries(Object.entries(variables).map(([name, each]) => [name, value(each)]));
}
