// The issuer's side of the feed with a given number of live revocations, read through a store in memory; the rest is what is deployed.
import { feedRequestFrom } from '../../src/endpoints/feed-documents.ts';
import { createFeedReader } from '../../src/endpoints/revocation-feed.ts';
import type { FeedEntry } from '../../src/endpoints/stores.ts';

export type LiveFeed = {
  /** Puts together and answers `GET /revocations` with `query`. @param nowMs epoch milliseconds. */
  answer(query: string, nowMs: number): Promise<string>;
  revoke(id: string, nowMs: number): void;
};

/** @param live spread evenly over the hour before `nowMs`, each for another hour, as tokens of an hour revoked at once. */
export function startLiveFeed(issuer: string, live: number, nowMs: number): LiveFeed {
  const written: FeedEntry[] = [];
  const revoke = (id: string, atMs: number): void => {
    written.push({ kind: 'jti', id, atMs, until: Math.floor(atMs / 1000) + 3660 });
  };
  for (let index = 0; index < live; index++) revoke(liveId(index), nowMs - 3_600_000 + (index * 3_600_000) / live);
  const reader = createFeedReader(issuer, {
    since: (sinceMs, beforeMs = Infinity) => Promise.resolve(between(written, sinceMs, beforeMs)),
    distrustedKeys: () => Promise.resolve([]),
    deniedCertificates: () => Promise.resolve([]),
  });
  return { revoke, answer: async (query, atMs) => (await reader.answer(feedRequestFrom(query), atMs)).text };
}

export const liveId = (index: number): string => `revoked-token-${index}-of-the-bench`;

/** `written` is in the order of time: what an index would find without looking at the rest. */
function between(written: readonly FeedEntry[], sinceMs: number, beforeMs: number): readonly FeedEntry[] {
  let start = written.length;
  while (start > 0 && (written[start - 1]?.atMs ?? 0) >= sinceMs) start -= 1;
  return written.slice(start).filter(({ atMs }) => atMs < beforeMs);
}
