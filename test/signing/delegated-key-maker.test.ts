import { DecryptCommand, GenerateDataKeyPairWithoutPlaintextCommand } from '@aws-sdk/client-kms';
import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { KeyRecord } from '../../src/endpoints/stores.ts';
import { ConfigurationError } from '../../src/environment.ts';
import { createDelegatedKeyMaker } from '../../src/signing/delegated-key-maker.ts';
import { signOnTheSpot, signOnThreadPool } from '../../src/signing/held-key-signature.ts';
import { canUnwrap, createPrivateKeys } from '../../src/signing/private-keys.ts';
import { ALGORITHMS, type Algorithm } from '../../src/tokens/algorithms.ts';
import { importVerificationKey } from '../../src/tokens/jwk.ts';
import { verifySignature } from '../../src/tokens/jws.ts';
import { createWrappingDouble, OTHER_KEY_ARN, REPLICA_ARN, WRAPPING_KEY_ARN, type WrappingDouble } from './wrapping-double.ts';

const NOW = 1_800_000_000;
const ISSUER = 'https://issuer.example';
let double: WrappingDouble;
beforeEach(() => {
  double = createWrappingDouble();
});
const wrappingKey = (members: Partial<{ wrappingKeyArn: string; issuer: string }> = {}) => ({
  kms: double.kms,
  wrappingKeyArn: WRAPPING_KEY_ARN,
  issuer: ISSUER,
  ...members,
});
const made = async (alg: Algorithm = 'ES256'): Promise<KeyRecord> => ({
  ...(await createDelegatedKeyMaker({ ...wrappingKey(), random: randomBytes }).make(alg, NOW, [])),
  created_at: NOW,
  active_from: NOW,
});

describe('a key pair that nobody has seen', () => {
  it('is bound to service, issuer and kid, by a kid that was chosen before', async () => {
    const [one, other] = [await made(), await made()];
    expect(one.kid).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(other.kid).not.toBe(one.kid);
    expect(double.mock.commandCalls(GenerateDataKeyPairWithoutPlaintextCommand)[0]?.args[0].input).toEqual({
      KeyId: WRAPPING_KEY_ARN,
      KeyPairSpec: 'ECC_NIST_P256',
      EncryptionContext: { service: 'm2m-auth', issuer: ISSUER, kid: one.kid },
    });
    expect(one).toMatchObject({ alg: 'ES256', arn: WRAPPING_KEY_ARN, wrapped: { wrapping_key: WRAPPING_KEY_ARN, issuer: ISSUER } });
    expect(Object.keys(one.jwk)).toEqual(['crv', 'kty', 'x', 'y']);
    expect(double.decrypts()).toBe(0);
  });

  it.each(ALGORITHMS)('signs %s once it is unwrapped, and the published half verifies', async (alg) => {
    const record = await made(alg);
    const { key } = await createPrivateKeys(wrappingKey()).unwrap(record);
    const imported = importVerificationKey({ ...record.jwk, kid: record.kid, alg });
    if (!imported.ok) throw new Error(imported.failure.reason);
    for (let round = 0; round < 20; round += 1) {
      const input = Buffer.from(`header.payload${round}`);
      for (const signed of [signOnTheSpot, signOnThreadPool]) {
        const signature = await signed(alg, key, input);
        expect(verifySignature(imported.value, input, signature)).toBe(true);
        if (alg === 'ES256') expect(signature).toHaveLength(64);
      }
    }
  });

  it('cannot be made while KMS is down, which is an outage of that call', async () => {
    double.down();
    await expect(made()).rejects.toMatchObject({ name: 'Outage', dependency: 'kms:GenerateDataKeyPairWithoutPlaintext' });
  });

  it('of another kind than was asked for is not recorded', async () => {
    const { PublicKey, PrivateKeyCiphertextBlob } = await double.kms.send(
      new GenerateDataKeyPairWithoutPlaintextCommand({ KeyId: WRAPPING_KEY_ARN, KeyPairSpec: 'RSA_2048' }),
    );
    double.mock
      .on(GenerateDataKeyPairWithoutPlaintextCommand)
      .resolves({ KeyId: WRAPPING_KEY_ARN, PublicKey: PublicKey!, PrivateKeyCiphertextBlob: PrivateKeyCiphertextBlob! });
    await expect(made('EdDSA')).rejects.toMatchObject({ name: 'Outage' });
    double.mock.on(GenerateDataKeyPairWithoutPlaintextCommand).resolves({ KeyId: OTHER_KEY_ARN });
    await expect(made()).rejects.toThrow(ConfigurationError);
  });

  it('is given up with its record alone', async () => {
    const record = await made();
    await createDelegatedKeyMaker({ ...wrappingKey(), random: randomBytes }).discard(record);
    expect(double.mock.calls()).toHaveLength(1);
  });
});

