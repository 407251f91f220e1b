// The public record of every signing key. Private keys stay in KMS, or are here as KMS wrapped them.
import type { AuditEvent } from '../audit/event.ts';
import type { KeyRecord, KeyRecordStore, WrappedKey } from '../endpoints/stores.ts';
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

    async record(key: KeyRecord, event: AuditEvent): Promise<void> {
      await putKeyRecord(table, key, event);
    },
  };
}

/** False when the key was recorded before. */
export function putKeyRecord(table: Table, key: KeyRecord, event: AuditEvent): Promise<boolean> {
  const { kid, ...attributes } = key;
  return putItem(table, { Item: { ...signingKeyKey(kid), ...attributes, event }, ConditionExpression: NOT_YET_RECORDED });
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
    distrusted_at: optional(item, 'distrusted_at', wholeNumber),
    discarded_at: optional(item, 'discarded_at', wholeNumber),
    wrapped: optional(item, 'wrapped', wrappedKey),
  });
}

function wrappedKey(item: Item, name: string): WrappedKey {
  const wrapped = map(item, name);
  return { ciphertext: text(wrapped, 'ciphertext'), wrapping_key: text(wrapped, 'wrapping_key'), issuer: text(wrapped, 'issuer') };
}
