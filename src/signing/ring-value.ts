/**
 * The ring's stored form: a JSON object whose members `k1`, `k2`, ... are key strings of at least 32 bytes, and whose optional
 * member `not_before` says from when (epoch seconds) a key mints; absent = from always. Other members are ignored.
 */
import { hkdfSync } from 'node:crypto';
import { ConfigurationError } from '../environment.ts';

export type RingUse =
  | 'refresh-token-mac'
  | 'client-secret-digest'
  | 'api-key-digest'
  | 'idempotent-secret'
  | 'successor-secret'
  | 'dpop-nonce'
  | 'issued-token-seal';
export type Ring = {
  /** Id of the newest key that may mint. */
  currentId(now: number): string;
  /** The 32-byte key for one use (RFC 5869, SHA-256, no salt: the key strings are uniformly random); undefined: no such id. */
  derivedKey(id: string, use: RingUse): Uint8Array | undefined;
};

/** The variable that names the ring, for whoever has to mend it. */
const VARIABLE = 'RING_SECRET_ARN';
export const RING_KEY_ID_PATTERN = /^k[1-9][0-9]{0,8}$/;
const KEY_BYTES_MIN = 32;
const DERIVED_KEY_BYTES = 32;

type Entry = { readonly id: string; readonly key: Buffer; readonly notBefore: number };

/** @throws ConfigurationError for anything else than a ring with at least one key. The message never shows a value. */
export function parseRing(text: string): Ring {
  const object = jsonObject(text);
  const times = notBeforeOf(object);
  const names = Object.keys(object).filter((name) => RING_KEY_ID_PATTERN.test(name));
  const entries = names.map((id): Entry => ({ id, key: keyOf(object, id), notBefore: times.get(id) ?? 0 })).toSorted(newestFirst);
  if (entries.length === 0) throw malformed('holds no key');
  return ringOf(entries);
}

function ringOf(entries: readonly Entry[]): Ring {
  const keys = new Map(entries.map(({ id, key }) => [id, key]));
  const derived = new Map<string, Uint8Array>();
  return {
    currentId(now) {
      const current = entries.find(({ notBefore }) => notBefore <= now);
      if (current === undefined) throw malformed('holds no key that may mint yet');
      return current.id;
    },
    derivedKey(id, use) {
      const key = keys.get(id);
      if (key === undefined) return undefined;
      const info = `m2m-auth/${use}/${id}`;
      const known = derived.get(info);
      if (known !== undefined) return known;
      const made = new Uint8Array(hkdfSync('sha256', key, '', info, DERIVED_KEY_BYTES));
      derived.set(info, made);
      return made;
    },
  };
}

function jsonObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Told below, without the parser's message: it would quote the secret.
  }
  throw malformed('is not a JSON object');
}

function notBeforeOf(object: Readonly<Record<string, unknown>>): ReadonlyMap<string, number> {
  const value = Object.hasOwn(object, 'not_before') ? object['not_before'] : {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('has a not_before that is no object');
  const times = Object.entries(value);
  if (!times.every((entry): entry is [string, number] => Number.isSafeInteger(entry[1])))
    throw malformed('has a not_before that is no whole number');
  return new Map(times);
}

function keyOf(object: Readonly<Record<string, unknown>>, id: string): Buffer {
  const value = object[id];
  if (typeof value !== 'string' || Buffer.byteLength(value) < KEY_BYTES_MIN)
    throw malformed(`holds a key ${id} of less than ${KEY_BYTES_MIN} bytes`);
  return Buffer.from(value);
}

const newestFirst = (a: Entry, b: Entry): number => Number(b.id.slice(1)) - Number(a.id.slice(1));
const malformed = (what: string): ConfigurationError => new ConfigurationError(VARIABLE, `names a ring that ${what}`);
