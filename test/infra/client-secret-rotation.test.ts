import { execFileSync } from 'node:child_process';
import { copyFileSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { describe, expect, it } from 'vitest';
import { ROTATE_CLIENT_SECRET_ENV, rotateClientSecretEnv } from '../../functions/rotate-client-secret/env.ts';
import { ClientSecretRotation, type ClientSecretRotationProps } from '../../lib/client-secret-rotation.ts';
import { permissionsOf, statementsOf } from './role-permissions.ts';
import { inTemporaryFolder, only, resources, synthesizedStack } from './synthesized-app.ts';

const props: ClientSecretRotationProps = { issuer: 'https://auth.example.com', clientId: 'billing' };
const ARN = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:billing-AbCdEf';
const synthesized = (more: (stack: Stack) => Partial<ClientSecretRotationProps> = () => ({})) =>
  synthesizedStack((stack) => new ClientSecretRotation(stack, 'Billing', { ...props, ...more(stack) }));
const actionsOn = (template: ReturnType<typeof synthesized>, resource: string): string[] =>
  permissionsOf(template, 'Billing').filter((line) => line.includes(resource));

describe('the construct', () => {
  const template = synthesized();
  const [secretId] = Object.keys(resources(template, 'AWS::SecretsManager::Secret'));

  it('keeps a secret whose value no deployment makes anew, and keeps it when it is taken away', () => {
    const secret = only(template, 'AWS::SecretsManager::Secret');
    expect(secret).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    const other = only(
      synthesized(() => ({ issuer: 'https://other.example.com', rotateEvery: Duration.days(7) })),
      'AWS::SecretsManager::Secret',
    );
    expect(other.Properties).toEqual(secret.Properties);
  });

  it('rotates it every 30 days, not at once, by a function that Secrets Manager of this account alone may call', () => {
    const functionId = Object.keys(resources(template, 'AWS::Lambda::Function'))[0];
    const schedule = only(template, 'AWS::SecretsManager::RotationSchedule');
    expect(schedule.Properties).toEqual({
      SecretId: { Ref: secretId },
      RotationLambdaARN: { 'Fn::GetAtt': [functionId, 'Arn'] },
      RotationRules: { AutomaticallyAfterDays: 30 },
      RotateImmediatelyOnUpdate: false,
    });
    const permission = Object.entries(resources(template, 'AWS::Lambda::Permission'));
    expect(permission).toHaveLength(1);
    expect(permission[0]?.[1].Properties).toMatchObject({
      Principal: 'secretsmanager.amazonaws.com',
      SourceAccount: { Ref: 'AWS::AccountId' },
    });
    expect((schedule as { DependsOn?: readonly string[] }).DependsOn).toContain(permission[0]?.[0]);
  });

  it('allows its function what the four steps need, on this secret alone', () => {
    const secret = statementsOf(template, 'Billing').filter(({ Action }) => JSON.stringify(Action).includes('secretsmanager'));
    expect(secret).toEqual([
      {
        Effect: 'Allow',
        Action: [
          'secretsmanager:DescribeSecret',
          'secretsmanager:GetSecretValue',
          'secretsmanager:ListSecretVersionIds',
          'secretsmanager:PutSecretValue',
          'secretsmanager:UpdateSecretVersionStage',
        ],
        Resource: { Ref: secretId },
      },
    ]);
    // Beside its own log lines.
    expect(permissionsOf(template, 'Billing').filter((line) => !line.includes('own-logs'))).toHaveLength(5);
  });

  it('gives the function an environment that it accepts', () => {
    const { Variables } = only(template, 'AWS::Lambda::Function').Properties.Environment;
    expect(Object.keys(Variables).toSorted()).toEqual([...ROTATE_CLIENT_SECRET_ENV].toSorted());
    expect(rotateClientSecretEnv(Variables)).toEqual(props);
  });

  it('raises an alarm when rotations fail again and again', () => {
    expect(only(template, 'AWS::CloudWatch::Alarm').Properties).toMatchObject({ MetricName: 'Errors', Threshold: 3, Period: 86_400 });
  });
});

it('its function is one file, as CommonJS, that needs nothing beside it', () => {
  inTemporaryFolder((outdir) => {
    const app = new App({ outdir, analyticsReporting: false, builtinCloudFormationValidation: false });
    new ClientSecretRotation(new Stack(app, 'stack'), 'Billing', props);
    app.synth();
    const [file = '', ...others] = globSync('asset.*/*', { cwd: outdir });
    expect([file.replace(/^.*[/]/, ''), ...others]).toEqual(['index.js']);
    const copy = join(outdir, 'index.cjs');
    copyFileSync(join(outdir, file), copy);
    const print = `process.stdout.write('handler is a ' + typeof require(${JSON.stringify(copy)}).handler)`;
    expect(execFileSync(process.execPath, ['-e', print], { env: {}, encoding: 'utf8' })).toContain('handler is a function');
  });
});

describe('a secret that is there already', () => {
  it('is rotated by its ARN, and none is made', () => {
    const template = synthesized((stack) => ({ secret: Secret.fromSecretCompleteArn(stack, 'Known', ARN), rotateEvery: Duration.days(7) }));
    expect(resources(template, 'AWS::SecretsManager::Secret')).toEqual({});
    const { SecretId, RotationRules } = only(template, 'AWS::SecretsManager::RotationSchedule').Properties;
    expect([SecretId, RotationRules]).toEqual([ARN, { AutomaticallyAfterDays: 7 }]);
    expect(actionsOn(template, ARN)).toHaveLength(5);
  });

  it('is the only one of its name where it is known by name', () => {
    const template = synthesized((stack) => ({ secret: Secret.fromSecretNameV2(stack, 'Known', 'billing') }));
    expect(actionsOn(template, 'secret:billing-??????')).toHaveLength(5);
  });
});

describe('a key of the customer', () => {
  const kms = (template: ReturnType<typeof synthesized>) =>
    statementsOf(template, 'Billing').filter(({ Action }) => JSON.stringify(Action).includes('kms'));
  const expected = (keyArn: unknown) => [
    {
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: keyArn,
      Condition: {
        StringEquals: { 'kms:ViaService': { 'Fn::Join': ['', ['secretsmanager.', { Ref: 'AWS::Region' }, '.amazonaws.com']] } },
      },
    },
  ];

  it('encrypts the new secret and may be used by way of Secrets Manager', () => {
    const template = synthesized((stack) => ({ encryptionKey: new Key(stack, 'Key') }));
    const [keyId = ''] = Object.keys(resources(template, 'AWS::KMS::Key'));
    expect(only(template, 'AWS::SecretsManager::Secret').Properties.KmsKeyId).toEqual({ 'Fn::GetAtt': [keyId, 'Arn'] });
    expect(kms(template)).toEqual(expected({ 'Fn::GetAtt': [keyId, 'Arn'] }));
  });

  it('is that of the given secret', () => {
    const keyArn = 'arn:aws:kms:eu-west-1:111122223333:key/1';
    const template = synthesized((stack) => {
      const encryptionKey = Key.fromKeyArn(stack, 'Key', keyArn);
      return { secret: Secret.fromSecretAttributes(stack, 'Known', { secretCompleteArn: ARN, encryptionKey }) };
    });
    expect(kms(template)).toEqual(expected(keyArn));
  });
});

describe('props that cannot work', () => {
  it.each<[Partial<ClientSecretRotationProps>, string]>([
    [{ issuer: 'http://auth.example.com' }, 'issuer is'],
    [{ issuer: 'https://auth.example.com/' }, 'issuer is'],
    [{ clientId: 'a client' }, 'clientId is'],
    [{ rotateEvery: Duration.hours(36) }, 'rotateEvery is "1.5 days", but it must be whole days'],
    [{ rotateEvery: Duration.days(401) }, 'rotateEvery is'],
  ])('are refused: %j', (wrong, message) => {
    expect(() => synthesized(() => wrong)).toThrow(message);
  });

  it('are refused: two keys', () => {
    const two = (stack: Stack) => {
      const encryptionKey = new Key(stack, 'Key');
      return { encryptionKey, secret: new Secret(stack, 'Known', { encryptionKey }) };
    };
    expect(() => synthesized(two)).toThrow('encryptionKey is');
  });
});