describe('unwrapping', () => {
  it('is one call for a key, whoever and however many ask, and leaves no plaintext behind', async () => {
    const record = await made();
    const keys = createPrivateKeys(wrappingKey());
    expect(keys.held(record.kid)).toBeUndefined();
    const all = await Promise.all(Array.from({ length: 20 }, () => keys.unwrap(record)));
    expect(new Set(all).size).toBe(1);
    expect(await keys.unwrap(record)).toBe(keys.held(record.kid));
    expect(double.decrypts()).toBe(1);
    expect(double.plaintexts).toHaveLength(1);
    expect(double.plaintexts[0]?.every((byte) => byte === 0)).toBe(true);
  });

  it('names key and context, so that KMS itself refuses what is not ours', async () => {
    const record = await made();
    await createPrivateKeys(wrappingKey()).unwrap(record);
    expect(double.mock.commandCalls(DecryptCommand)[0]?.args[0].input).toMatchObject({
      KeyId: WRAPPING_KEY_ARN,
      EncryptionContext: { service: 'm2m-auth', issuer: ISSUER, kid: record.kid },
    });
  });

  it('fails for what another key wrapped, for another issuer and under another kid', async () => {
    const record = await made();
    const refusal = { name: 'Outage', dependency: 'kms:Decrypt' };
    await expect(createPrivateKeys(wrappingKey({ issuer: 'https://other.example' })).unwrap(record)).rejects.toMatchObject(refusal);
    await expect(createPrivateKeys(wrappingKey({ wrappingKeyArn: OTHER_KEY_ARN })).unwrap(record)).rejects.toMatchObject(refusal);
    await expect(createPrivateKeys(wrappingKey()).unwrap({ ...record, kid: 'another' })).rejects.toMatchObject(refusal);
    expect(double.plaintexts).toEqual([]);
  });

  it('fails when the wrapped key is not that of the published one, and leaves no plaintext behind then either', async () => {
    const [record, other] = [await made(), await made()];
    const keys = createPrivateKeys(wrappingKey());
    await expect(keys.unwrap({ ...record, jwk: other.jwk })).rejects.toMatchObject({ name: 'Outage', dependency: 'kms:Decrypt' });
    expect(keys.held(record.kid)).toBeUndefined();
    expect(double.plaintexts.map((bytes) => bytes.every((byte) => byte === 0))).toEqual([true]);
  });

  it('fails for what is no key at all, without showing it', async () => {
    const record = await made();
    double.mock.on(DecryptCommand).resolves({ Plaintext: new Uint8Array(Buffer.from('pl4nted')) });
    const error: any = await createPrivateKeys(wrappingKey())
      .unwrap(record)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'Outage' });
    expect(`${error.message} ${error.cause.message} ${error.cause.stack}`).not.toContain('pl4nted');
  });

  it('is tried again after a failure, which is not remembered', async () => {
    const record = await made();
    const keys = createPrivateKeys(wrappingKey());
    double.down();
    await expect(keys.unwrap(record)).rejects.toMatchObject({ dependency: 'kms:Decrypt' });
    double.before(undefined);
    expect((await keys.unwrap(record)).key.asymmetricKeyType).toBe('ec');
  });

  it("works in another Region, by that Region's replica of the key", async () => {
    const record = await made();
    const there = wrappingKey({ wrappingKeyArn: REPLICA_ARN });
    expect(canUnwrap(there, record)).toBe(true);
    expect((await createPrivateKeys(there).unwrap(record)).key.asymmetricKeyType).toBe('ec');
    expect(canUnwrap(wrappingKey({ wrappingKeyArn: OTHER_KEY_ARN }), record)).toBe(false);
    expect(canUnwrap(wrappingKey({ issuer: 'https://other.example' }), record)).toBe(false);
  });

  it('forgets what signs no more', async () => {
    const [record, other] = [await made(), await made()];
    const keys = createPrivateKeys(wrappingKey());
    await Promise.all([keys.unwrap(record), keys.unwrap(other)]);
    keys.keepOnly(new Set([other.kid]));
    expect(keys.held(record.kid)).toBeUndefined();
    expect(keys.held(other.kid)).toBeDefined();
  });
});
