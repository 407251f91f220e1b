// Generated secrets: format, digest and comparison. A 256-bit random secret needs no slow hash; a keyed digest keeps a table
// dump useless (decision 0006).
import { createHash, timingSafeEqual } from 'node:crypto';
import type { SecretDigest } from '../clients/client.ts';
import { hmacSha256 } from '../tokens/hmac.ts';

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
export const digestClientSecret = (pepper: Uint8Array, secret: string): string => digestOf(pepper, secret).toString('base64url');

const digestOf = (pepper: Uint8Array, secret: string): Buffer => hmacSha256(pepper).update(secret).digest();

/** Compared where there is no client or no live secret: a digest that no secret has, so that both cases take the same time. */
const NOBODYS: SecretDigest = { id: '-', pepper: '-', digest: Buffer.alloc(32).toString('base64url'), created_at: 0 };
/** Stands for a digest that is missing, and for the pepper of digests that are made for their time alone. */
const NO_DIGEST = Buffer.alloc(32);
const COMPARISONS = 5;
/** A client's secrets are made under one pepper, or under two while it is being replaced: always as many digests as for two. */
const DIGESTS_MIN = 2;

/** `expired`: what the secret proved until it ended; for the log alone. */
export type SecretMatch = { readonly live: SecretDigest | undefined; readonly expired: SecretDigest | undefined };

/**
 * The live credential that the secret proves, if any. Always makes the same number of digests and comparisons, whether
 * or not the client exists and whichever of its secrets matches (OWASP: same answer, same time).
 * @param peppers the derived digest key of each ring key that the secrets name; a secret whose pepper is missing never matches.
 * @param now epoch seconds; an expired secret does not match.
 */
export function matchClientSecret(
  presented: string,
  secrets: readonly SecretDigest[],
  peppers: ReadonlyMap<string, Uint8Array>,
  now: number,
): SecretMatch {
  const digests = new Map([...peppers].map(([id, pepper]) => [id, digestOf(pepper, presented)]));
  for (let spare = digests.size; spare < DIGESTS_MIN; spare += 1) digestOf(NO_DIGEST, presented);
  let live: SecretDigest | undefined;
  let expired: SecretDigest | undefined;
  for (let index = 0; index < COMPARISONS; index += 1) {
    const candidate = secrets[index] ?? NOBODYS;
    const digest = digests.get(candidate.pepper);
    const equal = timingSafeEqual(digest ?? NO_DIGEST, storedDigest(candidate));
    if (!equal || digest === undefined) continue;
    if (isLiveSecret(candidate, now)) live ??= candidate;
    else expired ??= candidate;
  }
  return { live, expired };
}

export const isLiveSecret = ({ expires_at: expiresAt }: SecretDigest, now: number): boolean => expiresAt === undefined || expiresAt > now;

function storedDigest({ digest }: SecretDigest): Buffer {
  const stored = Buffer.from(digest, 'base64url');
  return stored.length === NO_DIGEST.length ? stored : NO_DIGEST;
}
