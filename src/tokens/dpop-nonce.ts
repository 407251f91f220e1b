/**
 * Nonces for DPoP proofs (RFC 9449 section 8) of which no server remembers any: the number of a time window and a MAC over it. Whoever
 * has the key takes a nonce of the present window and of the one before.
 */
import { timingSafeEqual } from 'node:crypto';
import { hmacSha256 } from './hmac.ts';

/** A nonce is taken for so long at least, and for twice as long at most. */
export const NONCE_WINDOW_SECONDS = 300;
const WINDOW = /^[1-9][0-9]{0,11}$/;

/** @param key derived for this use alone. @param now epoch seconds. */
export const dpopNonce = (key: Uint8Array, now: number): string => nonceOf(key, String(Math.floor(now / NONCE_WINDOW_SECONDS)));

/** Until when the nonce is taken, in epoch seconds; undefined for one that is not: too old, from the future, or none of ours. */
export function nonceUntil(nonce: string, key: Uint8Array, now: number): number | undefined {
  const [window = ''] = nonce.split('.', 1);
  const current = Math.floor(now / NONCE_WINDOW_SECONDS);
  if (!WINDOW.test(window) || Number(window) < current - 1 || Number(window) > current) return undefined;
  const [given, right] = [Buffer.from(nonce), Buffer.from(nonceOf(key, window))];
  return given.length === right.length && timingSafeEqual(given, right) ? (Number(window) + 2) * NONCE_WINDOW_SECONDS : undefined;
}

const nonceOf = (key: Uint8Array, window: string): string => `${window}.${hmacSha256(key).update(window).digest('base64url')}`;
