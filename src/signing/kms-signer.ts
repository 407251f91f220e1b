// Signs access tokens with KMS: one Sign by key ARN for each (RFC 7515 section 5.1, RFC 7518 section 3, RFC 8037 section 3.1).
import { createHash } from 'node:crypto';
import { SignCommand, type KMSClient, type SigningAlgorithmSpec } from '@aws-sdk/client-kms';
import type { KeyRecord, TokenSigner } from '../endpoints/stores.ts';
import { ConfigurationError } from '../environment.ts';
import { Outage } from '../outage.ts';
import { sdkCall } from '../sdk-calls.ts';
import type { Algorithm } from '../tokens/algorithms.ts';
import { rawEcdsaSignature } from './ecdsa-der.ts';
import type { KeyRing } from './key-ring.ts';

const KMS_ALGORITHMS: Readonly<Record<Algorithm, SigningAlgorithmSpec>> = {
  RS256: 'RSASSA_PKCS1_V1_5_SHA_256',
  PS256: 'RSASSA_PSS_SHA_256',
  ES256: 'ECDSA_SHA_256',
  // Not ED25519_PH_SHA_512: that one signs digests and is no JWS algorithm.
  EdDSA: 'ED25519_SHA_512',
};
/** The most that KMS signs without a digest. */
const RAW_MESSAGE_BYTES_MAX = 4096;

export function createKmsSigner({ ring, kms }: { ring: KeyRing; kms: KMSClient }): TokenSigner {
  return {
    prepare: (now) => {
      ring.prepare(now);
    },

    async key(algorithm, now) {
      const { kid, alg } = await ring.active(algorithm, now);
      return { kid, alg };
    },

    async sign(kid, signingInput) {
      const key = ring.held(kid);
      if (key === undefined) throw new Error('a token is signed with the key that key() has just named');
      const signature = await signedBy(kms, key, signingInput);
      return key.alg === 'ES256' ? joseForm(signature) : signature;
    },
  };
}

async function signedBy(kms: KMSClient, { alg, arn }: KeyRecord, signingInput: Uint8Array): Promise<Uint8Array> {
  const sign = new SignCommand({ KeyId: arn, SigningAlgorithm: KMS_ALGORITHMS[alg], ...message(alg, signingInput) });
  const answer = await sdkCall('kms:Sign', () => kms.send(sign));
  // The header names this key: a signature by any other would make a token that nobody can verify.
  if (answer.KeyId !== arn || answer.Signature === undefined)
    throw new Outage('kms:Sign', { cause: new Error('KMS answered for another key or without a signature') });
  return answer.Signature;
}

/** The digest is made here, so that tokens of any length are signed; EdDSA alone hashes twice and needs the whole (RFC 8032). */
function message(alg: Algorithm, signingInput: Uint8Array): { Message: Uint8Array; MessageType: 'RAW' | 'DIGEST' } {
  if (alg !== 'EdDSA') return { Message: createHash('sha256').update(signingInput).digest(), MessageType: 'DIGEST' };
  if (signingInput.length > RAW_MESSAGE_BYTES_MAX)
    throw new ConfigurationError('SIGNING_KEYS', `signs with EdDSA, for which KMS takes tokens of at most ${RAW_MESSAGE_BYTES_MAX} bytes`);
  return { Message: signingInput, MessageType: 'RAW' };
}

function joseForm(der: Uint8Array): Uint8Array {
  try {
    return rawEcdsaSignature(der);
  } catch (cause) {
    throw new Outage('kms:Sign', { cause });
  }
}
