/**
 * What a reader of the feed's extension gets (docs/revocation.md): the entries written since a time, in pages, each with the time
 * until which it matters. An issuer or a cache that knows nothing of the extension answers the whole feed instead, which serves as well.
 */
import { isCount, isIdList, epochsIn, feedId, parseFeed, parseObject, type FeedLists } from './feed-document.ts';

/** What a page was asked for: entries written at or after `since` (epoch seconds; 0 = all), after the place where a former page ended. */
export type FeedQuestion = { readonly since: number; readonly after: string | undefined };

export type FeedPage = {
  /** Epoch seconds at which the issuer read its table. */
  readonly iat: number;
  /** Where the next page begins; undefined when this was the last. */
  readonly next: string | undefined;
  readonly batches: readonly FeedBatch[];
};
/** `until`: epoch seconds after which these entries matter no more; undefined where the answer does not say. */
export type FeedBatch = FeedLists & { readonly until: number | undefined };

/** The question as the query of `GET /revocations`. */
export const feedQuery = ({ since, after }: FeedQuestion): string => `?since=${since}${after === undefined ? '' : `&after=${after}`}`;

/**
 * Undefined when it is cut short, of another issuer or version, or the answer to another question: a cache that leaves the query out
 * of its key may hold somebody else's page, which would lack entries.
 */
export function parseFeedPage(text: string, issuer: string, asked: FeedQuestion): FeedPage | undefined {
  const page = parseObject(text);
  if (page === undefined) return undefined;
  return 'since' in page ? pageIn(page, issuer, asked) : wholeFeed(text, issuer);
}

function wholeFeed(text: string, issuer: string): FeedPage | undefined {
  const feed = parseFeed(text, issuer);
  return feed && { iat: feed.iat, next: undefined, batches: [{ ...feed, until: undefined }] };
}

function pageIn(page: Readonly<Record<string, unknown>>, issuer: string, asked: FeedQuestion): FeedPage | undefined {
  const { v, of, iat, next } = page;
  if (v !== 1 || of !== feedId(issuer) || !isCount(iat) || !isAnswerTo(asked, page) || !leadsOn(next, asked)) return undefined;
  const batches = batchesIn(page['until'] ?? {});
  return batches && { iat, next, batches };
}

const isAnswerTo = ({ since, after }: FeedQuestion, page: Readonly<Record<string, unknown>>): boolean =>
  page['since'] === since && page['after'] === after;
/** Onwards only, or whatever is between could lead its reader in circles. */
const leadsOn = (next: unknown, { after = '' }: FeedQuestion): next is string | undefined =>
  next === undefined || (typeof next === 'string' && next > after);

function batchesIn(until: unknown): readonly FeedBatch[] | undefined {
  if (typeof until !== 'object' || until === null || Array.isArray(until)) return undefined;
  const batches: FeedBatch[] = [];
  for (const [time, lists] of Object.entries(until as Record<string, unknown>)) {
    const batch = batchIn(Number(time), lists);
    if (batch === undefined) return undefined;
    batches.push(batch);
  }
  return batches;
}

function batchIn(until: number, lists: unknown): FeedBatch | undefined {
  if (!isCount(until) || typeof lists !== 'object' || lists === null) return undefined;
  const { jti, sid, kids, certs, clients } = { ...NO_LISTS, ...lists } as Record<keyof FeedLists, unknown>;
  const epochs = epochsIn(clients);
  return isIdList(jti) && isIdList(sid) && isIdList(kids) && isIdList(certs) && epochs
    ? { until, jti, sid, kids, certs, clients: epochs }
    : undefined;
}

/** A list that has nothing is left out. */
const NO_LISTS = { jti: [], sid: [], kids: [], certs: [], clients: {} };
