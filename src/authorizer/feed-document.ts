// The revocation feed as it is sent: {v: 1, iss, iat, jti: [], sid: [], clients: {id: epoch}, kids: []} (docs/revocation.md).
import { hash } from 'node:crypto';

export type FeedLists = {
  readonly jti: readonly string[];
  readonly sid: readonly string[];
  /** Tokens of a lower epoch are revoked. */
  readonly clients: readonly (readonly [id: string, epoch: number])[];
  readonly kids: readonly string[];
  /** Denied certificates; left out where there are none. */
  readonly certs?: readonly string[];
};
/** `iat`: epoch seconds at which the issuer read its table. */
export type FeedDocument = FeedLists & { readonly iat: number };

/** Characters of an id that carry 126 of its 128 bits; the last carries the other two, above four zeros. */
const FULL_CHARACTERS = 21;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const LAST_CHARACTERS = 'AQgw';

/**
 * How the feed names a jti, sid, client or kid: the first 128 bits of its SHA-256, base64url. Cut out of the whole digest's
 * text, which is three times as fast as out of its bytes.
 */
export function feedId(text: string): string {
  const digest = hash('sha256', text, 'base64url');
  return digest.slice(0, FULL_CHARACTERS) + LAST_CHARACTERS.charAt(ALPHABET.indexOf(digest.charAt(FULL_CHARACTERS)) >> 4);
}

/** The feed in `text`; undefined when it is cut short, another issuer's, of an unknown version or otherwise not this. */
export function parseFeed(text: string, issuer: string): FeedDocument | undefined {
  const feed = parseObject(text);
  if (feed?.['v'] !== 1 || feed['iss'] !== issuer) return undefined;
  const { iat, certs = [] } = feed;
  const lists = { jti: feed['jti'], sid: feed['sid'], kids: feed['kids'], certs };
  const clients = epochsIn(feed['clients']);
  return isCount(iat) && areIdLists(lists) && clients ? { iat, ...lists, clients } : undefined;
}

type IdLists = Required<Omit<FeedLists, 'clients'>>;
const areIdLists = (lists: { readonly [name in keyof IdLists]: unknown }): lists is IdLists => Object.values(lists).every(isIdList);

export function epochsIn(clients: unknown): FeedLists['clients'] | undefined {
  if (typeof clients !== 'object' || clients === null || Array.isArray(clients)) return undefined;
  const epochs: readonly [string, unknown][] = Object.entries(clients);
  return epochs.every((entry): entry is [string, number] => isId(entry[0]) && isCount(entry[1])) ? epochs : undefined;
}

export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
/** An id of another form would never match anything: a feed that has one is not understood. */
const isId = (value: unknown): value is string => typeof value === 'string' && /^[\w-]{22}$/.test(value);
export const isIdList = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isId);
