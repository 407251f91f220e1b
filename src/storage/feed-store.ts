// The revocation feed's index, read back. The index lags and clocks differ, so readers go behind their cursor each time.
import type { FeedEntry, FeedStore } from '../endpoints/stores.ts';
import { Outage } from '../outage.ts';
import { FEED_PARTITION, feedTime } from './feed-attributes.ts';
import { text, wholeNumber, type Item } from './item.ts';
import {
  API_KEY_PREFIX,
  CERTIFICATE_PREFIX,
  CLIENT_PREFIX,
  DENIED_CERTIFICATES_PARTITION,
  KEY_RING_PARTITION,
  REVOKED_PREFIX,
  SESSION_PREFIX,
  SIGNING_KEY_PREFIX,
} from './keys.ts';
import { queryAll, type Table } from './table.ts';
import { FEED_INDEX } from './table-schema.ts';

/** Sorts behind every `feed_at`, also that of a writer whose clock is ahead. */
const NO_END = '9';
const SIGNING_KEYS = 'PK = :ring AND begins_with(SK, :key)';
/** Written with `distrusted_at`, by the write that takes the trust away. */
const IN_THE_FEED = 'attribute_exists(#feed)';

export function createFeedStore(table: Table): FeedStore {
  return {
    async since(sinceMs: number, beforeMs?: number): Promise<readonly FeedEntry[]> {
      const items = await queryAll(table, {
        IndexName: FEED_INDEX.name,
        KeyConditionExpression: '#feed = :feed AND #at BETWEEN :since AND :last',
        ExpressionAttributeNames: { '#feed': FEED_INDEX.partitionKey, '#at': FEED_INDEX.sortKey },
        ExpressionAttributeValues: {
          ':feed': FEED_PARTITION,
          ':since': feedTime(sinceMs),
          ':last': beforeMs === undefined ? NO_END : feedTime(beforeMs - 1),
        },
        ScanIndexForward: true,
      });
      return items.map(feedEntryFrom);
    },

    async distrustedKeys(): Promise<readonly FeedEntry[]> {
      const items = await queryAll(table, {
        KeyConditionExpression: SIGNING_KEYS,
        FilterExpression: IN_THE_FEED,
        ExpressionAttributeNames: { '#feed': FEED_INDEX.partitionKey },
        ExpressionAttributeValues: { ':ring': KEY_RING_PARTITION, ':key': SIGNING_KEY_PREFIX },
        ConsistentRead: true,
      });
      return items.map(feedEntryFrom);
    },

    async deniedCertificates(): Promise<readonly FeedEntry[]> {
      const items = await queryAll(table, {
        KeyConditionExpression: 'PK = :certificates',
        FilterExpression: IN_THE_FEED,
        ExpressionAttributeNames: { '#feed': FEED_INDEX.partitionKey },
        ExpressionAttributeValues: { ':certificates': DENIED_CERTIFICATES_PARTITION },
        ConsistentRead: true,
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
  // The tokens of an API key name it as their `sid`.
  if (sk.startsWith(API_KEY_PREFIX)) return { kind: 'sid', id: sk.slice(API_KEY_PREFIX.length), ...times };
  if (pk.startsWith(CLIENT_PREFIX))
    return { kind: 'client', id: pk.slice(CLIENT_PREFIX.length), epoch: wholeNumber(item, 'epoch'), ...times };
  if (pk === KEY_RING_PARTITION && sk.startsWith(SIGNING_KEY_PREFIX))
    return { kind: 'kid', id: sk.slice(SIGNING_KEY_PREFIX.length), ...times };
  if (pk === DENIED_CERTIFICATES_PARTITION) return { kind: 'cert', id: sk.slice(CERTIFICATE_PREFIX.length), ...times };
  // Leaving out what is not understood could leave a revocation out.
  throw new Outage('dynamodb:item', { cause: new TypeError(`${pk} ${sk} is in the feed's index but no revocation`) });
}
