import { createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKms } from '../../../local/engines/kms.ts';
import { openPrivateKeyFile } from '../../../local/engines/private-key-file.ts';
import { openWrappingKeys } from '../../../local/engines/wrapping-key-file.ts';
import { createWrappingKms } from '../../../local/engines/wrapping-kms.ts';
import type { KeySpec } from '../../../local/template/state.ts';

const specOf = (name: string, enabled = true): KeySpec => ({
  id: `state/${name}`,
  keyId: name,
  arn: `arn:aws:kms:us-east-1:000000000000:key/${name}`,
  keySpec: 'SYMMETRIC_DEFAULT',
  keyUsage: 'ENCRYPT_DECRYPT',
  enabled,
  policy: {},
});
const SPECS = [specOf('one'), specOf('two'), specOf('off', false)];
const CONTEXT = { service: 's', issuer: 'i', kid: 'k1' };
let folder: string;
let kms: ReturnType<typeof createKms>;
const open = () => createKms([], { wrapping: createWrappingKms(openWrappingKeys(folder, SPECS), openPrivateKeyFile(folder)) });
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'm2m-kms-'));
  kms = open();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const call = async (operation: string, input: object): Promise<any> => {
  kms.questions(operation, input);
  return kms.execute(operation, input);
};
const make = (more: object = {}) =>
  call('GenerateDataKeyPairWithoutPlaintext', { KeyId: SPECS[0]!.arn, KeyPairSpec: 'ECC_NIST_P256', EncryptionContext: CONTEXT, ...more });
const decrypt = (blob: string, more: object = {}) => call('Decrypt', { CiphertextBlob: blob, EncryptionContext: CONTEXT, ...more });
const ring = () => JSON.parse(readFileSync(join(folder, 'kms.json'), 'utf8')) as Record<string, object>;

describe('a wrapped key pair', () => {
  it.each(['RSA_2048', 'ECC_NIST_P256', 'ECC_NIST_EDWARDS25519'])(
    '%s: what is unwrapped is the private key of the public one',
    async (KeyPairSpec) => {
      const { PublicKey, PrivateKeyCiphertextBlob, KeyId, ...rest } = await make({ KeyPairSpec });
      expect([KeyId, rest]).toEqual([SPECS[0]!.arn, { KeyPairSpec }]);
      const { Plaintext } = await decrypt(PrivateKeyCiphertextBlob);
      const key = createPrivateKey({ key: Buffer.from(Plaintext, 'base64'), format: 'der', type: 'pkcs8' });
      expect(createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64')).toBe(PublicKey);
    },
  );

  it('is bound to its context, in whatever order that is written', async () => {
    const { PrivateKeyCiphertextBlob: blob } = await make();
    const { kid, issuer, service } = CONTEXT;
    expect((await decrypt(blob, { EncryptionContext: { kid, issuer, service } })).KeyId).toBe(SPECS[0]!.arn);
    for (const EncryptionContext of [undefined, {}, { ...CONTEXT, kid: 'k2' }, { service, issuer }, { ...CONTEXT, more: 'x' }])
      await expect(decrypt(blob, { EncryptionContext })).rejects.toMatchObject({ body: { __type: 'InvalidCiphertextException' } });
  });

  it('is unwrapped by the key that wrapped it and by no other', async () => {
    const { PrivateKeyCiphertextBlob: blob } = await make();
    expect((await decrypt(blob, { KeyId: SPECS[0]!.arn })).KeyId).toBe(SPECS[0]!.arn);
    await expect(decrypt(blob, { KeyId: SPECS[1]!.arn })).rejects.toMatchObject({ body: { __type: 'IncorrectKeyException' } });
    const forged = Buffer.from(blob, 'base64');
    forged[forged.length - 1]! ^= 1;
    await expect(decrypt(forged.toString('base64'))).rejects.toMatchObject({ body: { __type: 'InvalidCiphertextException' } });
  });

  it('survives a restart', async () => {
    const { PrivateKeyCiphertextBlob: blob } = await make();
    kms = open();
    expect((await decrypt(blob)).Plaintext).toMatch(/^.{100,}$/);
  });

  it('lies in kms.json under the kid that tokens name; the key last used is the first, and symmetric keys lie elsewhere', async () => {
    const first = await make({ EncryptionContext: { ...CONTEXT, kid: 'kid-one' } });
    await make({ EncryptionContext: { ...CONTEXT, kid: 'kid-two' } });
    await decrypt(first.PrivateKeyCiphertextBlob, { EncryptionContext: { ...CONTEXT, kid: 'kid-one' } });
    expect(Object.keys(ring())[0]).toBe('kid-one');
    expect(ring()).toMatchObject({ 'kid-two': { kty: 'EC', d: expect.any(String) as string } });
    for (const file of ['kms.json', 'kms-symmetric.json']) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    expect(Object.keys(JSON.parse(readFileSync(join(folder, 'kms-symmetric.json'), 'utf8')) as object)).toEqual(SPECS.map(({ id }) => id));
  });
});

describe('what KMS refuses is refused', () => {
  it.each([
    ['an unknown key', { KeyId: 'nobody' }, 'NotFoundException'],
    ['a disabled key', { KeyId: SPECS[2]!.arn }, 'DisabledException'],
    ['another kind of pair', { KeyPairSpec: 'SM2' }, 'ValidationException'],
    ['a context of something else than strings', { EncryptionContext: { a: 1 } }, 'ValidationException'],
  ])('%s', async (_, more, type) => {
    await expect(make(more)).rejects.toMatchObject({ body: { __type: type } });
  });
  it.each([
    ['garbage', 'AAAA'],
    ['nothing', ''],
    ['a ciphertext of an unknown key', Buffer.alloc(100, 'x:').toString('base64')],
  ])('%s', async (_, blob) => {
    await expect(decrypt(blob)).rejects.toThrow();
  });
});

it('asks IAM with the whole context', () => {
  const [question] = kms.questions('GenerateDataKeyPairWithoutPlaintext', {
    KeyId: 'one',
    KeyPairSpec: 'RSA_2048',
    EncryptionContext: CONTEXT,
  });
  expect(question).toMatchObject({
    action: 'kms:GenerateDataKeyPairWithoutPlaintext',
    resource: SPECS[0]!.arn,
    context: {
      'kms:EncryptionContextKeys': ['service', 'issuer', 'kid'],
      'kms:EncryptionContext:kid': 'k1',
      'kms:EncryptionContext:issuer': 'i',
      'kms:DataKeyPairSpec': 'RSA_2048',
    },
  });
});
