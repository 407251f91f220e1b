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
  /**
   * The value, at most `maxAgeSeconds` old unless its source is out or slow. Throws only when there is none to serve.
   * @param staleMaxSeconds it is younger than that even then; no limit by default.
   */
  get(now: number, staleMaxSeconds?: number): Promise<T>;
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
  let kept: { readonly value: T; readonly at: number; readonly order: number } | undefined;
  let failure: { readonly error: unknown; readonly at: number } | undefined;
  let flight: { readonly done: Promise<T>; readonly at: number } | undefined;
  let refetchedAt = -Infinity;
  let begun = 0;

  const keep = (value: T, at: number, order: number): void => {
    failure = undefined;
    // One that was given up for lost may come after its successor. No clock says which is which: it may have stepped back.
    if (isWorthKeeping(value) && order >= (kept?.order ?? 0)) kept = { value, at, order };
  };

  const fetchNow = async (now: number): Promise<T> => {
    const order = ++begun;
    try {
      const value = await fetch();
      keep(value, now, order);
      return value;
    } catch (error) {
      failure = { error, at: now };
      throw error;
    }
  };
  /** What it brings is as old as its start, which a freeze may have put hours back. */
  const underWay = (now: number): Promise<T> | undefined =>
    flight !== undefined && elapsed(flight.at, now) < maxAgeSeconds ? flight.done : undefined;
  const sharedFetch = (now: number): Promise<T> => {
    const current = underWay(now);
    if (current !== undefined) return current;
    const done = fetchNow(now).finally(() => {
      if (flight?.done === done) flight = undefined;
    });
    flight = { done, at: now };
    return done;
  };

  return {
    async get(now, staleMaxSeconds = Infinity) {
      if (kept === undefined) return sharedFetch(now);
      const age = elapsed(kept.at, now);
      if (age < maxAgeSeconds) return kept.value;
      if (age >= staleMaxSeconds) return sharedFetch(now);
      if (failure !== undefined && elapsed(failure.at, now) < RETRY_PAUSE_SECONDS) return servedStale(kept.value, failure.error);
      return freshOrStale(sharedFetch(now), kept.value);
    },
    async refetch(now) {
      const current = underWay(now);
      if (current !== undefined) return current;
      if (elapsed(refetchedAt, now) >= REFETCH_PAUSE_SECONDS) {
        refetchedAt = now;
        return sharedFetch(now);
      }
      if (failure !== undefined) throw failure.error;
      return kept === undefined ? sharedFetch(now) : kept.value;
    },
    held: () => kept?.value,
    hold(value, now) {
      // What the caller began with may be older than what has come meanwhile.
      if (now >= (kept?.at ?? -Infinity)) keep(value, now, ++begun);
    },
  };
}

/** Behind a clock that has stepped back nobody knows how long: longer than any limit, and no reason to serve nothing in an outage. */
const elapsed = (at: number, now: number): number => (now < at ? Number.MAX_SAFE_INTEGER : now - at);

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
