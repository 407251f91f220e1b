/**
 * Tokens of a client by hour and day of UTC: one item a day, and in it a number for each hour. Whatever quotas a client has, one
 * conditional write counts against all of them or against none.
 */
import { quotaWindow, type Quota, type QuotaHits, type QuotaPeriod } from '../abuse/quota.ts';
import type { RequestStore } from '../endpoints/stores.ts';
import { optional, wholeNumber, type Item } from './item.ts';
import { quotaKey } from './keys.ts';
import { quotaPurgeAt } from './retention.ts';
import { getItem, updateItem, type Table } from './table.ts';

export function createQuotaCounter(table: Table): Pick<RequestStore, 'countQuota' | 'countBeyondQuota'> {
  return {
    async countQuota(clientId, quotas, now) {
      const { ExpressionAttributeValues: values, ...update } = oneMore(clientId, quotas, now);
      const counted = await updateItem(table, {
        ...update,
        // Nothing is counted beyond a quota, however many writes race.
        ConditionExpression: quotas.map(({ per }) => `(attribute_not_exists(#${per}) OR #${per} < :${per})`).join(' AND '),
        ExpressionAttributeValues: { ...values, ...Object.fromEntries(quotas.map(({ per, limit }) => [`:${per}`, limit])) },
      });
      if (counted !== undefined) return { counted: true, hits: hitsFrom(counted, now) };
      const item = await getItem(table, update.Key);
      return { counted: false, hits: hitsFrom(item ?? {}, now) };
    },

    async countBeyondQuota(clientId, quotas, now) {
      const counted = await updateItem(table, oneMore(clientId, quotas, now));
      return hitsFrom(counted ?? {}, now);
    },
  };
}

function oneMore(clientId: string, quotas: readonly Quota[], now: number) {
  const day = quotaWindow('day', now);
  return {
    Key: quotaKey(clientId, day),
    UpdateExpression: `ADD ${quotas.map(({ per }) => `#${per} :one`).join(', ')} SET purge_at = :purge_at`,
    // `hour` and `day` are reserved words in expressions.
    ExpressionAttributeNames: Object.fromEntries(quotas.map(({ per }) => [`#${per}`, attributeOf(per, now)])),
    ExpressionAttributeValues: { ':one': 1, ':purge_at': quotaPurgeAt(day) },
    ReturnValues: 'UPDATED_NEW',
  } as const;
}

const hitsFrom = (item: Item, now: number): QuotaHits => ({
  hour: optional(item, attributeOf('hour', now), wholeNumber) ?? 0,
  day: optional(item, attributeOf('day', now), wholeNumber) ?? 0,
});

/** `hits`, or `hits_00` to `hits_23` for the hours of the item's day. */
const attributeOf = (per: QuotaPeriod, now: number): string =>
  per === 'day' ? 'hits' : `hits_${String(quotaWindow('hour', now) % 24).padStart(2, '0')}`;
