// Revoked access tokens, one item each, until nobody accepts the token any more.
import type { RevocationStore } from '../endpoints/stores.ts';
import type { AuditEvent } from '../audit/event.ts';
import { feedAttributes } from './feed-attributes.ts';
import { wholeNumber, type Item } from './item.ts';
import { revocationKey } from './keys.ts';
import { revocationFeedUntil, revocationPurgeAt } from './retention.ts';
import { putItem, type Table } from './table.ts';

const NOT_YET_REVOKED = [
  'attribute_not_exists(PK)',
  // An entry past its time is only waiting for TTL and must not swallow this one.
  'feed_until <= :now',
].join(' OR ');

export function createRevocationStore(table: Table): RevocationStore {
  return {
    revokeToken: (
      token: { jti: string; exp: number; clientId: string; reason: string },
      event: AuditEvent,
      now: number,
    ): Promise<boolean> =>
      putItem(table, {
        Item: {
          ...revocationKey(token.jti),
          revoked_at: now,
          client_id: token.clientId,
          reason: token.reason,
          ...feedAttributes(now, revocationFeedUntil(token.exp)),
          purge_at: revocationPurgeAt(token.exp),
          event,
        },
        ConditionExpression: NOT_YET_REVOKED,
        ExpressionAttributeValues: { ':now': now },
      }),
  };
}

/** Whether this item (if any) still revokes its token at `now`. */
export const isRevoked = (item: Item | undefined, now: number): boolean => item !== undefined && wholeNumber(item, 'feed_until') > now;
