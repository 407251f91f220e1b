/**
 * How far a reader has got with the feed, and what it asks next. Every answer is a page of what was written since a time: since 0 when
 * nothing is known yet, else since a little before the last answer was issued. An index lags, clocks differ, and the next answer may
 * come from another environment of the issuer than the last: once a minute a question goes back far enough for all three together. The
 * feed is as young as the oldest page of its last complete answer, and until there is one it is not known at all.
 */
import type { FeedPage, FeedQuestion } from './feed-page.ts';

/** What an ordinary question goes back: a write begun, an index behind by seconds, clocks apart by less. */
const OVERLAP_SECONDS = 10;
/** What one a minute goes back: a minute of lag, two clocks a minute wrong each, and a write under way. */
const WIDE_OVERLAP_SECONDS = 200;
const WIDE_EVERY_MS = 60_000;
/** Readers who ask within the same ten seconds ask the same question, so that one cached answer serves them all. */
const STEP_SECONDS = 10;

export type FeedProgress = {
  /** When the issuer said what is known, in epoch milliseconds by our clock and never later than we asked; -Infinity before that. */
  issuedMs(): number;
  /** Whether there are more pages of the answer that has begun to come. */
  isUnfinished(): boolean;
  /** The question for now: the next page of an unfinished answer, else a new one. */
  question(nowMs: number): FeedQuestion;
  /**
   * Takes the answer to a question that was asked at `nowMs`; false when meanwhile something else is asked, because the fetch was given
   * up for lost: then its entries count, but not as an answer.
   */
  take(page: FeedPage, question: FeedQuestion, nowMs: number): boolean;
};

/** What is asked and how old the pages are that have come of it. */
type Pass = FeedQuestion & { readonly wide: boolean; readonly issuedMs: number };

export function createFeedProgress(boundMs: number): FeedProgress {
  const issueTime = createIssueTime(boundMs);
  let issuedMs = -Infinity;
  let wideIssuedMs = -Infinity;
  let unfinished: Pass | undefined;

  const newPass = (nowMs: number): Pass => {
    // By when it was issued: an old answer sent again does not put the next one off.
    const wide = nowMs - wideIssuedMs >= WIDE_EVERY_MS;
    const reachedMs = wide ? wideIssuedMs - WIDE_OVERLAP_SECONDS * 1000 : issuedMs - OVERLAP_SECONDS * 1000;
    const since = Math.max(0, Math.floor(reachedMs / 1000 / STEP_SECONDS) * STEP_SECONDS);
    return { since, after: undefined, wide, issuedMs: Infinity };
  };

  /** What has not begun to come is asked anew each time: after a failure and an hour's freeze, what is due by then. */
  const passAt = (nowMs: number): Pass => unfinished ?? newPass(nowMs);

  return {
    issuedMs: () => issuedMs,
    isUnfinished: () => unfinished !== undefined,
    question(nowMs) {
      const { since, after } = passAt(nowMs);
      return { since, after };
    },
    take({ iat, next }, { since, after }, nowMs) {
      const pass = passAt(nowMs);
      if (pass.since !== since || pass.after !== after) return false;
      const oldestMs = Math.min(pass.issuedMs, issueTime(iat, nowMs));
      unfinished = next === undefined ? undefined : { ...pass, after: next, issuedMs: oldestMs };
      if (unfinished !== undefined) return true;
      // An answer from before, sent again by whatever is between, moves nothing backwards.
      issuedMs = Math.max(issuedMs, oldestMs);
      if (pass.wide) wideIssuedMs = Math.max(wideIssuedMs, oldestMs);
      return true;
    },
  };
}

/**
 * When a document was issued, by our clock. One from the future tells of a clock that is ahead and is as old as our first sight of
 * it: held back and sent again it must not look fresh until that time has come.
 */
function createIssueTime(boundMs: number): (iat: number, nowMs: number) => number {
  const firstSeenMs = new Map<number, number>();
  return (iat, nowMs) => {
    for (const known of firstSeenMs.keys()) if (known * 1000 + boundMs < nowMs) firstSeenMs.delete(known);
    const seenMs = firstSeenMs.get(iat);
    if (seenMs !== undefined) return seenMs;
    if (iat * 1000 <= nowMs) return iat * 1000;
    firstSeenMs.set(iat, nowMs);
    return nowMs;
  };
}
