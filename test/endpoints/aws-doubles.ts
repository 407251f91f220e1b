// KMS and Secrets Manager behind the real SDK client classes, with real keys: signatures are such as KMS would answer.
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { GetPublicKeyCommand, KMSClient, SignCommand, type SignCommandInput } from '@aws-sdk/client-kms';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { schemeOf } from '../../local/engines/asymmetric-key.ts';
import type { Algorithm } from '../../src/tokens/algorithms.ts';

type KeyPair = { readonly keySpec: string; readonly privateKey: KeyObject };
const GENERATE: Readonly<Record<Algorithm, () => KeyPair>> = {
  RS256: () => ({ keySpec: 'RSA_2048', privateKey: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey }),
  PS256: () => ({ keySpec: 'RSA_2048', privateKey: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey }),
  ES256: () => ({ keySpec: 'ECC_NIST_P256', privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey }),
  EdDSA: () => ({ keySpec: 'ECC_NIST_EDWARDS25519', privateKey: generateKeyPairSync('ed25519').privateKey }),
};
const arnOf = (algorithm: Algorithm): string => `arn:aws:kms:eu-central-1:111122223333:key/${algorithm.toLowerCase()}`;

/** Wraps a call that a double answers, so that it is seen beside the calls of the table. */
export type Observe = <T>(call: string, answer: () => Promise<T>) => Promise<T>;

export type AwsDoubles = {
  readonly kms: ReturnType<typeof mockClient<any, any, any>>;
  readonly secrets: ReturnType<typeof mockClient<any, any, any>>;
  /** SIGNING_KEYS, in the order given. */
  readonly signingKeys: string;
  /** Everything answers again as it should. */
  heal(): void;
  restore(): void;
};

export function createAwsDoubles(algorithms: readonly Algorithm[], ring: () => object, observe: Observe): AwsDoubles {
  const pairs = new Map(algorithms.map((algorithm) => [arnOf(algorithm), GENERATE[algorithm]()]));
  const pairOf = (arn: string): KeyPair => {
    const pair = pairs.get(arn);
    if (pair === undefined) throw Object.assign(new Error('no such key'), { name: 'NotFoundException' });
    return pair;
  };
  const kms = mockClient(KMSClient);
  const secrets = mockClient(SecretsManagerClient);
  const heal = (): void => {
    kms.reset();
    secrets.reset();
    kms.on(SignCommand).callsFake((input: SignCommandInput) => observe('Sign', () => signed(input, pairOf(input.KeyId ?? ''))));
    kms.on(GetPublicKeyCommand).callsFake(({ KeyId }: { KeyId: string }) => observe('GetPublicKey', () => published(KeyId, pairOf(KeyId))));
    secrets.on(GetSecretValueCommand).callsFake(() => observe('GetSecretValue', async () => ({ SecretString: JSON.stringify(ring()) })));
  };
  heal();
  return {
    kms,
    secrets,
    signingKeys: JSON.stringify(Object.fromEntries(algorithms.map((algorithm) => [algorithm, arnOf(algorithm)]))),
    heal,
    restore: () => {
      kms.restore();
      secrets.restore();
    },
  };
}

async function signed(
  { KeyId, Message, MessageType, SigningAlgorithm = 'none' as never }: SignCommandInput,
  { keySpec, privateKey }: KeyPair,
) {
  const scheme = schemeOf(keySpec, SigningAlgorithm);
  const message = Buffer.from(Message ?? []);
  if (scheme === undefined || !scheme.messageTypes.includes(MessageType as 'RAW' | 'DIGEST'))
    throw Object.assign(new Error('not for this key'), { name: 'InvalidKeyUsageException' });
  const signature = MessageType === 'DIGEST' ? scheme.signDigest?.(privateKey, message) : await scheme.signMessage(privateKey, message);
  return { KeyId, SigningAlgorithm, Signature: new Uint8Array(signature!) };
}

const published = async (KeyId: string, { privateKey }: KeyPair) => ({
  KeyId,
  PublicKey: new Uint8Array(createPublicKey(privateKey).export({ format: 'der', type: 'spki' })),
});
