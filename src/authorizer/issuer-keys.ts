/**
 * The issuer's keys by its JWKS (RFC 7517), kept in memory: refreshed inside requests, never more than one fetch at a time,
 * and still used for a day while the issuer is down.
 */
import { Outage } from '../outage.ts';
import { importVerificationKey, type VerificationKey } from '../tokens/jwk.ts';
import type { FetchDocument } from './issuer-document.ts';
import { createSingleFlight, waitAtMost } from './single-flight.ts';

export type Keys = ReadonlyMap<string, VerificationKey>;
export type KeySource = {
  /** Refreshes what is remembered if it is time; answers what is worth waiting for, undefined when there is nothing. */
  prepare(nowMs: number): Promise<void> | undefined;
  /** What is in memory; throws `Outage` when that cannot be relied on. */
  held(nowMs: number): Keys;
  /** The keys once more, because `kid` is not among those in memory. */
  lookFor(kid: string, nowMs: number): Promise<Keys>;
};

const MAX_AGE_DEFAULT_SECONDS = 300;
/** Whatever Cache-Control says: not asked for more often than this, nor kept for longer. */
const MAX_AGE_RANGE_SECONDS = { min: 60, max: 3600 } as const;
/** Strangers who name unknown keys cost the issuer one fetch in this time (SECURITY 43). */
const UNKNOWN_KID_PAUSE_MS = 30_000;
const STALE_MAX_MS = 24 * 3600 * 1000;
const WAIT_WITH_KEYS_MS = 150;
const WAIT_WITHOUT_KEYS_MS = 1_000;
const FETCH_TIMEOUT_MS = 2_000;
const PAUSE_AFTER_FAILURE_MS = 1_000;
/** A JWKS of ours has at most ten. */
const KEYS_MAX = 100;

export type IssuerKeysOptions = { readonly issuer: string; readonly fetchDocument: FetchDocument };

export function createIssuerKeys({ issuer, fetchDocument }: IssuerKeysOptions): KeySource {
  let keys: Keys = new Map();
  let etag: string | undefined;
  /** When the keys in memory were last the issuer's, and until when they need no refreshing. */
  let loadedMs = -Infinity;
  let freshUntilMs = -Infinity;
  let soughtMs = -Infinity;

  const read = async (nowMs: number): Promise<void> => {
    soughtMs = nowMs;
    const document = await fetchDocument({ url: `${issuer}/.well-known/jwks.json`, etag, timeoutMs: FETCH_TIMEOUT_MS });
    if (document.text !== undefined) {
      keys = keysIn(document.text);
      etag = document.etag;
    }
    const { min, max } = MAX_AGE_RANGE_SECONDS;
    const maxAgeSeconds = Math.min(Math.max(document.maxAgeSeconds ?? MAX_AGE_DEFAULT_SECONDS, min), max);
    loadedMs = nowMs;
    freshUntilMs = nowMs + maxAgeSeconds * 1000;
  };
  const flight = createSingleFlight({ run: read, abandonAfterMs: FETCH_TIMEOUT_MS, pauseAfterFailureMs: PAUSE_AFTER_FAILURE_MS });
  const isUsable = (nowMs: number): boolean => nowMs - loadedMs <= STALE_MAX_MS;

  return {
    prepare(nowMs) {
      if (nowMs < freshUntilMs) return undefined;
      const work = flight.join(nowMs);
      return work && waitAtMost(work, isUsable(nowMs) ? WAIT_WITH_KEYS_MS : WAIT_WITHOUT_KEYS_MS);
    },
    held(nowMs) {
      if (!isUsable(nowMs)) throw new Outage('issuer:GET /.well-known/jwks.json');
      return keys;
    },
    async lookFor(_kid, nowMs) {
      if (nowMs - soughtMs >= UNKNOWN_KID_PAUSE_MS) {
        const work = flight.join(nowMs);
        if (work !== undefined) await waitAtMost(work, WAIT_WITHOUT_KEYS_MS);
      }
      return keys;
    },
  };
}

/** The usable keys of a JWKS; those of other kinds or for other uses are none of ours (RFC 7517 section 5). */
function keysIn(text: string): Keys {
  const { keys: jwks } = JSON.parse(text) as { keys?: unknown };
  if (!Array.isArray(jwks) || jwks.length > KEYS_MAX) throw new TypeError('the answer is not a JWKS');
  const keys = new Map<string, VerificationKey>();
  const repeated = new Set<string>();
  for (const jwk of jwks) {
    const key = importVerificationKey(jwk);
    if (!key.ok) continue;
    if (keys.has(key.value.kid)) repeated.add(key.value.kid);
    keys.set(key.value.kid, key.value);
  }
  // Two keys of one name: which of them signed cannot be told, so neither is trusted.
  for (const kid of repeated) keys.delete(kid);
  return keys;
}
