// The attributes that put an item into the revocation feed's index (FEED_INDEX in table-schema.ts).

export const FEED_PARTITION = 'FEED';

/** `feed_at` sorts as text because all its values have the same length (ISO 8601, UTC, milliseconds). */
export const feedTime = (epochMs: number): string => new Date(epochMs).toISOString();

export const feedAttributes = (now: number, until: number): { feed: string; feed_at: string; feed_until: number } => ({
  feed: FEED_PARTITION,
  feed_at: feedTime(now * 1000),
  feed_until: until,
});
