import { constants, verify, type KeyObject } from 'node:crypto';
import { SignCommand } from '@aws-sdk/client-kms';
import { beforeEach, describe, expect, it } from 'vitest';
import type { TokenSigner } from '../../src/endpoints/stores.ts';
import { ConfigurationError } from '../../src/environment.ts';
import { Outage } from '../../src/outage.ts';
import { createKeyRing, type KeyRing } from '../../src/signing/key-ring.ts';
import { createKmsSigner } from '../../src/signing/kms-signer.ts';
import { createTemplateKeys } from '../../src/signing/template-keys.ts';
import { ALGORITHMS, type Algorithm } from '../../src/tokens/algorithms.ts';
import { arnOf, createKmsDouble, type KmsDouble } from './kms-double.ts';
import { createRecordsInMemory } from './records-in-memory.ts';

const NOW = 1_800_000_000;
const SIGNING_INPUT = 'eyJ0eXAiOiJhdCtqd3QifQ.e30';

let double: KmsDouble;
let ring: KeyRing;
let signer: TokenSigner;
beforeEach(() => {
  double = createKmsDouble();
  const arns = new Map(ALGORITHMS.map((algorithm) => [algorithm, double.add(algorithm)]));
  ring = createKeyRing({ records: createRecordsInMemory(), template: createTemplateKeys({ kms: double.kms, arns }) });
  signer = createKmsSigner({ ring, kms: double.kms });
});

const joseVerifies: Readonly<Record<Algorithm, (key: KeyObject, message: Uint8Array, signature: Uint8Array) => boolean>> = {
  RS256: (key, message, signature) => verify('sha256', message, key, signature),
  PS256: (key, message, signature) =>
    verify('sha256', message, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }, signature),
  ES256: (key, message, signature) => verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature),
  EdDSA: (key, message, signature) => verify(null, message, key, signature),
};

describe.each(ALGORITHMS)('signing %s', (algorithm) => {
  it('answers a JOSE signature of the key that it named beforehand, by one Sign', async () => {
    const { kid, alg } = await signer.key(algorithm, NOW);
    expect(alg).toBe(algorithm);
    const message = double.message(SIGNING_INPUT);
    const signature = await signer.sign(kid, message);
    const arn = ring.held(kid)?.arn ?? '';
    expect(joseVerifies[algorithm](double.publicKey(arn), message, signature)).toBe(true);
    const calls = double.mock.commandCalls(SignCommand);
    expect(calls).toHaveLength(1);
    expect(calls[0]?.args[0].input.KeyId).toBe(arn);
  });
});

it.each(['RS256', 'PS256', 'ES256'] as const)('%s signs tokens of any length, by their digest', async (algorithm) => {
  const { kid } = await signer.key(algorithm, NOW);
  await signer.sign(kid, double.message('x'.repeat(10_000)));
  expect(double.mock.commandCalls(SignCommand)[0]?.args[0].input).toMatchObject({ MessageType: 'DIGEST' });
  expect(double.mock.commandCalls(SignCommand)[0]?.args[0].input.Message).toHaveLength(32);
});

it('EdDSA signs up to what KMS takes raw, and says what is wrong beyond, without a call', async () => {
  const { kid } = await signer.key('EdDSA', NOW);
  await signer.sign(kid, Buffer.alloc(4096, 'x'));
  await expect(signer.sign(kid, Buffer.alloc(4097, 'x'))).rejects.toThrow(ConfigurationError);
  expect(double.mock.commandCalls(SignCommand)).toHaveLength(1);
});

describe('an answer of KMS that is not what was asked for is an outage, never a token', () => {
  it.each<[string, Algorithm, object]>([
    ['by another key', 'RS256', { KeyId: arnOf('other'), Signature: new Uint8Array(256) }],
    ['without a signature', 'RS256', { KeyId: arnOf('RS256') }],
    ['with a malformed signature', 'ES256', { KeyId: arnOf('ES256'), Signature: new Uint8Array(70) }],
  ])('%s', async (_, algorithm, answer) => {
    const { kid } = await signer.key(algorithm, NOW);
    double.mock.on(SignCommand).resolves(answer);
    await expect(signer.sign(kid, double.message(SIGNING_INPUT))).rejects.toMatchObject({ name: 'Outage', dependency: 'kms:Sign' });
  });
});

it.each([
  ['ThrottlingException', 400, true],
  ['LimitExceededException', 400, true],
  ['KMSInternalException', 500, false],
  ['DependencyTimeoutException', 503, false],
  ['KeyUnavailableException', 500, false],
  ['DisabledException', 409, false],
  ['KMSInvalidStateException', 409, false],
  ['AccessDeniedException', 400, false],
  ['NotFoundException', 400, false],
  ['TimeoutError', undefined, false],
])('%s is an outage of kms:Sign', async (name, httpStatusCode, throttled) => {
  const { kid } = await signer.key('RS256', NOW);
  double.mock.on(SignCommand).rejects(Object.assign(new Error(name), { name, $metadata: { httpStatusCode } }));
  const failure: unknown = await signer.sign(kid, double.message(SIGNING_INPUT)).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Outage);
  expect(failure).toMatchObject({ dependency: 'kms:Sign', throttled });
});

it('a kid that key() never named is a defect', async () => {
  await expect(signer.sign('unknown', double.message(SIGNING_INPUT))).rejects.not.toThrow(Outage);
});
