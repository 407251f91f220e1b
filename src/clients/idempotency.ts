/**
 * Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): the same key by the same manager for the same resource names the
 * same result for 24 hours. Nothing is kept but digests: ids and secrets of a keyed request are derived, so that a repeat finds
 * and derives them again, whatever was interrupted in between.
 */
import { createHash } from 'node:crypto';
import { hmacSha256 } from '../tokens/hmac.ts';

export const IDEMPOTENCY_WINDOW_SECONDS = 24 * 3600;

/** A keyed request, as the table remembers it: which key (with its manager and resource), and which body. 128-bit prefixes, base64url. */
export type IdempotencyDigest = { readonly key: string; readonly body: string };

export type IdempotentRequest = {
  readonly digest: IdempotencyDigest;
  /** SHA-256 over resource, manager and key: 32 bytes that only this request has. */
  readonly seed: Uint8Array;
};

/** A structured field string, as the draft wants it, or the same bare: without space, comma, quote and backslash. */
const QUOTED = /^"([\x20\x21\x23-\x5B\x5D-\x7E]{1,128})"$/;
const BARE = /^([\x21\x23-\x2B\x2D-\x5B\x5D-\x7E]{1,128})$/;

/** The key that a header value names, 1 to 128 printable ASCII characters, or undefined. */
export const parseIdempotencyKey = (header: string): string | undefined => (QUOTED.exec(header) ?? BARE.exec(header))?.[1];

/** @param resource what the key counts for: `clients`, or the secrets of one client. */
export function idempotentRequest(resource: string, manager: string, key: string, body: Uint8Array): IdempotentRequest {
  const hash = createHash('sha256');
  // Length-prefixed, so that no two different requests feed it the same bytes.
  for (const field of [resource, manager, key]) hash.update(`${Buffer.byteLength(field)}:`).update(field);
  const seed = hash.digest();
  return { digest: { key: prefix(seed), body: prefix(createHash('sha256').update(body).digest()) }, seed };
}

const prefix = (digest: Buffer): string => digest.subarray(0, 16).toString('base64url');

/** Ids are public, so no ring key goes into them: they are found again whichever key is current. */
export const derivedIdBytes = (seed: Uint8Array, use: 'client' | 'secret' | 'api-key', bytes: number): Uint8Array =>
  createHash('sha256').update(`${use}:`).update(seed).digest().subarray(0, bytes);

/**
 * The 256 bits of the secret of a keyed request.
 * @param key the ring key's `idempotent-secret` derivation. @param createdAt epoch seconds: a key that is used again after its
 *   24 hours never brings back a secret that was ended.
 */
export const derivedSecretBytes = (key: Uint8Array, seed: Uint8Array, createdAt: number): Uint8Array =>
  hmacSha256(key).update(seed).update(String(createdAt)).digest();
