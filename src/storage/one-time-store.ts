// Values that serve once: the `jti` of assertions and proofs. Each is one item, which the first to use it puts.
import { createHash } from 'node:crypto';
import type { OneTimeStore, OneTimeValue } from '../endpoints/stores.ts';
import { oneTimeKey } from './keys.ts';
import { oneTimePurgeAt } from './retention.ts';
import { putItem, type Table } from './table.ts';

const UNUSED = [
  'attribute_not_exists(PK)',
  // Past its time the value itself is refused; the item only waits for TTL.
  'used_until <= :now',
  // Our own write, repeated by the SDK because its answer was lost.
  'used_by = :used_by',
].join(' OR ');

export function createOneTimeStore(table: Table): OneTimeStore {
  return {
    spend: ({ use, of, value, until }: OneTimeValue, usedBy: string, now: number): Promise<boolean> =>
      putItem(table, {
        Item: { ...oneTimeKey(use, of, digestOf(value)), used_by: usedBy, used_until: until, purge_at: oneTimePurgeAt(until) },
        ConditionExpression: UNUSED,
        ExpressionAttributeValues: { ':now': now, ':used_by': usedBy },
      }),
  };
}

/** Whatever the value is made of, and however long it is. */
const digestOf = (value: string): string => createHash('sha256').update(value).digest('base64url');
