// Generated secrets: format, digest and comparison. A 256-bit random secret needs no slow hash; a keyed digest keeps a table
// dump useless (decision 0006).
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { SecretDigest } from '../clients/client.ts';

/** Lets secret scanners recognise a leaked secret. */
export const CLIENT_SECRET_PREFIX = 'm2m_cs_';
const SECRET_BYTES = 32;
const CHECKSUM_CHARACTERS = 6;

/**
 * `m2m_cs_` + 43 characters (256 bits, base64url) + 6 characters of checksum, so that a mistyped secret is told from a wrong one.
 * @param random 32 fresh random bytes.
 */
export function formatClientSecret(random: Uint8Array): string {
  if (random.length !== SECRET_BYTES) throw new TypeError(`a client secret is made of ${SECRET_BYTES} bytes`);
  const body = CLIENT_SECRET_PREFIX + Buffer.from(random).toString('base64url');
  return body + checksum(body);
}

/** Whether the text is a secret of ours without a typing error. Says nothing about whose it is. */
export function isWellFormedClientSecret(text: string): boolean {
  if (!/^m2m_cs_[A-Za-z0-9_-]{49}$/.test(text)) return false;
  const body = text.slice(0, -CHECKSUM_CHARACTERS);
  return checksum(body) === text.slice(-CHECKSUM_CHARACTERS);
}

const checksum = (body: string): string => createHash('sha256').update(body).digest('base64url').slice(0, CHECKSUM_CHARACTERS);

/** base64url of HMAC-SHA-256(pepper, secret). */
export const digestClientSecret = (pepper: Uint8Array, secret: string): string =>
  createHmac('sha256', pepper).update(secret).digest('base64url');

/** A digest that no secret has: compared where there is no client or no live secret, so that both cases take the same time. */
const NOBODYS: SecretDigest = { id: '-', pepper: '-', digest: Buffer.alloc(32).toString('base64url'), created_at: 0 };
const MAX_COMPARISONS = 5;

/**
 * The live credential that the secret proves, or undefined. Always makes the same number of digests and comparisons, whether
 * or not the client exists and whichever of its secrets matches (OWASP: same answer, same time).
 * @param peppers the derived digest key of each ring key that the secrets name; a secret whose pepper is missing never matches.
 * @param now epoch seconds; an expired secret does not match.
 */
export function matchClientSecret(
  presented: string,
  secrets: readonly SecretDigest[],
  peppers: ReadonlyMap<string, Uint8Array>,
  now: number,
): SecretDigest | undefined {
  let matched: SecretDigest | undefined;
  for (let index = 0; index < MAX_COMPARISONS; index += 1) {
    const candidate = secrets[index] ?? NOBODYS;
    const pepper = peppers.get(candidate.pepper);
    const digest = createHmac('sha256', pepper ?? NOBODYS.digest).update(presented).digest();
    const stored = Buffer.from(candidate.digest, 'base64url');
    const equal = timingSafeEqual(digest, stored.length === digest.length ? stored : Buffer.alloc(digest.length));
    const live = pepper !== undefined && (candidate.expires_at === undefined || candidate.expires_at > now);
    if (equal && live) matched ??= candidate;
  }
  return matched;
}
