/**
 * What the rotation and the permissions of its role have to agree on (lib/functions/rotate-keys.ts).
 */
import type { KeySpec } from '@aws-sdk/client-kms';
import type { Algorithm } from '../tokens/algorithms.ts';

/**
 * The tag of every key that the rotation makes. What the roles may do with keys hangs on it: a key without it is never signed with
 * because of it, and never deleted. Its value names the deployment, so that two in one account leave each other's keys alone.
 */
export const KEY_TAG = 'm2m-auth:signing-keys-of';
/** RSA of 2,048 bits, because KMS charges five times as much for every other asymmetric key. */
export const KEY_SPECS: Readonly<Record<Algorithm, KeySpec>> = {
  RS256: 'RSA_2048',
  PS256: 'RSA_2048',
  ES256: 'ECC_NIST_P256',
  EdDSA: 'ECC_NIST_EDWARDS25519',
};
/** The longest that KMS waits before it deletes a key: time to see a mistake. */
export const DELETION_PENDING_DAYS = 30;
/** The function that runs the rotation is ended then. */
export const RUN_SECONDS_MAX = 60;
