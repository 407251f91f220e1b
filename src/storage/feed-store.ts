// The revocation feed's index, read back. The index lags and clocks differ, so readers go 60 s behind their cursor each time.
import type { FeedEntry, FeedStore } from '../endpoints/stores.ts';
import { Outage } from '../outage.ts';
import { FEED_PARTITION, feedTime } from './feed-attributes.ts';
import { text, wholeNumber, type Item } from './item.ts';
import { CLIENT_PREFIX, REVOKED_PREFIX, SESSION_PREFIX } from './keys.ts';
import { queryAll, type Table } from './table.ts';
import { FEED_INDEX } from './table-schema.ts';

export function createFeedStore(table: Table): FeedStore {
  return {
    async since(sinceMs: number): Promise<readonly FeedEntry[]> {
      const items = await queryAll(table, {
        IndexName: FEED_INDEX.name,
        KeyConditionExpression: '#feed = :feed AND #at >= :since',
        ExpressionAttributeNames: { '#feed': FEED_INDEX.partitionKey, '#at': FEED_INDEX.sortKey },
        ExpressionAttributeValues: { ':feed': FEED_PARTITION, ':since': feedTime(sinceMs) },
        ScanIndexForward: true,
      });
      return items.map(feedEntryFrom);
    },
  };
}

function feedEntryFrom(item: Item): FeedEntry {
  const times = { atMs: Date.parse(text(item, 'feed_at')), until: wholeNumber(item, 'feed_until') };
  const [pk, sk] = [text(item, 'PK'), text(item, 'SK')];
  if (pk.startsWith(REVOKED_PREFIX)) return { kind: 'jti', id: pk.slice(REVOKED_PREFIX.length), ...times };
  if (sk.startsWith(SESSION_PREFIX)) return { kind: 'sid', id: sk.slice(SESSION_PREFIX.length), ...times };
  if (pk.startsWith(CLIENT_PREFIX))
    return { kind: 'client', id: pk.slice(CLIENT_PREFIX.length), epoch: wholeNumber(item, 'epoch'), ...times };
  // Leaving out what is not understood could leave a revocation out.
  throw new Outage('dynamodb:item', { cause: new TypeError(`${pk} ${sk} is in the feed's index but no revocation`) });
}
