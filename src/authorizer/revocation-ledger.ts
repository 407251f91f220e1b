/**
 * What the feeds read so far have revoked. Pages come from several environments of the issuer over an index that lags, in any order and
 * more than once: whatever one of them names stays revoked until it cannot matter any more, and nothing that another one lacks is
 * taken back. Keeping an entry too long harms nobody, since an issuer never revives what it revoked.
 */
import type { RevocationFault } from './denial.ts';
import { feedId } from './feed-document.ts';
import type { FeedBatch } from './feed-page.ts';
import type { RevocationView, VerifiedToken } from './revocation.ts';

/** How long an entry matters at most: what is kept of answers that do not say. */
const LONGEST_SECONDS = 2 * 3600;
const SWEEP_EVERY_MS = 60_000;

export type RevocationLedger = RevocationView & {
  /** @param nowMs the reader's own clock, by which it also judges tokens to have expired. */
  add(batch: FeedBatch, nowMs: number): void;
  /** @param ids what a certificate may be denied by. */
  denies(ids: readonly string[]): boolean;
  readonly size: number;
};

/** By id: until when it matters, in epoch seconds. */
type Ids = Map<string, number>;
type Epoch = { readonly epoch: number; readonly until: number };
type Lists = { readonly jti: Ids; readonly sid: Ids; readonly kids: Ids; readonly certs: Ids; readonly clients: Map<string, Epoch> };

export function createRevocationLedger(): RevocationLedger {
  const lists: Lists = { jti: new Map(), sid: new Map(), kids: new Map(), certs: new Map(), clients: new Map() };
  let sweptMs = 0;

  const sweep = (nowMs: number): void => {
    if (nowMs < sweptMs + SWEEP_EVERY_MS) return;
    sweptMs = nowMs;
    const now = nowMs / 1000;
    for (const ids of [lists.jti, lists.sid, lists.kids, lists.certs]) for (const [id, until] of ids) if (until < now) ids.delete(id);
    for (const [id, { until }] of lists.clients) if (until < now) lists.clients.delete(id);
  };

  return {
    add(batch, nowMs) {
      const until = batch.until ?? Math.ceil(nowMs / 1000) + LONGEST_SECONDS;
      for (const name of ['jti', 'sid', 'kids', 'certs'] as const) {
        const ids = lists[name];
        for (const id of batch[name] ?? []) if ((ids.get(id) ?? 0) < until) ids.set(id, until);
      }
      for (const [id, epoch] of batch.clients) lists.clients.set(id, later(lists.clients.get(id), { epoch, until }));
      sweep(nowMs);
    },
    faultOf: (token) => faultOf(token, lists),
    denies: (ids) => lists.certs.size > 0 && ids.some((id) => lists.certs.has(feedId(id))),
    get size() {
      return lists.jti.size + lists.sid.size + lists.kids.size + lists.certs.size + lists.clients.size;
    },
  };
}

const later = (held: Epoch | undefined, { epoch, until }: Epoch): Epoch => ({
  epoch: Math.max(epoch, held?.epoch ?? 0),
  until: Math.max(until, held?.until ?? 0),
});

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
