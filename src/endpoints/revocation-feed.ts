/**
 * The revocation feed (docs/revocation.md): everything revoked that still matters, for authorizers that check tokens locally.
 * Built from an index that may lag and be read by several environments, so each read goes a minute behind its last one, some further,
 * and entries are only ever added until they no longer matter: an un-revoke cannot happen. Ids are told by digest: a reader learns
 * nothing it could present.
 */
import { Outage } from '../outage.ts';
import { describeError, log } from '../telemetry/log.ts';
import type { PreparedDocument } from './document.ts';
import { CLOCKS_SECONDS, createFeedDocuments, type FeedRequest, type PageSizes } from './feed-documents.ts';
import { createFeedMemory } from './feed-memory.ts';
import type { FeedEntry, FeedStore } from './stores.ts';

/** Read again when older than this; what callers get is at most this old plus the time of a read. */
const REREAD_MS = 1_000;
/** An index lags and clocks differ: every read goes this far behind the last. */
const OVERLAP_MS = 60_000;
/** And one in 30 s this far: a minute of lag, two clocks a minute wrong each, and a write under way. */
const WIDE_OVERLAP_MS = 200_000;
const WIDE_EVERY_MS = 30_000;
/** Longer than anything but a key can matter: the longest access token (1 h) with every margin. */
const HORIZON_MS = 2 * 3600 * 1000;
/** A new environment reads the horizon in parts beside each other: 100,000 entries are a dozen pages of the index. */
const PARTS = 8;
/** What is over is dropped this often; it harms nobody meanwhile. */
const FORGET_EVERY_MS = 10_000;
/** From here on an operator should know (lib/alarms.ts finds the line). */
const LARGE = 100_000;

export interface FeedReader {
  /**
   * The document for `request`, of an index that was read within the last second (or is out of reach: then with its own age).
   * @param nowMs epoch milliseconds. Throws `Outage` where nothing has been read yet, or where the whole does not fit one answer.
   */
  answer(request: FeedRequest, nowMs: number): Promise<PreparedDocument>;
}

export function createFeedReader(issuer: string, store: FeedStore, sizes?: PageSizes): FeedReader {
  const memory = createFeedMemory();
  const documents = createFeedDocuments(issuer, memory, sizes);
  let readAtMs: number | undefined;
  let wideAtMs = -Infinity;
  let forgottenAtMs = -Infinity;
  let reading: Promise<void> | undefined;

  const read = async (nowMs: number): Promise<void> => {
    const wide = nowMs - wideAtMs >= WIDE_EVERY_MS;
    const sinceMs = wide ? wideAtMs - WIDE_OVERLAP_MS : (readAtMs ?? nowMs) - OVERLAP_MS;
    const entries = readAtMs === undefined ? await readAll(store, nowMs) : await store.since(sinceMs);
    for (const entry of entries) memory.add(entry);
    if (nowMs - forgottenAtMs >= FORGET_EVERY_MS) {
      memory.forget(Math.floor(nowMs / 1000) - CLOCKS_SECONDS);
      forgottenAtMs = nowMs;
    }
    readAtMs = nowMs;
    if (wide) wideAtMs = nowMs;
    if (wide && memory.size > LARGE) log('WARN', 'the revocation feed is large', { detail: { entries: memory.size } });
    documents.refreshed(Math.floor(nowMs / 1000));
  };

  return {
    async answer(request, nowMs) {
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
      return documents.answer(request);
    },
  };
}

/** Everything that may still matter. Keys stay distrusted and certificates denied for longer than the horizon, so those come from their own partitions. */
async function readAll(store: FeedStore, nowMs: number): Promise<readonly FeedEntry[]> {
  const edge = (part: number): number => nowMs - HORIZON_MS + (part * HORIZON_MS) / PARTS;
  const parts = Array.from({ length: PARTS }, (_, part) => store.since(edge(part), part === PARTS - 1 ? undefined : edge(part + 1)));
  return (await Promise.all([store.distrustedKeys(), store.deniedCertificates(), ...parts])).flat();
}
