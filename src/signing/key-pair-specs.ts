// The key pair that each algorithm signs with, as KMS calls it; also what the roles may ask for.
import type { DataKeyPairSpec } from '@aws-sdk/client-kms';
import type { Algorithm } from '../tokens/algorithms.ts';

export const KEY_PAIR_SPECS: Readonly<Record<Algorithm, DataKeyPairSpec>> = {
  RS256: 'RSA_2048',
  PS256: 'RSA_2048',
  ES256: 'ECC_NIST_P256',
  EdDSA: 'ECC_NIST_EDWARDS25519',
};
