/**
 * Key pairs that KMS makes and wraps at once (`GenerateDataKeyPairWithoutPlaintext`): whoever makes one never sees its private key.
 * The `kid` is chosen before, because it is part of what the wrapped key is bound to; so it is no thumbprint.
 */
import { createPublicKey } from 'node:crypto';
import { GenerateDataKeyPairWithoutPlaintextCommand, type KMSClient } from '@aws-sdk/client-kms';
import { ConfigurationError } from '../environment.ts';
import { Outage } from '../outage.ts';
import { sdkCall } from '../sdk-calls.ts';
import type { Algorithm } from '../tokens/algorithms.ts';
import { encodeBase64Url } from '../tokens/base64url.ts';
import { importVerificationKey, publicMembers } from '../tokens/jwk.ts';
import { encryptionContext } from './encryption-context.ts';
import type { KeyMaker, KeyRecordDraft } from './key-maker.ts';
import { KEY_PAIR_SPECS } from './key-pair-specs.ts';

const DEPENDENCY = 'kms:GenerateDataKeyPairWithoutPlaintext';
const KID_BYTES = 32;

export type WrappingKey = {
  readonly kms: KMSClient;
  /** ARN of the symmetric KMS key of this Region. */
  readonly wrappingKeyArn: string;
  readonly issuer: string;
};

/** @param random cryptographically secure random bytes. */
export const createDelegatedKeyMaker = (key: WrappingKey & { readonly random: (bytes: number) => Uint8Array }): KeyMaker => ({
  // A pair that was made and never recorded is gone with the answer: there is nothing to find again.
  make: (alg) => makeWrappedKeyPair(key, alg, encodeBase64Url(key.random(KID_BYTES))),
  // The private key is nowhere but in the record: who drops `wrapped` from it has given it up.
  discard: () => Promise.resolve(),
});

/** One KMS call. @throws Outage; ConfigurationError where the wrapping key is not named by its ARN. */
export async function makeWrappedKeyPair(key: WrappingKey, alg: Algorithm, kid: string): Promise<KeyRecordDraft> {
  const { kms, wrappingKeyArn: arn, issuer } = key;
  const make = new GenerateDataKeyPairWithoutPlaintextCommand({
    KeyId: arn,
    KeyPairSpec: KEY_PAIR_SPECS[alg],
    EncryptionContext: encryptionContext(issuer, kid),
  });
  const { KeyId, PublicKey, PrivateKeyCiphertextBlob } = await sdkCall(DEPENDENCY, () => kms.send(make));
  if (KeyId !== arn) throw new ConfigurationError('SIGNING_KEYS', 'must name keys by their ARN');
  if (PublicKey === undefined || PrivateKeyCiphertextBlob === undefined) throw new Outage(DEPENDENCY);
  const wrapped = { ciphertext: encodeBase64Url(PrivateKeyCiphertextBlob), wrapping_key: arn, issuer };
  return { kid, alg, arn, jwk: publicJwkFrom(PublicKey, alg, kid), wrapped };
}

function publicJwkFrom(spki: Uint8Array, alg: Algorithm, kid: string): Readonly<Record<string, string>> {
  const jwk = publicMembers(createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }).export({ format: 'jwk' }));
  if (jwk === undefined || !importVerificationKey({ ...jwk, kid, alg }).ok)
    throw new Outage(DEPENDENCY, { cause: new TypeError(`KMS made a key that cannot verify ${alg}`) });
  return jwk;
}
