import { describe, expect, it } from 'vitest';
import { permissionsOf, statementsOf } from './role-permissions.ts';
import { resources, synthesizedApp } from './synthesized-app.ts';

const { service, sample } = synthesizedApp();
const LOGS = ['Allow logs:CreateLogStream own-logs', 'Allow logs:PutLogEvents own-logs'];
const RING = 'Allow secretsmanager:GetSecretValue ring';
const SIGNING = ['Allow kms:GetPublicKey signing-key', 'Allow kms:Sign signing-key'];
const dynamodb = (action: string, keys: string, resource = 'table') => `Allow dynamodb:${action} ${resource} ${keys}`;

const allowed: Record<string, readonly string[]> = {
  Token: [
    dynamodb('BatchGetItem', 'CLIENT#*,RATE#*'),
    dynamodb('GetItem', 'CLIENT#*'),
    dynamodb('PutItem', 'CLIENT#*,DENIED#*,KEYRING'),
    dynamodb('Query', 'KEYRING'),
    dynamodb('UpdateItem', 'CLIENT#*,RATE#*'),
    ...SIGNING,
    RING,
  ],
  Refresh: [
    dynamodb('BatchGetItem', 'CLIENT#*,RATE#*'),
    dynamodb('GetItem', 'CLIENT#*'),
    dynamodb('PutItem', 'DENIED#*,KEYRING'),
    dynamodb('Query', 'KEYRING'),
    dynamodb('UpdateItem', 'CLIENT#*,RATE#*'),
    ...SIGNING,
    RING,
  ],
  Revoke: [
    dynamodb('BatchGetItem', 'CLIENT#*,RATE#*'),
    dynamodb('PutItem', 'REVOKED#*,DENIED#*'),
    dynamodb('Query', 'KEYRING'),
    dynamodb('UpdateItem', 'CLIENT#*,RATE#*'),
    RING,
  ],
  Introspect: [
    dynamodb('BatchGetItem', 'CLIENT#*,RATE#*,REVOKED#*'),
    dynamodb('PutItem', 'DENIED#*'),
    dynamodb('Query', 'KEYRING'),
    dynamodb('UpdateItem', 'RATE#*'),
    RING,
  ],
  Clients: [
    dynamodb('BatchGetItem', 'CLIENT#*,RATE#*,REVOKED#*'),
    dynamodb('GetItem', 'CLIENT#*'),
    dynamodb('PutItem', 'CLIENT#*,DENIED#*'),
    dynamodb('Query', 'KEYRING'),
    dynamodb('Query', 'CLIENTS', 'table/index/listing'),
    dynamodb('UpdateItem', 'CLIENT#*,RATE#*'),
    RING,
  ],
  Sessions: [
    dynamodb('BatchGetItem', 'CLIENT#*,RATE#*,REVOKED#*'),
    dynamodb('GetItem', 'CLIENT#*'),
    dynamodb('PutItem', 'DENIED#*'),
    dynamodb('Query', 'CLIENT#*,KEYRING'),
    dynamodb('UpdateItem', 'CLIENT#*,RATE#*'),
  ],
  Jwks: [dynamodb('Query', 'KEYRING'), dynamodb('Query', 'FEED', 'table/index/feed'), 'Allow kms:GetPublicKey signing-key'],
};

describe('a role allows exactly what its function does, on its own partitions of the table', () => {
  it.each(Object.entries(allowed))('%s', (name, expected) => {
    expect(permissionsOf(service!, `Functions${name}Function`)).toEqual([...expected, ...LOGS].sort());
  });

  it('the authorizer in table mode', () => {
    const expected = [dynamodb('BatchGetItem', 'CLIENT#*,REVOKED#*'), dynamodb('PutItem', 'DENIED#*'), dynamodb('Query', 'KEYRING')];
    expect(permissionsOf(sample!, 'AuthorizerTableFunction')).toEqual([...expected, ...LOGS].sort());
  });

  it('the sample: nothing but its own log group', () => {
    expect(permissionsOf(sample!, 'SampleFunction')).toEqual(LOGS);
  });
});

it('every function is covered by the expectations above', () => {
  expect(Object.keys(resources(service!, 'AWS::Lambda::Function'))).toHaveLength(Object.keys(allowed).length);
  expect(Object.keys(resources(sample!, 'AWS::Lambda::Function'))).toHaveLength(2);
});

it('every function may write to its own log group and to no other', () => {
  for (const template of [service!, sample!])
    for (const id of Object.keys(resources(template, 'AWS::Lambda::Function'))) {
      const logGroup = resources(template)[id]!.Properties.LoggingConfig.LogGroup.Ref;
      const writes = statementsOf(template, id).filter(({ Action }) => String(Action).includes('logs:'));
      expect(writes.map(({ Resource }) => Resource)).toEqual([{ 'Fn::GetAtt': [logGroup, 'Arn'] }]);
    }
});

it('no role has a managed policy, a wildcard action or a wildcard resource', () => {
  for (const template of [service!, sample!]) {
    for (const role of Object.values(resources(template, 'AWS::IAM::Role'))) {
      expect(role.Properties.ManagedPolicyArns).toBeUndefined();
      expect(role.Properties.Policies).toBeUndefined();
    }
    for (const { Properties } of Object.values(resources(template, 'AWS::IAM::Policy')))
      for (const { Action, Resource } of Properties.PolicyDocument.Statement) {
        expect(JSON.stringify(Action)).not.toContain('*');
        expect(JSON.stringify(Resource)).not.toContain('*');
      }
  }
});

it('token and refresh alone may sign', () => {
  const signers = Object.keys(resources(service!, 'AWS::Lambda::Function')).filter((id) =>
    permissionsOf(service!, id).some((line) => line.includes('kms:Sign')),
  );
  expect(signers.map((id) => id.replace(/.*Functions(\w+)Function.*/, '$1')).sort()).toEqual(['Refresh', 'Token']);
  expect(JSON.stringify(sample!.toJSON())).not.toContain('kms:');
});
