/**
 * What this environment knows of tokens that may be handed out again: for a request as it comes in, before its client is read, what to
 * read beside the client. Nothing is decided by it.
 */
import { isInFirstHalf, type ReusableToken } from './reusable-token.ts';

/** Each with a token of about 1 KB. */
const ENTRIES_MAX = 1000;
/** Far more than scopes and a resource that were granted need. */
const REQUEST_MAX_CHARACTERS = 4096;

export type RememberedToken = {
  /** Of the credential and claims that the request came to. */
  readonly digest: string;
  /** Undefined when it is no longer in the first half of its life. */
  readonly kept: ReusableToken | undefined;
};

export interface RememberedTokens {
  /** @param request what tells requests of one client apart, as they were sent. @param now epoch seconds. */
  recall(request: string, now: number): RememberedToken | undefined;
  remember(request: string, digest: string, kept: ReusableToken): void;
  forget(request: string): void;
}

export function createRememberedTokens(): RememberedTokens {
  const entries = new Map<string, { readonly digest: string; readonly kept: ReusableToken }>();
  return {
    recall(request, now) {
      const entry = entries.get(request);
      if (entry === undefined) return undefined;
      return { digest: entry.digest, kept: isInFirstHalf(entry.kept, now) ? entry.kept : undefined };
    },
    remember(request, digest, kept) {
      if (request.length > REQUEST_MAX_CHARACTERS) return;
      if (entries.size >= ENTRIES_MAX && !entries.has(request)) entries.clear(); // forgetting only costs reads
      entries.set(request, { digest, kept });
    },
    forget(request) {
      entries.delete(request);
    },
  };
}
