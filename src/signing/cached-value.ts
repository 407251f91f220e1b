/**
 * A value that is fetched when needed and kept for a while: the key ring, the secret ring. Nothing runs in the background,
 * because Lambda freezes between calls. All callers share one fetch; a failed first fetch is forgotten at once; a value that
 * was there once outlives an outage of where it comes from. Times: epoch seconds.
 */
import { Outage } from '../outage.ts';

/** A stale value waits that long for its successor: several times what a healthy call takes, and far below our deadline. */
const STALE_WAIT_MS = 300;
/** While the source is down, stale values are served at once and the source is asked again this often. */
const RETRY_PAUSE_SECONDS = 5;
/** Somebody naming an unknown id may cause one fetch in this time (SECURITY 43: else strangers could cause one each). */
const REFETCH_PAUSE_SECONDS = 30;

export type CachedValue<T> = {
  /** The value, at most `maxAgeSeconds` old unless its source is out. Throws only when there is none to serve. */
  get(now: number): Promise<T>;
  /** The value, fetched again unless that was done within 30 s. Throws when the latest fetch failed: then nobody can know. */
  refetch(now: number): Promise<T>;
  /** What is held now, however old. */
  held(): T | undefined;
  /** Puts a value that the caller knows to be newer. */
  hold(value: T, now: number): void;
};

export type CachedValueOptions<T> = {
  readonly fetch: () => Promise<T>;
  readonly maxAgeSeconds: number;
  /** A value that is not worth keeping is answered, and fetched again by the next call. */
  readonly isWorthKeeping?: (value: T) => boolean;
};

export function createCachedValue<T>({ fetch, maxAgeSeconds, isWorthKeeping = () => true }: CachedValueOptions<T>): CachedValue<T> {
  let kept: { readonly value: T; readonly at: number } | undefined;
  let failure: { readonly error: unknown; readonly at: number } | undefined;
  let flight: Promise<T> | undefined;
  let refetchedAt = -Infinity;

  const hold = (value: T, now: number): void => {
    failure = undefined;
    if (isWorthKeeping(value)) kept = { value, at: now };
  };

  const fetchNow = async (now: number): Promise<T> => {
    try {
      const value = await fetch();
      hold(value, now);
      return value;
    } catch (error) {
      failure = { error, at: now };
      throw error;
    }
  };
  const sharedFetch = (now: number): Promise<T> => {
    flight ??= fetchNow(now).finally(() => {
      flight = undefined;
    });
    return flight;
  };

  return {
    async get(now) {
      if (kept === undefined) return sharedFetch(now);
      if (now - kept.at < maxAgeSeconds) return kept.value;
      if (failure !== undefined && now - failure.at < RETRY_PAUSE_SECONDS) return servedStale(kept.value, failure.error);
      return freshOrStale(sharedFetch(now), kept.value);
    },
    async refetch(now) {
      if (flight !== undefined) return flight;
      if (now - refetchedAt >= REFETCH_PAUSE_SECONDS) {
        refetchedAt = now;
        return sharedFetch(now);
      }
      if (failure !== undefined) throw failure.error;
      return kept === undefined ? sharedFetch(now) : kept.value;
    },
    held: () => kept?.value,
    hold,
  };
}

async function freshOrStale<T>(fresh: Promise<T>, stale: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(() => {
      resolve(stale);
    }, STALE_WAIT_MS);
  });
  try {
    return await Promise.race([fresh, late]);
  } catch (error) {
    return servedStale(stale, error);
  } finally {
    clearTimeout(timer);
  }
}

/** An outage says nothing against the old value; anything else (a malformed new one) does. */
function servedStale<T>(stale: T, error: unknown): T {
  if (error instanceof Outage) return stale;
  throw error;
}
