/**
 * Revocations by the issuer's feed. Nothing runs in the background, because Lambda freezes between calls: a request that
 * finds the feed due fetches it in single flight, waits a little while it is fresh and longer when it is not, and only then
 * does the stale rule decide. A revocation bites within 5 s: poll 2 s, cache 1 s, index and fetch 2 s.
 */
import { Outage } from '../outage.ts';
import { parseFeed } from './feed-document.ts';
import type { FetchDocument } from './issuer-document.ts';
import { createRevocationLedger } from './revocation-ledger.ts';
import type { RevocationSource } from './revocation.ts';
import { createSingleFlight, waitAtMost } from './single-flight.ts';

/** The stated bound: a feed issued longer ago is stale. */
const FEED_BOUND_MS = 5_000;
const FEED_POLL_MS = 2_000;
const WAIT_WHILE_FRESH_MS = 150;
const WAIT_WHEN_STALE_MS = 1_000;
const FETCH_TIMEOUT_MS = 2_000;
/** How often an issuer is asked that fails or has nothing fresh. */
const STALE_POLL_MS = 200;

export type IssuerFeedOptions = {
  readonly issuer: string;
  readonly fetchDocument: FetchDocument;
  /** Epoch milliseconds; the age is taken after waiting, which is itself time. */
  readonly clock: () => number;
  /** What becomes of tokens when the feed is stale: refused, or judged by what is known. */
  readonly whenStale: 'deny' | 'allow';
};

export function createIssuerFeed({ issuer, fetchDocument, clock, whenStale }: IssuerFeedOptions): RevocationSource {
  const ledger = createRevocationLedger();
  let etag: string | undefined;
  /** When the issuer said what is known, by our clock and never later than we asked. */
  let issuedMs = -Infinity;
  let askedMs = -Infinity;

  const read = async (nowMs: number): Promise<void> => {
    const document = await fetchDocument({ url: `${issuer}/revocations`, etag, timeoutMs: FETCH_TIMEOUT_MS });
    // An unchanged document is as old as it says: its tag covers `iat`, and an issuer whose table is down serves its last one.
    if (document.text !== undefined) {
      const feed = parseFeed(document.text, issuer);
      if (feed === undefined)
        throw new Outage('issuer:GET /revocations', { cause: new TypeError('the answer is not a feed that is understood') });
      ledger.merge(feed, nowMs);
      etag = document.etag;
      // A feed from the future tells of a clock that is ahead, not of a fresher feed.
      issuedMs = Math.max(issuedMs, Math.min(feed.iat * 1000, nowMs));
    }
    askedMs = Math.max(askedMs, nowMs);
  };
  const flight = createSingleFlight({ run: read, abandonAfterMs: FETCH_TIMEOUT_MS, pauseAfterFailureMs: STALE_POLL_MS });

  return {
    prepare(nowMs) {
      const stale = nowMs - issuedMs > FEED_BOUND_MS;
      if (nowMs - askedMs < (stale ? STALE_POLL_MS : FEED_POLL_MS)) return undefined;
      const work = flight.join(nowMs);
      return work && waitAtMost(work, stale ? WAIT_WHEN_STALE_MS : WAIT_WHILE_FRESH_MS);
    },
    view() {
      if (whenStale === 'deny' && clock() - issuedMs > FEED_BOUND_MS) throw new Outage('issuer:GET /revocations');
      return ledger;
    },
  };
}
