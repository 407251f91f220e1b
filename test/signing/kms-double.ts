// KMS behind the real SDK client class, with real keys: it answers what KMS answers (DER for ECDSA) and refuses what KMS refuses.
import { constants, createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { GetPublicKeyCommand, KMSClient, SignCommand, type SignCommandInput } from '@aws-sdk/client-kms';
import { mockClient } from 'aws-sdk-client-mock';
import type { Algorithm } from '../../src/tokens/algorithms.ts';

type KeyPair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };

const GENERATE: Readonly<Record<Algorithm, () => KeyPair>> = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
};
const pairs = new Map<Algorithm, KeyPair>();
/** Generated once a file: RSA keys take long. */
const pairOf = (algorithm: Algorithm): KeyPair => {
  const known = pairs.get(algorithm) ?? GENERATE[algorithm]();
  pairs.set(algorithm, known);
  return known;
};

export const arnOf = (id: string): string => `arn:aws:kms:eu-central-1:111122223333:key/${id}`;

export function createKmsDouble() {
  const kms = new KMSClient({ region: 'eu-central-1' });
  const mock = mockClient(kms);
  const keys = new Map<string, KeyPair>();
  /** KMS signs digests; node:crypto hashes itself. So the double finds the message of a digest among those it was told of. */
  const messages = new Map<string, Uint8Array>();

  const keyPair = (arn: string | undefined): KeyPair => {
    const pair = keys.get(arn ?? '');
    if (pair === undefined)
      throw Object.assign(new Error('no such key'), { name: 'NotFoundException', $metadata: { httpStatusCode: 400 } });
    return pair;
  };
  mock.on(GetPublicKeyCommand).callsFake(({ KeyId }: { KeyId: string }) => ({
    KeyId,
    PublicKey: new Uint8Array(keyPair(KeyId).publicKey.export({ format: 'der', type: 'spki' })),
  }));
  mock.on(SignCommand).callsFake((input: SignCommandInput) => ({
    KeyId: input.KeyId,
    SigningAlgorithm: input.SigningAlgorithm,
    Signature: new Uint8Array(signature(input, keyPair(input.KeyId).privateKey, messages)),
  }));

  return {
    kms,
    mock,
    /** Makes a key and answers its ARN. */
    add(algorithm: Algorithm, id: string = algorithm): string {
      keys.set(arnOf(id), pairOf(algorithm));
      return arnOf(id);
    },
    publicKey: (arn: string): KeyObject => keyPair(arn).publicKey,
    message(text: string): Uint8Array {
      const bytes = Buffer.from(text);
      messages.set(createHash('sha256').update(bytes).digest('hex'), bytes);
      return bytes;
    },
  };
}
export type KmsDouble = ReturnType<typeof createKmsDouble>;

function signature(
  { Message, MessageType, SigningAlgorithm }: SignCommandInput,
  key: KeyObject,
  messages: ReadonlyMap<string, Uint8Array>,
): Buffer {
  const bytes = Buffer.from(Message ?? []);
  if (SigningAlgorithm === 'ED25519_SHA_512') {
    if (MessageType !== 'RAW' || bytes.length > 4096) throw validation('ED25519_SHA_512 takes RAW messages of at most 4096 bytes');
    return sign(null, bytes, key);
  }
  const message = messages.get(bytes.toString('hex'));
  if (MessageType !== 'DIGEST' || message === undefined) throw validation('not the SHA-256 digest of the message');
  if (SigningAlgorithm === 'RSASSA_PSS_SHA_256')
    return sign('sha256', message, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
  const expected = key.asymmetricKeyType === 'ec' ? 'ECDSA_SHA_256' : 'RSASSA_PKCS1_V1_5_SHA_256';
  if (SigningAlgorithm !== expected) throw validation(`${String(SigningAlgorithm)} does not fit the key`);
  return sign('sha256', message, key);
}
const validation = (message: string): Error =>
  Object.assign(new Error(message), { name: 'ValidationException', $metadata: { httpStatusCode: 400 } });
