// A token at rest: AES-256-GCM (NIST SP 800-38D), so that whoever reads the table has no token, and whoever writes it makes none.
import { createCipheriv, createDecipheriv } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
export const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What a seal is bound to: opened in the place of another, it does not open. */
export type SealedFor = { readonly clientId: string; readonly digest: string };

/** Nonce, ciphertext and tag. @param key 32 bytes, for this use alone. @param nonce 12 fresh random bytes. */
export function sealToken(token: string, key: Uint8Array, nonce: Uint8Array, context: SealedFor): Uint8Array {
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(bound(context));
  return new Uint8Array(Buffer.concat([nonce, cipher.update(token, 'utf8'), cipher.final(), cipher.getAuthTag()]));
}

/** Undefined for whatever was not sealed by this key for this context. */
export function openSealedToken(sealed: Uint8Array, key: Uint8Array, context: SealedFor): string | undefined {
  if (sealed.length <= NONCE_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(bound(context))
    .setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

/** Length-prefixed, so that no two contexts are the same bytes. */
const bound = ({ clientId, digest }: SealedFor): Buffer => Buffer.from(`${clientId.length}:${clientId}${digest}`, 'utf8');
