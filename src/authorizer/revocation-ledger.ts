/**
 * What the feeds read so far have revoked. Feeds come from several environments of the issuer over an index that lags, so a
 * later one may lack what an earlier one had: an entry is forgotten only when feeds have been without it for longer than any
 * such lag. Keeping one too long harms nobody, since an issuer never revives what it revoked.
 */
import type { RevocationFault } from './denial.ts';
import { feedId, type FeedDocument } from './feed-document.ts';
import type { RevocationView, VerifiedToken } from './revocation.ts';

const KEPT_AFTER_LAST_SEEN_MS = 300_000;
const SWEEP_EVERY_MS = 60_000;

export type RevocationLedger = RevocationView & {
  /** @param nowMs the reader's own clock, since the issuer's environments may differ in theirs. */
  merge(feed: FeedDocument, nowMs: number): void;
  readonly size: number;
};

/** By id: when a feed last had it, and for clients the highest epoch. */
type Entry = { readonly seenMs: number; readonly epoch: number };
type Lists = { readonly [name in 'jti' | 'sid' | 'clients' | 'kids']: Map<string, Entry> };

export function createRevocationLedger(): RevocationLedger {
  const lists: Lists = { jti: new Map(), sid: new Map(), clients: new Map(), kids: new Map() };
  let sweptMs = 0;

  const sweep = (nowMs: number): void => {
    if (nowMs < sweptMs + SWEEP_EVERY_MS) return;
    sweptMs = nowMs;
    for (const list of Object.values(lists)) {
      for (const [id, { seenMs }] of list) if (seenMs < nowMs - KEPT_AFTER_LAST_SEEN_MS) list.delete(id);
    }
  };

  return {
    merge(feed, nowMs) {
      const seen: Entry = { seenMs: nowMs, epoch: 0 };
      for (const name of ['jti', 'sid', 'kids'] as const) for (const id of feed[name]) lists[name].set(id, seen);
      for (const [id, epoch] of feed.clients)
        lists.clients.set(id, { seenMs: nowMs, epoch: Math.max(epoch, lists.clients.get(id)?.epoch ?? 0) });
      sweep(nowMs);
    },
    faultOf: (token) => faultOf(token, lists),
    get size() {
      return Object.values(lists).reduce((sum, list) => sum + list.size, 0);
    },
  };
}

/** Digests cost more than everything else here: none for an empty list, as most are most of the time, and each one once. */
const FAULTS: readonly (readonly [RevocationFault['reason'], (token: VerifiedToken, lists: Lists) => boolean])[] = [
  ['token_revoked', (token, { jti }) => jti.size > 0 && jti.has((idsOf(token).jti ??= feedId(token.claims.jti)))],
  [
    'session_ended',
    (token, { sid }) => sid.size > 0 && token.claims.sid !== undefined && sid.has((idsOf(token).sid ??= feedId(token.claims.sid))),
  ],
  [
    'epoch_raised',
    (token, { clients }) => clients.size > 0 && token.claims.epoch < (clients.get(clientIdInFeed(token.claims.client_id))?.epoch ?? 0),
  ],
  ['key_distrusted', (token, { kids }) => kids.size > 0 && kids.has(feedId(token.kid))],
];
/** Many tokens, few clients. */
const clientIds = new Map<string, string>();
const CLIENT_IDS_MAX = 1000;

function clientIdInFeed(clientId: string): string {
  const known = clientIds.get(clientId);
  if (known !== undefined) return known;
  if (clientIds.size >= CLIENT_IDS_MAX) clientIds.clear();
  const id = feedId(clientId);
  clientIds.set(clientId, id);
  return id;
}

const idsOf = (token: VerifiedToken): NonNullable<VerifiedToken['feedIds']> => (token.feedIds ??= {});

function faultOf(token: VerifiedToken, lists: Lists): RevocationFault | undefined {
  for (const [reason, applies] of FAULTS) if (applies(token, lists)) return { reason };
  return undefined;
}
