/**
 * Keys that others publish (RFC 7517 section 5), kept in memory: fetched inside requests, never twice at once, again when a token names a
 * key that is not among them, and used for a while longer when their host is down.
 */
import type { FetchPublicDocument, JwksFault, JwksSource } from '../endpoints/stores.ts';
import { Outage } from '../outage.ts';
import { ok, refuse, type Result } from '../result.ts';
import { keysInDocument, type RsaAlgorithm, type VerificationKeys } from '../tokens/jwks.ts';

const MAX_AGE_DEFAULT_SECONDS = 300;
/** Whatever Cache-Control says: not asked for more often than this, nor kept for longer. */
const MAX_AGE_RANGE_SECONDS = { min: 60, max: 3600 } as const;
/** Strangers who name unknown keys cost the publisher one fetch in this time. */
const UNKNOWN_KID_PAUSE_MS = 30_000;
/** After a failure nobody waits for the next one. */
const FAILURE_PAUSE_MS = 10_000;
/** What was published last counts for so long while nothing newer can be had. */
const STALE_MAX_MS = 3600 * 1000;
/** Of one execution environment; the one that was not asked for the longest is forgotten first. */
const SOURCES_MAX = 500;

type Answer = Result<VerificationKeys, JwksFault>;
type KeysAt = (kid: string, nowMs: number) => Promise<Answer>;

export function createJwksSource(fetchDocument: FetchPublicDocument): JwksSource {
  const sources = new Map<string, KeysAt>();
  return {
    keys({ url, kid, rsaAlgorithm }, nowMs) {
      const name = `${rsaAlgorithm} ${url}`;
      const source = sources.get(name) ?? keysBehind(url, rsaAlgorithm, fetchDocument);
      // A Map is in the order of its puts: the one used last goes to the end.
      sources.delete(name);
      sources.set(name, source);
      const [oldest = name] = sources.keys();
      if (sources.size > SOURCES_MAX) sources.delete(oldest);
      return source(kid, nowMs);
    },
  };
}

function keysBehind(url: string, rsaAlgorithm: RsaAlgorithm, fetchDocument: FetchPublicDocument): KeysAt {
  let held: { readonly keys: VerificationKeys; readonly loadedMs: number; readonly freshUntilMs: number } | undefined;
  let failed: { readonly why: JwksFault | Outage; readonly atMs: number } | undefined;
  let soughtMs = -Infinity;
  let flight: Promise<void> | undefined;

  const load = async (nowMs: number): Promise<void> => {
    soughtMs = nowMs;
    const document = await fetchDocument(url);
    const keys = document.ok ? keysInDocument(document.value.body, rsaAlgorithm) : undefined;
    if (keys === undefined) {
      failed = { why: document.ok ? 'not_a_jwks' : document.failure, atMs: nowMs };
      return;
    }
    const { min, max } = MAX_AGE_RANGE_SECONDS;
    const maxAgeSeconds = document.ok ? (document.value.maxAgeSeconds ?? MAX_AGE_DEFAULT_SECONDS) : 0;
    held = { keys, loadedMs: nowMs, freshUntilMs: nowMs + Math.min(Math.max(maxAgeSeconds, min), max) * 1000 };
    failed = undefined;
  };

  const isDue = (kid: string, nowMs: number): boolean => {
    if (failed !== undefined && nowMs - failed.atMs < FAILURE_PAUSE_MS) return false;
    if (held === undefined || nowMs >= held.freshUntilMs) return true;
    const isHeld = kid === '' ? held.keys.size > 0 : held.keys.has(kid);
    return !isHeld && nowMs - soughtMs >= UNKNOWN_KID_PAUSE_MS;
  };

  return async (kid, nowMs) => {
    if (isDue(kid, nowMs)) {
      flight ??= load(nowMs)
        .catch((error: unknown) => {
          failed = { why: error instanceof Outage ? error : new Outage('outbound:GET', { cause: error }), atMs: nowMs };
        })
        .finally(() => {
          flight = undefined;
        });
      await flight;
    }
    if (held !== undefined && nowMs - held.loadedMs <= STALE_MAX_MS) return ok(held.keys);
    const why = failed?.why ?? 'not_a_jwks';
    if (why instanceof Outage) throw why;
    return refuse(why);
  };
}
