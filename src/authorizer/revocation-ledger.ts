/**
 * What the feeds read so far have revoked. Feeds come from several environments of the issuer over an index that lags, so a
 * later one may lack what an earlier one had: an entry is forgotten only when feeds have been without it for longer than any
 * such lag. Keeping one too long harms nobody, since an issuer never revives what it revoked.
 */
import type { RevocationFault } from './denial.ts';
import { feedId, type FeedDocument } from './feed-document.ts';
import type { RevocationView, VerifiedToken } from './revocation.ts';

/** By the feeds' own clock. */
const KEPT_AFTER_LAST_SEEN_SECONDS = 300;
const SWEEP_EVERY_SECONDS = 60;

export type RevocationLedger = RevocationView & {
  merge(feed: FeedDocument): void;
  readonly size: number;
};

export function createRevocationLedger(): RevocationLedger {
  /** Id to the `iat` of the latest feed that had it. */
  const lists = { jti: new Map<string, number>(), sid: new Map<string, number>(), kids: new Map<string, number>() };
  const clients = new Map<string, { readonly epoch: number; readonly seen: number }>();
  let sweptAt = 0;

  const sweep = (now: number): void => {
    if (now < sweptAt + SWEEP_EVERY_SECONDS) return;
    sweptAt = now;
    const oldest = now - KEPT_AFTER_LAST_SEEN_SECONDS;
    for (const list of Object.values(lists)) for (const [id, seen] of list) if (seen < oldest) list.delete(id);
    for (const [id, { seen }] of clients) if (seen < oldest) clients.delete(id);
  };

  return {
    merge(feed) {
      for (const name of ['jti', 'sid', 'kids'] as const) {
        for (const id of feed[name]) lists[name].set(id, Math.max(feed.iat, lists[name].get(id) ?? 0));
      }
      for (const [id, epoch] of feed.clients) {
        const known = clients.get(id);
        clients.set(id, { epoch: Math.max(epoch, known?.epoch ?? 0), seen: Math.max(feed.iat, known?.seen ?? 0) });
      }
      sweep(feed.iat);
    },
    faultOf: (token) => faultOf(token, lists, clients),
    get size() {
      return lists.jti.size + lists.sid.size + lists.kids.size + clients.size;
    },
  };
}

type Lists = { readonly [name in 'jti' | 'sid' | 'kids']: ReadonlyMap<string, number> };

/** Digests cost more than everything else here: none for an empty list, as most are most of the time, and each one once. */
function faultOf(token: VerifiedToken, lists: Lists, clients: ReadonlyMap<string, { readonly epoch: number }>): RevocationFault | undefined {
  const { claims, kid } = token;
  const feedIds = (token.feedIds ??= {});
  if (lists.jti.size > 0 && lists.jti.has((feedIds.jti ??= feedId(claims.jti)))) return { reason: 'token_revoked' };
  if (lists.sid.size > 0 && claims.sid !== undefined && lists.sid.has((feedIds.sid ??= feedId(claims.sid)))) return { reason: 'session_ended' };
  if (clients.size > 0 && claims.epoch < (clients.get((feedIds.client ??= feedId(claims.client_id)))?.epoch ?? 0)) return { reason: 'epoch_raised' };
  return lists.kids.size > 0 && lists.kids.has(feedId(kid)) ? { reason: 'key_distrusted' } : undefined;
}
