import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

/** Keys as imported, for as long as whoever holds their bytes does. */
const imported = new WeakMap<Uint8Array, KeyObject>();

/**
 * HMAC-SHA-256. The key is imported first: node:crypto 24 takes raw bytes too, but by way of an exception, at five times the cost.
 * @param key its bytes never change.
 */
export function hmacSha256(key: Uint8Array): ReturnType<typeof createHmac> {
  const known = imported.get(key) ?? createSecretKey(key);
  imported.set(key, known);
  return createHmac('sha256', known);
}
