/**
 * The revocation feed (docs/revocation.md): everything revoked that still matters, for authorizers that check tokens locally.
 * Built from an index that may lag and be read by several environments, so each read goes a minute behind its last one and entries
 * are only ever added until they no longer matter: an un-revoke cannot happen. Ids are told by digest: a reader learns nothing it could
 * present.
 */
import { feedId } from '../authorizer/feed-document.ts';
import { Outage } from '../outage.ts';
import { describeError, log } from '../telemetry/log.ts';
import type { FeedEntry, FeedStore } from './stores.ts';

export type RevocationFeed = {
  readonly v: 1;
  readonly iss: string;
  /** Epoch seconds at which the index was read: the document's age counts from here, wherever it was cached. */
  readonly iat: number;
  readonly jti: readonly string[];
  readonly sid: readonly string[];
  readonly clients: Readonly<Record<string, number>>;
  readonly kids: readonly string[];
};

/** Read again when older than this; what callers get is at most this old plus the time of a read. */
const REREAD_MS = 1_000;
/** An index lags and clocks differ: every read goes this far behind the last. */
const OVERLAP_MS = 60_000;
/** Longer than anything in the feed can matter: the longest access token (1 h) with every margin. */
const HORIZON_MS = 2 * 3600 * 1000;

export interface FeedReader {
  /** @param nowMs epoch milliseconds. Throws `Outage` only where nothing has been read yet. */
  current(nowMs: number): Promise<RevocationFeed>;
}

export function createFeedReader(issuer: string, store: FeedStore): FeedReader {
  const entries = new Map<string, FeedEntry>();
  let readAtMs: number | undefined;
  let reading: Promise<void> | undefined;

  const read = async (nowMs: number): Promise<void> => {
    const sinceMs = readAtMs === undefined ? nowMs - HORIZON_MS : readAtMs - OVERLAP_MS;
    for (const entry of await store.since(sinceMs)) merge(entries, entry);
    const now = Math.floor(nowMs / 1000);
    for (const [key, entry] of entries) if (entry.until <= now) entries.delete(key);
    readAtMs = nowMs;
  };

  return {
    async current(nowMs) {
      if (readAtMs === undefined || nowMs - readAtMs >= REREAD_MS) {
        reading ??= read(nowMs).finally(() => {
          reading = undefined;
        });
        try {
          await reading;
        } catch (error) {
          // What was read before is served with its own age; the authorizers decide when that is too old.
          if (!(error instanceof Outage) || readAtMs === undefined) throw error;
          log('WARN', 'the revocation feed is served from memory', { dependency: error.dependency, error: describeError(error) });
        }
      }
      return compose(issuer, entries.values(), Math.floor((readAtMs ?? nowMs) / 1000));
    },
  };
}

/** Of two epochs of one client the higher is the truth; everything else is the same each time it is read. */
function merge(entries: Map<string, FeedEntry>, entry: FeedEntry): void {
  const key = `${entry.kind}:${entry.id}`;
  const held = entries.get(key);
  if (held === undefined || (entry.epoch ?? 0) > (held.epoch ?? 0) || entry.until > held.until) entries.set(key, entry);
}

function compose(iss: string, entries: Iterable<FeedEntry>, iat: number): RevocationFeed {
  const jti: string[] = [];
  const sid: string[] = [];
  const clients: Record<string, number> = {};
  for (const { kind, id, epoch } of entries) {
    if (kind === 'client') clients[feedId(id)] = epoch ?? 0;
    else (kind === 'jti' ? jti : sid).push(feedId(id));
  }
  return { v: 1, iss, iat, jti, sid, clients, kids: [] };
}
