/**
 * Revocations by the issuer's feed. Nothing runs in the background, because Lambda freezes between calls: a request that
 * finds the feed due fetches it in single flight, waits a little while it is fresh and longer when it is not, and only then
 * does the stale rule decide. A revocation bites within 5 s: poll 2 s, cache 1 s, index and fetch 2 s.
 */
import { Outage } from '../outage.ts';
import { feedQuery, parseFeedPage } from './feed-page.ts';
import { createFeedProgress } from './feed-progress.ts';
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
  const progress = createFeedProgress(FEED_BOUND_MS);
  let askedMs = -Infinity;
  /** Tells whether a flight has brought a page, since its failure is nobody's to hear. */
  let pages = 0;

  const readPage = async (nowMs: number): Promise<void> => {
    const question = progress.question(nowMs);
    const url = `${issuer}/revocations${feedQuery(question)}`;
    const { text = '' } = await fetchDocument({ url, etag: undefined, timeoutMs: FETCH_TIMEOUT_MS });
    const page = parseFeedPage(text, issuer, question);
    if (page === undefined)
      throw new Outage('issuer:GET /revocations', { cause: new TypeError('the answer is not a feed that is understood') });
    for (const batch of page.batches) ledger.add(batch, nowMs);
    if (!progress.take(page, question, nowMs)) return;
    askedMs = Math.max(askedMs, nowMs);
    pages += 1;
  };
  const flight = createSingleFlight({ run: readPage, abandonAfterMs: FETCH_TIMEOUT_MS, pauseAfterFailureMs: STALE_POLL_MS });

  const isStale = (nowMs: number): boolean => nowMs - progress.issuedMs() > FEED_BOUND_MS;

  /** One flight a page, so that none is longer than its own time limit and a freeze loses one page at most. */
  const readOn = async (first: Promise<void>): Promise<void> => {
    const resumed = progress.isUnfinished();
    const readPages = await readToEnd(first);
    // Many pages, or a freeze between them, may take so long that what they make whole is stale already: then what came since.
    if ((readPages > 1 || resumed) && !progress.isUnfinished() && isStale(clock())) {
      const work = flight.join(clock());
      if (work !== undefined) await readToEnd(work);
    }
  };
  const readToEnd = async (first: Promise<void>): Promise<number> => {
    const start = pages;
    let work: Promise<void> | undefined = first;
    while (work !== undefined) {
      const before = pages;
      await work;
      work = progress.isUnfinished() && pages > before ? flight.join(clock()) : undefined;
    }
    return pages - start;
  };

  return {
    prepare(nowMs) {
      const stale = isStale(nowMs);
      if (!progress.isUnfinished() && nowMs - askedMs < (stale ? STALE_POLL_MS : FEED_POLL_MS)) return undefined;
      const work = flight.join(nowMs);
      return work && waitAtMost(readOn(work), stale ? WAIT_WHEN_STALE_MS : WAIT_WHILE_FRESH_MS);
    },
    view() {
      if (whenStale === 'deny' && isStale(clock())) throw new Outage('issuer:GET /revocations');
      return ledger;
    },
    denies(ids) {
      if (whenStale === 'deny' && isStale(clock())) throw new Outage('issuer:GET /revocations');
      return ledger.denies(ids);
    },
  };
}
