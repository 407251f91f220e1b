// The revocation feed as it is sent: {v: 1, iss, iat, jti: [], sid: [], clients: {id: epoch}, kids: []} (docs/revocation.md).
import { hash } from 'node:crypto';

export type FeedDocument = {
  /** Epoch seconds at which the issuer read its table. */
  readonly iat: number;
  readonly jti: readonly string[];
  readonly sid: readonly string[];
  /** Tokens of a lower epoch are revoked. */
  readonly clients: readonly (readonly [id: string, epoch: number])[];
  readonly kids: readonly string[];
};

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
  const { iat, jti, sid, kids } = feed;
  const clients = epochsIn(feed['clients']);
  if (!isCount(iat) || !isIdList(jti) || !isIdList(sid) || !isIdList(kids) || clients === undefined) return undefined;
  return { iat, jti, sid, kids, clients };
}

function epochsIn(clients: unknown): FeedDocument['clients'] | undefined {
  if (typeof clients !== 'object' || clients === null || Array.isArray(clients)) return undefined;
  const epochs: readonly [string, unknown][] = Object.entries(clients);
  return epochs.every((entry): entry is [string, number] => isId(entry[0]) && isCount(entry[1])) ? epochs : undefined;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
/** An id of another form would never match anything: a feed that has one is not understood. */
const isId = (value: unknown): value is string => typeof value === 'string' && /^[\w-]{22}$/.test(value);
const isIdList = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isId);
