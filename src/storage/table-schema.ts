/**
 * The one DynamoDB table: attribute names that the CDK table, the stores and the audit pipe share.
 * Entities and their keys are in `keys.ts`, described for readers in docs/storage.md.
 */
export const TABLE = {
  partitionKey: 'PK',
  sortKey: 'SK',
  /** Epoch seconds after which DynamoDB may delete the item. Garbage collection only: every read checks expiry itself. */
  timeToLive: 'purge_at',
  /** The outbox: a map with a unique `event_id` that the pipe carries to the bus; absent when a write has no event. */
  event: 'event',
} as const;

/**
 * Sparse index by time of everything revoked and still of interest: revoked tokens, ended sessions, raised client
 * epochs. `feed` is the constant `FEED`, `feed_at` an ISO 8601 time with milliseconds, `feed_until` epoch seconds.
 */
export const FEED_INDEX = {
  name: 'feed',
  partitionKey: 'feed',
  sortKey: 'feed_at',
  projected: ['feed_until', 'epoch'],
} as const;

/** Sparse index of clients in the order of their ids, for listing: `listing` is the constant `CLIENTS`. Keys only. */
export const LISTING_INDEX = { name: 'listing', partitionKey: 'listing', sortKey: 'PK' } as const;
