/**
 * Refresh tokens are derived, not stored: `m2m_rt_<key id>.<client_id>.<generation>.<handle>.<mac>`.
 * `handle` is 256 random bits per session that the service never stores; the session id is a digest of it, so a table dump makes
 * no token; `mac` is under a key of the ring, so a handle alone makes none either. Everything here is pure: a token that fails
 * `parseRefreshToken` or `isAuthentic` is refused without touching storage.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { CLIENT_ID_PATTERN } from '../clients/client.ts';
import { hmacSha256 } from './hmac.ts';

export const REFRESH_TOKEN_PREFIX = 'm2m_rt_';
const HANDLE_BYTES = 32;
const SID_BYTES = 16;
const GENERATION_MAX = 999_999_999;
const PATTERN = /^m2m_rt_(k[1-9][0-9]{0,8})\.([A-Za-z0-9_-]{1,64})\.([1-9][0-9]{0,8})\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})$/;

export type RefreshToken = {
  /** Ring key of the MAC. */
  readonly keyId: string;
  readonly clientId: string;
  /** Position in the session's chain, from 1. */
  readonly generation: number;
  /** base64url of 256 random bits, the same along the whole chain. */
  readonly handle: string;
};
export type PresentedRefreshToken = RefreshToken & { readonly mac: string };

/** The parts of a token of our form, or undefined. Proves nothing yet: see `isAuthentic`. */
export function parseRefreshToken(text: string): PresentedRefreshToken | undefined {
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  const [, keyId = '', clientId = '', generation = '', handle = '', mac = ''] = match;
  // One spelling for each value: the spare bits of the last base64url character must be zero.
  if (!isCanonical(handle) || !isCanonical(mac) || !CLIENT_ID_PATTERN.test(clientId)) return undefined;
  return { keyId, clientId, generation: Number(generation), handle, mac };
}

const isCanonical = (text: string): boolean => Buffer.from(text, 'base64url').toString('base64url') === text;

/** The token itself. @param macKey the ring key's `refresh-token-mac` derivation. */
export function formatRefreshToken(token: RefreshToken, macKey: Uint8Array): string {
  if (token.generation < 1 || token.generation > GENERATION_MAX) throw new RangeError('refresh token generation out of range');
  return `${REFRESH_TOKEN_PREFIX}${token.keyId}.${token.clientId}.${token.generation}.${token.handle}.${mac(token, macKey)}`;
}

/** Whether we made this token: its MAC is ours over exactly its fields, compared in constant time. */
export function isAuthentic(token: PresentedRefreshToken, macKey: Uint8Array): boolean {
  const expected = Buffer.from(mac(token, macKey));
  const presented = Buffer.from(token.mac);
  return expected.length === presented.length && timingSafeEqual(expected, presented);
}

/** HMAC-SHA-256 over the length-prefixed fields, so that no two different tokens feed it the same bytes. */
function mac(token: RefreshToken, macKey: Uint8Array): string {
  const hmac = hmacSha256(macKey);
  for (const field of [token.keyId, token.clientId, String(token.generation), token.handle]) {
    hmac.update(`${Buffer.byteLength(field)}:`).update(field);
  }
  return hmac.digest('base64url');
}

/** @param random 32 fresh random bytes. */
export function newHandle(random: Uint8Array): string {
  if (random.length !== HANDLE_BYTES) throw new TypeError(`a handle is made of ${HANDLE_BYTES} bytes`);
  return Buffer.from(random).toString('base64url');
}

/** The session that a handle belongs to: the first 128 bits of SHA-256(handle), base64url. */
export const sidOf = (handle: string): string =>
  createHash('sha256').update(Buffer.from(handle, 'base64url')).digest().subarray(0, SID_BYTES).toString('base64url');
