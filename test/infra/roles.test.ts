import { describe, expect, it } from 'vitest';
import { permissionsOf, statementsOf } from './role-permissions.ts';
import { resources, synthesizedApp } from './synthesized-app.ts';

const { service, sample } = synthesizedApp();
const LOGS = ['Allow logs:CreateLogStream own-logs', 'Allow logs:PutLogEvents own-logs'];
const RING = 'Allow secretsmanager:GetSecretValue ring';
/** Every key of the account, narrowed by the tag of this deployment. */
const TAGGED = '{"StringEquals":{"aws:ResourceTag/m2m-auth:signing-keys-of":TAG}}';
const keys = (action: string, condition = TAGGED) => `Allow kms:${action} any-key ${condition}`;
const SIGNING = ['Allow kms:GetPublicKey signing-key', 'Allow kms:Sign signing-key', keys('Sign')];
const REQUEST = '"aws:RequestTag/m2m-auth:signing-keys-of":TAG';
const ONLY_THAT_TAG = '"ForAllValues:StringEquals":{"aws:TagKeys":["m2m-auth:signing-keys-of"]}';
const dynamodb = (action: string, keys: string, resource = 'table') => `Allow dynamodb:${action} ${resource} ${keys}`;

const allowed: Record<string, readonly string[]> = {
  Token: [
    dynamodb('BatchGetItem', 'CLIENT#*,RATE#*,FAIL#*,BLOCKS,CERTS,ISSUED#*,REVOKED#*'),
    dynamodb('GetItem', 'CLIENT#*,QUOTA#*'),
    dynamodb('PutItem', 'CLIENT#*,DENIED#*,KEYRING,ONCE#*,ISSUED#*'),
    dynamodb('Query', 'KEYRING,ISSUER#*'),
    dynamodb('UpdateItem', 'CLIENT#*,RATE#*,FAIL#*,QUOTA#*'),
    ...SIGNING,
    RING,
  ],
  Refresh: [
    dynamodb('BatchGetItem', 'CLIENT#*,RATE#*,FAIL#*,BLOCKS,CERTS'),
    dynamodb('GetItem', 'CLIENT#*,QUOTA#*'),
    dynamodb('PutItem', 'DENIED#*,KEYRING,ONCE#*'),
    dynamodb('Query', 'KEYRING'),
    dynamodb('UpdateItem', 'CLIENT#*,RATE#*,FAIL#*,QUOTA#*'),
    ...SIGNING,
    RING,
  ],
  Revoke: [
    dynamodb('BatchGetItem', 'CLIENT#*,RATE#*,FAIL#*,BLOCKS,CERTS'),
    dynamodb('PutItem', 'REVOKED#*,DENIED#*,ONCE#*'),
    dynamodb('Query', 'KEYRING'),
    dynamodb('UpdateItem', 'CLIENT#*,RATE#*,FAIL#*'),
    RING,
  ],
  Introspect: [
    dynamodb('BatchGetItem', 'CLIENT#*,RATE#*,REVOKED#*,FAIL#*,BLOCKS,CERTS'),
    dynamodb('PutItem', 'DENIED#*,ONCE#*'),
    dynamodb('Query', 'KEYRING'),
    dynamodb('UpdateItem', 'CLIENT#*,RATE#*,FAIL#*'),
    RING,
  ],
  Clients: [
    dynamodb('BatchGetItem', 'CLIENT#*,RATE#*,REVOKED#*,FAIL#*,BLOCKS,ISSUER#*,CERTS'),
    dynamodb('GetItem', 'CLIENT#*,BLOCKS,ISSUER#*,CERTS'),
    dynamodb('PutItem', 'CLIENT#*,DENIED#*,BLOCKS,ISSUER#*,ONCE#*,CERTS'),
    dynamodb('Query', 'CLIENT#*,KEYRING,ISSUER#*,CERTS'),
    dynamodb('Query', 'CLIENTS', 'table/index/listing'),
    dynamodb('Query', 'TRUSTRULES', 'table/index/listing'),
    dynamodb('UpdateItem', 'CLIENT#*,RATE#*,FAIL#*,CERTS,ISSUER#*'),
    RING,
  ],
  Sessions: [
    dynamodb('BatchGetItem', 'CLIENT#*,RATE#*,REVOKED#*,BLOCKS,CERTS'),
    dynamodb('GetItem', 'CLIENT#*'),
    dynamodb('PutItem', 'DENIED#*,ONCE#*'),
    dynamodb('Query', 'CLIENT#*,KEYRING'),
    dynamodb('UpdateItem', 'CLIENT#*,RATE#*'),
  ],
  RotateKeys: [
    dynamodb('PutItem', 'KEYRING'),
    dynamodb('Query', 'KEYRING'),
    dynamodb('UpdateItem', 'KEYRING'),
    'Allow kms:GetPublicKey signing-key',
    keys('GetPublicKey'),
    keys('DescribeKey'),
    keys('ListResourceTags'),
    keys('ScheduleKeyDeletion', `${TAGGED.slice(0, -1)},"NumericGreaterThanEquals":{"kms:ScheduleKeyDeletionPendingWindowInDays":"30"}}`),
    keys('TagResource', `{"StringEquals":{${REQUEST}},${ONLY_THAT_TAG}}`),
    `Allow kms:CreateKey * {"StringEquals":{${REQUEST},"kms:KeyUsage":"SIGN_VERIFY","kms:KeySpec":["RSA_2048"]},${ONLY_THAT_TAG}}`,
    'Allow kms:ListKeys *',
  ],
  Upkeep: [
    dynamodb('BatchGetItem', 'CLIENT#*'),
    dynamodb('GetItem', 'CLIENT#*,UPKEEP'),
    dynamodb('PutItem', 'CLIENT#*,UPKEEP'),
    dynamodb('Query', 'CLIENT#*'),
    dynamodb('Query', 'CLIENTS', 'table/index/listing'),
    dynamodb('UpdateItem', 'CLIENT#*'),
  ],
  Jwks: [dynamodb('Query', 'KEYRING,CERTS'), dynamodb('Query', 'FEED', 'table/index/feed'), 'Allow kms:GetPublicKey signing-key'],
};

describe('a role allows exactly what its function does, on its own partitions of the table', () => {
  it.each(Object.entries(allowed))('%s', (name, expected) => {
    expect(permissionsOf(service!, `Functions${name}Function`)).toEqual([...expected, ...LOGS].sort());
  });

  it('the authorizer in table mode', () => {
    const expected = [
      dynamodb('BatchGetItem', 'CLIENT#*,REVOKED#*,CERTS'),
      dynamodb('PutItem', 'DENIED#*,ONCE#*'),
      dynamodb('Query', 'KEYRING'),
    ];
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
      for (const { Action, Resource, Condition } of Properties.PolicyDocument.Statement) {
        expect(JSON.stringify(Action)).not.toContain('*');
        if (JSON.stringify(Resource).includes('*')) {
          // What KMS knows no resource for, and keys that are made after the deployment: those by their tag alone.
          const byTag = /"StringEquals":\{"aws:(Resource|Request)Tag\/m2m-auth:signing-keys-of":"[^"*]+"/.test(JSON.stringify(Condition));
          expect(byTag || Action === 'kms:ListKeys', `${String(Action)} on ${JSON.stringify(Resource)}`).toBe(true);
        }
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
