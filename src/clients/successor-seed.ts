// What a successor is derived from. The former secret goes in, so that ring and table together make none.
import { createHash } from 'node:crypto';

/** 32 bytes. @param secret the former one, as it was presented and proven. */
export function successorSeed(clientId: string, secretId: string, secret: string): Uint8Array {
  const hash = createHash('sha256');
  // Length-prefixed, so that no two different exchanges feed it the same bytes.
  for (const field of [clientId, secretId, secret]) hash.update(`${Buffer.byteLength(field)}:`).update(field);
  return hash.digest();
}
