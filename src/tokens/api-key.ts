/**
 * API keys: `m2m_ak_<id>_<secret>`, for callers that can send a header and nothing more. The id names the client, so that a key alone
 * says whose it is and nobody has to look that up (decision 0013). Everything here is pure and proves nothing but form, except
 * `provesApiKey`.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { CLIENT_ID_PATTERN } from '../clients/client.ts';
import { hmacSha256 } from './hmac.ts';

/** Lets secret scanners recognise a leaked key. */
export const API_KEY_PREFIX = 'm2m_ak_';
const HANDLE_BYTES = 12;
const SECRET_BYTES = 32;
const CHECKSUM_CHARACTERS = 6;
/** 24 hexadecimal digits, `-`, the client's id: longer than any `sid` of a session, so that the two are never taken for each other. */
export const API_KEY_ID_PATTERN = /^[0-9a-f]{24}-([A-Za-z0-9_-]{1,64})$/;
/** Id and secret are told apart by the secret's length, since a client's id may hold what separates them. */
const PATTERN = /^m2m_ak_([0-9a-f]{24}-[A-Za-z0-9_-]{1,64})_[A-Za-z0-9_-]{49}$/;

export type ApiKeyName = {
  /** Of the key. Public: it is in the tokens that the key gets, as their `sid`. */
  readonly id: string;
  readonly clientId: string;
};

/** @param bytes 12 that are random, or derived from an Idempotency-Key. */
export function apiKeyIdFrom(bytes: Uint8Array, clientId: string): string {
  if (bytes.length !== HANDLE_BYTES || !CLIENT_ID_PATTERN.test(clientId))
    throw new TypeError("an API key's id is 12 bytes and a client's id");
  return `${Buffer.from(bytes).toString('hex')}-${clientId}`;
}

/** Whether the text is the id of an API key, which a session's `sid` never is. */
export const isApiKeyId = (text: string): boolean => API_KEY_ID_PATTERN.test(text);

/**
 * Prefix, id and 43 characters (256 bits, base64url) with 6 characters of checksum, so that a mistyped key is told from a wrong one.
 * @param secret 32 bytes.
 */
export function formatApiKey(id: string, secret: Uint8Array): string {
  if (!isApiKeyId(id) || secret.length !== SECRET_BYTES) throw new TypeError(`an API key is made of its id and ${SECRET_BYTES} bytes`);
  const body = `${API_KEY_PREFIX}${id}_${Buffer.from(secret).toString('base64url')}`;
  return body + checksum(body);
}

/** Whose key the text says it is; undefined for what is no key of ours, or has a typing error. */
export function parseApiKey(text: string): ApiKeyName | undefined {
  const id = PATTERN.exec(text)?.[1];
  const clientId = API_KEY_ID_PATTERN.exec(id ?? '')?.[1];
  if (id === undefined || clientId === undefined) return undefined;
  return checksum(text.slice(0, -CHECKSUM_CHARACTERS)) === text.slice(-CHECKSUM_CHARACTERS) ? { id, clientId } : undefined;
}

const checksum = (body: string): string => createHash('sha256').update(body).digest('base64url').slice(0, CHECKSUM_CHARACTERS);

/** base64url of HMAC-SHA-256(pepper, the whole key). */
export const digestApiKey = (pepper: Uint8Array, key: string): string => digestOf(pepper, key).toString('base64url');

const digestOf = (pepper: Uint8Array, key: string): Buffer => hmacSha256(pepper).update(key).digest();

/** Stands for what is missing, so that an unknown key takes as long as a wrong one. */
const NOTHING = Buffer.alloc(32);

/** Whether this is the key that the digest was made of, compared in constant time. @param pepper undefined = it is lost: no key matches. */
export function provesApiKey(key: string, pepper: Uint8Array | undefined, digest: string | undefined): boolean {
  const stored = Buffer.from(digest ?? '', 'base64url');
  const equal = timingSafeEqual(digestOf(pepper ?? NOTHING, key), stored.length === NOTHING.length ? stored : NOTHING);
  return equal && pepper !== undefined && digest !== undefined;
}
