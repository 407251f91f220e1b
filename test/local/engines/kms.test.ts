import { constants, createHash, createPublicKey, generateKeyPairSync, verify, type KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AwsError } from '../../../local/engines/aws-endpoint.ts';
import { openKeys, thumbprint } from '../../../local/engines/key-files.ts';
import { createKms } from '../../../local/engines/kms.ts';
import type { KeySpec } from '../../../local/template/state.ts';

const specOf = (name: string, keySpec: string, enabled = true): KeySpec => ({
  id: `state/${name}`,
  keyId: name,
  arn: `arn:aws:kms:us-east-1:000000000000:key/${name}`,
  keySpec,
  keyUsage: 'SIGN_VERIFY',
  enabled,
  policy: {},
});
const SPECS = [
  specOf('rsa', 'RSA_2048'),
  specOf('ec', 'ECC_NIST_P256'),
  specOf('ed', 'ECC_NIST_EDWARDS25519'),
  specOf('off', 'ECC_NIST_P256', false),
];
let folder: string;
let kms: ReturnType<typeof createKms>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'm2m-kms-'));
  kms = createKms(await openKeys(folder, SPECS, SPECS[1]?.arn, false));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const MESSAGE = Buffer.from('header.payload');
const DIGEST = createHash('sha256').update(MESSAGE).digest();
const call = async <T>(operation: string, input: object): Promise<T> => (await kms.execute(operation, input)) as T;
const signed = async (input: object): Promise<Buffer> =>
  Buffer.from((await call<{ Signature: string }>('Sign', input)).Signature, 'base64');
const publicKey = async (id: string): Promise<KeyObject> =>
  createPublicKey({
    key: Buffer.from((await call<{ PublicKey: string }>('GetPublicKey', { KeyId: id })).PublicKey, 'base64'),
    format: 'der',
    type: 'spki',
  });
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };

describe('signatures verify with node:crypto', () => {
  it.each([
    ['rsa', 'RSASSA_PKCS1_V1_5_SHA_256', 'sha256', {}],
    ['rsa', 'RSASSA_PSS_SHA_256', 'sha256', PSS],
    ['ec', 'ECDSA_SHA_256', 'sha256', { dsaEncoding: 'der' as const }],
  ])('%s %s, over the message and over its digest', async (id, SigningAlgorithm, hash, options) => {
    const key = await publicKey(id);
    for (let round = 0; round < 30; round += 1) {
      const overDigest = await signed({ KeyId: id, SigningAlgorithm, MessageType: 'DIGEST', Message: DIGEST.toString('base64') });
      expect(verify(hash, MESSAGE, { key, ...options }, overDigest)).toBe(true);
    }
    const overMessage = await signed({ KeyId: id, SigningAlgorithm, Message: MESSAGE.toString('base64') });
    expect(verify(hash, MESSAGE, { key, ...options }, overMessage)).toBe(true);
    expect(verify(hash, Buffer.from('other'), { key, ...options }, overMessage)).toBe(false);
  });
  it('Ed25519, over the message', async () => {
    const signature = await signed({
      KeyId: 'ed',
      SigningAlgorithm: 'ED25519_SHA_512',
      MessageType: 'RAW',
      Message: MESSAGE.toString('base64'),
    });
    expect(verify(null, MESSAGE, await publicKey('ed'), signature)).toBe(true);
  });
});

describe('what KMS refuses is refused', () => {
  const sign = { KeyId: 'rsa', SigningAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256', MessageType: 'DIGEST', Message: DIGEST.toString('base64') };
  it.each([
    ['an unknown key', { ...sign, KeyId: 'alias/x' }, 'NotFoundException'],
    ['a disabled key', { ...sign, KeyId: 'off', SigningAlgorithm: 'ECDSA_SHA_256' }, 'DisabledException'],
    ["another key's algorithm", { ...sign, SigningAlgorithm: 'ECDSA_SHA_256' }, 'InvalidKeyUsageException'],
    ['a digest of the wrong length', { ...sign, Message: Buffer.alloc(31).toString('base64') }, 'ValidationException'],
    ['a digest for Ed25519', { ...sign, KeyId: 'ed', SigningAlgorithm: 'ED25519_SHA_512' }, 'ValidationException'],
    ['a message over 4,096 bytes', { ...sign, MessageType: 'RAW', Message: Buffer.alloc(4097).toString('base64') }, 'ValidationException'],
    ['an empty message', { ...sign, MessageType: 'RAW', Message: '' }, 'ValidationException'],
    ['an unknown message type', { ...sign, MessageType: 'MU' }, 'ValidationException'],
  ])('%s', async (_, input, type) => {
    const failure = await Promise.resolve()
      .then(() => kms.execute('Sign', input))
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(failure).toBeInstanceOf(AwsError);
    expect((failure as AwsError).body['__type']).toBe(type);
  });
  it('an operation that is not there', () => {
    expect(() => kms.questions('Decrypt', { KeyId: 'rsa' })).toThrow('does not know Decrypt');
  });
});

describe('key files', () => {
  const file = () => join(folder, 'kms.json');
  const ring = () => JSON.parse(readFileSync(file(), 'utf8')) as Record<string, { kty: string; d: string }>;
  it('kms.json holds private JWKs by thumbprint, the active one first, for the owner alone', () => {
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    const [first] = Object.entries(ring());
    expect(first?.[1]).toMatchObject({ kty: 'EC', d: expect.any(String) as string });
    for (const [kid, jwk] of Object.entries(ring())) expect(thumbprint(jwk)).toBe(kid);
  });
  it('keep their keys from start to start, and add what is new', async () => {
    const before = readFileSync(file(), 'utf8');
    await openKeys(folder, SPECS, SPECS[1]?.arn, true);
    expect(readFileSync(file(), 'utf8')).toBe(before);
    const more = await openKeys(folder, [...SPECS, specOf('new', 'ECC_NIST_P256')], SPECS[1]?.arn, true);
    expect(Object.keys(ring())).toEqual(expect.arrayContaining(more.map(({ kid }) => kid)));
  });
  it.each([
    ['no JSON', 'nonsense'],
    ['another key under its name', undefined],
    ['nothing', '{}'],
  ])('are refused and left alone when they hold %s', async (_, content) => {
    const before = readFileSync(file(), 'utf8');
    const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
    const broken = content ?? JSON.stringify(Object.fromEntries(Object.keys(ring()).map((kid) => [kid, foreign])));
    writeFileSync(file(), broken);
    await expect(openKeys(folder, SPECS, undefined, true)).rejects.toThrow(/is damaged: kms\.json/);
    expect(readFileSync(file(), 'utf8')).toBe(broken);
    writeFileSync(file(), before);
  });
});
