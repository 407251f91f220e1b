/**
 * The private keys of an execution environment, in delegated mode: each unwrapped by one KMS Decrypt, once, and held in memory as a
 * KeyObject that is never exported. An attempt that failed is not remembered; all callers share the one under way.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { DecryptCommand } from '@aws-sdk/client-kms';
import type { KeyRecord } from '../endpoints/stores.ts';
import { Outage } from '../outage.ts';
import { sdkCall } from '../sdk-calls.ts';
import type { Algorithm } from '../tokens/algorithms.ts';
import { publicMembers } from '../tokens/jwk.ts';
import type { WrappingKey } from './delegated-key-maker.ts';
import { encryptionContext } from './encryption-context.ts';

const DEPENDENCY = 'kms:Decrypt';

export type PrivateKey = { readonly alg: Algorithm; readonly key: KeyObject };
export type PrivateKeys = {
  held(kid: string): PrivateKey | undefined;
  /** The record's private key; no call when it is held. Throws `Outage`, also for a wrapped key that is not the record's own. */
  unwrap(record: KeyRecord): Promise<PrivateKey>;
  /** Keeps these and forgets all others: a key that signs no more has no business in memory. */
  keepOnly(kids: ReadonlySet<string>): void;
};

export function createPrivateKeys(wrappingKey: WrappingKey): PrivateKeys {
  const keys = new Map<string, PrivateKey>();
  const flights = new Map<string, Promise<PrivateKey>>();

  const unwrapNow = async (record: KeyRecord): Promise<PrivateKey> => {
    try {
      const key = { alg: record.alg, key: await unwrapped(record, wrappingKey) };
      keys.set(record.kid, key);
      return key;
    } finally {
      flights.delete(record.kid);
    }
  };
  const sharedUnwrap = (record: KeyRecord): Promise<PrivateKey> => {
    const flight = flights.get(record.kid) ?? unwrapNow(record);
    flights.set(record.kid, flight);
    return flight;
  };

  return {
    held: (kid) => keys.get(kid),
    unwrap: async (record) => keys.get(record.kid) ?? sharedUnwrap(record),
    keepOnly(kids) {
      for (const kid of keys.keys()) if (!kids.has(kid)) keys.delete(kid);
    },
  };
}

/** Whether this key unwraps the record's; a replica of a multi-Region key has the same key id in another Region. */
export const canUnwrap = ({ wrappingKeyArn, issuer }: Omit<WrappingKey, 'kms'>, { wrapped }: KeyRecord): boolean =>
  wrapped !== undefined && wrapped.issuer === issuer && keyIdOf(wrapped.wrapping_key) === keyIdOf(wrappingKeyArn);

const keyIdOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

async function unwrapped(record: KeyRecord, { kms, wrappingKeyArn, issuer }: WrappingKey): Promise<KeyObject> {
  const { kid, wrapped } = record;
  if (wrapped === undefined) throw new Error(`key ${kid} is not a wrapped one`);
  const decrypt = new DecryptCommand({
    // Named, so that nothing that another key has wrapped is ever unwrapped here; always this Region's.
    KeyId: wrappingKeyArn,
    CiphertextBlob: Buffer.from(wrapped.ciphertext, 'base64url'),
    EncryptionContext: encryptionContext(issuer, kid),
  });
  const { Plaintext: plaintext } = await sdkCall(DEPENDENCY, () => kms.send(decrypt));
  try {
    return checkedKey(record, plaintext);
  } finally {
    // The SDK's own copies (the response as text) are beyond reach and left to the garbage collector.
    plaintext?.fill(0);
  }
}

/** The header will name the record's key: a signature by any other makes a token that nobody can verify, or one of somebody else's choosing. */
function checkedKey({ kid, jwk }: KeyRecord, pkcs8: Uint8Array | undefined): KeyObject {
  const key = pkcs8 && privateKeyFrom(pkcs8);
  const expected = publicMembers(jwk);
  const actual = key && publicMembers(createPublicKey(key).export({ format: 'jwk' }));
  if (key === undefined || expected === undefined || JSON.stringify(actual) !== JSON.stringify(expected))
    throw new Outage(DEPENDENCY, {
      cause: new TypeError(`what the record of key ${kid} wraps is not the private key of what it publishes`),
    });
  return key;
}

/** Undefined where it is no key; the parser's own error is not passed on, lest it show something of one. */
function privateKeyFrom(pkcs8: Uint8Array): KeyObject | undefined {
  try {
    return createPrivateKey({ key: Buffer.from(pkcs8.buffer, pkcs8.byteOffset, pkcs8.byteLength), format: 'der', type: 'pkcs8' });
  } catch {
    return undefined;
  }
}
