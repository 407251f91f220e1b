import { createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openKeyAdministration } from '../../../local/engines/key-administration.ts';
import { openKeys } from '../../../local/engines/key-files.ts';
import { createKms } from '../../../local/engines/kms.ts';
import { openPrivateKeyFile, signingKeyFirst } from '../../../local/engines/private-key-file.ts';
import type { KeySpec } from '../../../local/template/state.ts';

const TEMPLATE: KeySpec = {
  id: 'state/Key',
  keyId: 'template',
  arn: 'arn:aws:kms:us-east-1:000000000000:key/template',
  keySpec: 'ECC_NIST_P256',
  keyUsage: 'SIGN_VERIFY',
  enabled: true,
  policy: {},
};
const CREATE = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY', Description: 'mine', Tags: [{ TagKey: 'owner', TagValue: 'me' }] };
const MESSAGE = Buffer.from('header.payload');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'm2m-kms-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});
const file = (name: string): Record<string, any> => JSON.parse(readFileSync(join(folder, name), 'utf8'));

/** The local KMS as a start of the service opens it. */
async function started(initialized = false) {
  const keys = await openKeys(folder, [TEMPLATE], TEMPLATE.arn, initialized);
  const privateKeys = openPrivateKeyFile(folder);
  const administration = openKeyAdministration(folder, keys, privateKeys);
  const kms = createKms(keys, { administration, onSigned: signingKeyFirst(keys, TEMPLATE.arn, privateKeys) });
  const call = async (operation: string, input: object): Promise<any> => kms.execute(operation, input);
  const sign = (KeyId: string) => call('Sign', { KeyId, SigningAlgorithm: 'ECDSA_SHA_256', Message: MESSAGE.toString('base64') });
  return { kms, call, sign, create: async (): Promise<string> => (await call('CreateKey', CREATE)).KeyMetadata.Arn };
}

it('makes keys that sign, and keeps them from start to start in kms.json, for the owner alone', async () => {
  const { create } = await started();
  const arn = await create();
  const { call, sign } = await started(true);
  const { PublicKey } = await call('GetPublicKey', { KeyId: arn });
  const key = createPublicKey({ key: Buffer.from(PublicKey, 'base64'), format: 'der', type: 'spki' });
  expect(verify('sha256', MESSAGE, key, Buffer.from((await sign(arn)).Signature, 'base64'))).toBe(true);
  expect(Object.keys(file('kms.json'))).toHaveLength(2);
  for (const name of ['kms.json', 'kms-made.json']) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
});

it('the key that signs is the first in kms.json, also after a restart', async () => {
  const { create, sign } = await started();
  const [template] = Object.keys(file('kms.json'));
  await sign(TEMPLATE.arn);
  const arn = await create();
  expect(Object.keys(file('kms.json'))[0]).toBe(template);
  await sign(arn);
  const order = Object.keys(file('kms.json'));
  expect(order[1]).toBe(template);
  await started(true);
  expect(Object.keys(file('kms.json'))).toEqual(order);
});

it('lists all keys, tells tags and descriptions, and forgets a deletion date never', async () => {
  const { call, create } = await started();
  const arn = await create();
  expect((await call('ListKeys', {})).Keys.map(({ KeyArn }: { KeyArn: string }) => KeyArn)).toEqual([TEMPLATE.arn, arn]);
  expect((await call('ListResourceTags', { KeyId: arn })).Tags).toEqual(CREATE.Tags);
  expect((await call('ListResourceTags', { KeyId: TEMPLATE.arn })).Tags).toEqual([]);
  expect((await call('DescribeKey', { KeyId: arn })).KeyMetadata).toMatchObject({ KeyState: 'Enabled', Description: 'mine' });
  await call('ScheduleKeyDeletion', { KeyId: arn, PendingWindowInDays: 30 });
  const again = await started(true);
  expect((await again.call('DescribeKey', { KeyId: arn })).KeyMetadata).toMatchObject({ KeyState: 'PendingDeletion' });
  await expect(again.sign(arn)).rejects.toThrow('pending deletion');
  await expect(again.call('ScheduleKeyDeletion', { KeyId: arn, PendingWindowInDays: 30 })).rejects.toThrow('pending deletion');
});

it('refuses what it does not know, and what KMS refuses', async () => {
  const { call, create } = await started();
  const arn = await create();
  await expect(call('CreateKey', { ...CREATE, KeySpec: 'SYMMETRIC_DEFAULT' })).rejects.toThrow('makes no key');
  await expect(call('ScheduleKeyDeletion', { KeyId: arn, PendingWindowInDays: 6 })).rejects.toThrow('between 7 and 30');
  await expect(call('ScheduleKeyDeletion', { KeyId: TEMPLATE.arn, PendingWindowInDays: 30 })).rejects.toThrow('template');
  await expect(call('ScheduleKeyDeletion', { KeyId: 'other', PendingWindowInDays: 30 })).rejects.toThrow('does not exist');
});

it('asks IAM with the tags of the request and of the key', async () => {
  const { kms, create } = await started();
  const arn = await create();
  const creation = { 'aws:TagKeys': ['owner'], 'aws:RequestTag/owner': 'me' };
  expect(kms.questions('CreateKey', CREATE)).toMatchObject([
    { action: 'kms:CreateKey', resource: '*', context: { ...creation, 'kms:KeySpec': 'ECC_NIST_P256', 'kms:KeyUsage': 'SIGN_VERIFY' } },
    { action: 'kms:TagResource', context: creation },
  ]);
  for (const operation of ['Sign', 'GetPublicKey', 'DescribeKey', 'ListResourceTags', 'ScheduleKeyDeletion'])
    expect(kms.questions(operation, { KeyId: arn })).toMatchObject([{ resource: arn, context: { 'aws:ResourceTag/owner': 'me' } }]);
  expect(kms.questions('ScheduleKeyDeletion', { KeyId: arn, PendingWindowInDays: 7 })).toMatchObject([
    { context: { 'kms:ScheduleKeyDeletionPendingWindowInDays': '7' } },
  ]);
  expect(kms.questions('GetPublicKey', { KeyId: TEMPLATE.arn })[0]?.context).not.toHaveProperty('aws:ResourceTag/owner');
});
