import {
  CreateKeyCommand,
  DescribeKeyCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { beforeEach, describe, expect, it } from 'vitest';
import type { KeyRecord } from '../../src/endpoints/stores.ts';
import type { KeyMaker } from '../../src/signing/key-maker.ts';
import { KEY_TAG } from '../../src/signing/made-keys.ts';
import { createKmsKeyMaker } from '../../src/signing/kms-key-maker.ts';
import { createTemplateKeys } from '../../src/signing/template-keys.ts';
import { jwkThumbprint } from '../../src/tokens/jwk.ts';
import { arnOf, createKmsDouble, type KmsDouble } from './kms-double.ts';

const TAG = 'm2m-auth-state/1234';
const NOW = 1_800_000_000;
const denied = Object.assign(new Error('no'), { name: 'AccessDeniedException' });
const named = (name: string): Error => Object.assign(new Error(name), { name });
const recordOf = (arn: string): KeyRecord => ({ kid: arn, alg: 'ES256', arn, jwk: {}, created_at: NOW, active_from: NOW });

let double: KmsDouble;
let pauses: number[];
let maker: KeyMaker;
beforeEach(() => {
  double = createKmsDouble();
  pauses = [];
  maker = createKmsKeyMaker({
    kms: double.kms,
    kmsOnce: double.kms,
    tag: TAG,
    publicKey: createTemplateKeys({ kms: double.kms, arns: new Map() }).publicKey,
    pause: (seconds) => {
      pauses.push(seconds);
      return Promise.resolve();
    },
  });
  double.mock.on(CreateKeyCommand).callsFake(() => ({ KeyMetadata: { Arn: double.add('ES256', 'new') } }));
});
const calls = () => double.mock.calls().map(({ args: [command] }) => command.constructor.name.replace('Command', ''));

it('a new key is made for signing alone, with the tag of this deployment, and named by its thumbprint', async () => {
  const { kid, alg, arn, jwk } = await maker.make('ES256', NOW);
  expect([alg, arn, kid]).toEqual(['ES256', arnOf('new'), jwkThumbprint(jwk)]);
  expect(double.mock.commandCalls(CreateKeyCommand)[0]?.args[0].input).toMatchObject({
    KeySpec: 'ECC_NIST_P256',
    KeyUsage: 'SIGN_VERIFY',
    Tags: [{ TagKey: KEY_TAG, TagValue: TAG }],
  });
  // Nobody asks about all keys of the account without a reason.
  expect(calls()).toEqual(['CreateKey', 'GetPublicKey']);
});

it('a failure of KMS is an outage, and no second key is asked for', async () => {
  double.mock.on(CreateKeyCommand).rejects(named('KMSInternalException'));
  await expect(maker.make('ES256', NOW)).rejects.toMatchObject({ dependency: 'kms:CreateKey' });
  expect(calls()).toEqual(['CreateKey']);
});

it('a key that is not known everywhere at once is asked for again, for a while', async () => {
  let times = 0;
  const publicKey = createTemplateKeys({ kms: double.kms, arns: new Map() }).publicKey;
  const refusing = (refusals: number) =>
    createKmsKeyMaker({
      kms: double.kms,
      kmsOnce: double.kms,
      tag: TAG,
      publicKey: (alg, arn) => (times++ < refusals ? publicKey('ES256', 'unknown') : publicKey(alg, arn)),
      pause: (seconds) => {
        pauses.push(seconds);
        return Promise.resolve();
      },
    });
  expect((await refusing(3).make('ES256', NOW)).arn).toBe(arnOf('new'));
  expect(pauses).toEqual([0.5, 1, 2]);
  times = 0;
  await expect(refusing(99).make('ES256', NOW)).rejects.toMatchObject({ dependency: 'kms:GetPublicKey' });
});

describe('behind a run that was cut off', () => {
  const description = (alg: string) => `m2m-auth: signs access tokens, ${alg}, of ${TAG}`;
  /** Keys of the account: state, description and tag. */
  const account: Record<string, { state: string; description: string; tag?: string }> = {
    foreign: { state: 'Enabled', description: '' },
    recorded: { state: 'Enabled', description: description('ES256'), tag: TAG },
    'of another deployment': { state: 'Enabled', description: description('ES256'), tag: 'other' },
    'of another algorithm': { state: 'Enabled', description: description('EdDSA'), tag: TAG },
    'given up': { state: 'PendingDeletion', description: description('ES256'), tag: TAG },
    lost: { state: 'Enabled', description: description('ES256'), tag: TAG },
  };
  const of = (arn: string) => account[arn.split('/').at(-1) ?? '']!;
  const list = (names: readonly string[]): void => {
    for (const name of names) double.add('ES256', name);
    double.mock.on(ListKeysCommand).callsFake(({ Marker }: { Marker?: string }) => {
      const at = Marker === undefined ? 0 : Number(Marker);
      return { Keys: [{ KeyArn: arnOf(names[at] ?? '') }], Truncated: at + 1 < names.length, NextMarker: String(at + 1) };
    });
    double.mock.on(ListResourceTagsCommand).callsFake(({ KeyId }: { KeyId: string }) => {
      const { tag } = of(KeyId);
      if (tag === undefined) throw denied;
      return { Tags: [{ TagKey: KEY_TAG, TagValue: tag }] };
    });
    double.mock.on(DescribeKeyCommand).callsFake(({ KeyId }: { KeyId: string }) => {
      const { state, description: text } = of(KeyId);
      return { KeyMetadata: { KeyState: state, KeySpec: 'ECC_NIST_P256', Description: text } };
    });
  };

  it('the key that it made and did not record is taken, and no second one made', async () => {
    list(Object.keys(account));
    expect((await maker.make('ES256', NOW, [recordOf(arnOf('recorded'))])).arn).toBe(arnOf('lost'));
    expect(calls()).not.toContain('CreateKey');
    expect(double.mock.commandCalls(ListResourceTagsCommand).map(({ args: [{ input }] }) => input.KeyId)).not.toContain(arnOf('recorded'));
  });

  it.each(Object.keys(account).filter((name) => name !== 'lost'))('a key that is %s is not', async (name) => {
    list([name]);
    const recorded = name === 'recorded' ? [recordOf(arnOf('recorded'))] : [];
    expect((await maker.make('ES256', NOW, recorded)).arn).toBe(arnOf('new'));
  });

  it('an outage while looking is an outage: no key is made beside one that may be there', async () => {
    list(['lost']);
    double.mock.on(ListResourceTagsCommand).rejects(named('KMSInternalException'));
    await expect(maker.make('ES256', NOW, [])).rejects.toMatchObject({ dependency: 'kms:ListResourceTags' });
    expect(calls()).not.toContain('CreateKey');
  });
});

describe('giving a key up', () => {
  const tagged = (tag: string) => double.mock.on(ListResourceTagsCommand).resolves({ Tags: [{ TagKey: KEY_TAG, TagValue: tag }] });
  const deletions = () => double.mock.commandCalls(ScheduleKeyDeletionCommand).map(({ args: [{ input }] }) => input);

  it('schedules its deletion as late as KMS allows', async () => {
    tagged(TAG);
    double.mock.on(ScheduleKeyDeletionCommand).resolves({});
    await maker.discard(recordOf('arn'));
    expect(deletions()).toEqual([{ KeyId: 'arn', PendingWindowInDays: 30 }]);
  });

  it.each(['KMSInvalidStateException', 'NotFoundException'])('is done already where KMS says %s', async (name) => {
    tagged(TAG);
    double.mock.on(ScheduleKeyDeletionCommand).rejects(named(name));
    await expect(maker.discard(recordOf('arn'))).resolves.toBeUndefined();
  });

  it('never touches a key without the tag of this deployment', async () => {
    tagged('other');
    await maker.discard(recordOf('arn'));
    double.mock.on(ListResourceTagsCommand).rejects(denied);
    await maker.discard(recordOf('arn'));
    expect(deletions()).toEqual([]);
  });

  it('fails where KMS does', async () => {
    tagged(TAG);
    double.mock.on(ScheduleKeyDeletionCommand).rejects(denied);
    await expect(maker.discard(recordOf('arn'))).rejects.toMatchObject({ dependency: 'kms:ScheduleKeyDeletion' });
  });
});
