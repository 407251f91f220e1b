// The public record of every signing key. The private keys never leave KMS.
import type { KeyRecord, KeyRecordStore } from '../endpoints/stores.ts';
import { ALGORITHMS } from '../tokens/algorithms.ts';
import { map, oneOf, optional, present, text, wholeNumber, type Item } from './item.ts';
import { KEY_RING_PARTITION, SIGNING_KEY_PREFIX, signingKeyKey } from './keys.ts';
import { putItem, queryAll, type Table } from './table.ts';

/** Whoever recorded a key first also said when it may sign. */
const NOT_YET_RECORDED = 'attribute_not_exists(PK)';
const SIGNING_KEYS = 'PK = :ring AND begins_with(SK, :key)';

export function createKeyRecordStore(table: Table): KeyRecordStore {
  return {
    async readAll(): Promise<readonly KeyRecord[]> {
      const items = await queryAll(table, {
        KeyConditionExpression: SIGNING_KEYS,
        ExpressionAttributeValues: { ':ring': KEY_RING_PARTITION, ':key': SIGNING_KEY_PREFIX },
        ConsistentRead: true,
      });
      return items.map(keyRecordFrom);
    },

    async record(key: KeyRecord): Promise<void> {
      const { kid, ...attributes } = key;
      await putItem(table, { Item: { ...signingKeyKey(kid), ...attributes }, ConditionExpression: NOT_YET_RECORDED });
    },
  };
}

function keyRecordFrom(item: Item): KeyRecord {
  const jwk = map(item, 'jwk');
  return present({
    kid: text(item, 'SK').slice(SIGNING_KEY_PREFIX.length),
    alg: oneOf(item, 'alg', ALGORITHMS),
    arn: text(item, 'arn'),
    jwk: Object.fromEntries(Object.keys(jwk).map((member) => [member, text(jwk, member)])),
    created_at: wholeNumber(item, 'created_at'),
    active_from: wholeNumber(item, 'active_from'),
    retires_at: optional(item, 'retires_at', wholeNumber),
    removed_at: optional(item, 'removed_at', wholeNumber),
  });
}
