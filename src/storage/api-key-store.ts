/**
 * API keys of a client, one item each, in the client's partition. Each change is one conditional write; an ended key stays as a
 * tombstone without digest until its last token has expired and no delayed repeat of the request that made it can come.
 */
import type { AuditEvent } from '../audit/event.ts';
import { API_KEY_STATUSES, isLiveApiKey, type ApiKey } from '../clients/api-key.ts';
import type { ApiKeyPage, ApiKeyStore } from '../endpoints/stores.ts';
import { API_KEY_ID_PATTERN } from '../tokens/api-key.ts';
import { idempotencyFrom } from './client-codec.ts';
import { feedAttributes } from './feed-attributes.ts';
import { carriesEvent, oneOf, optional, present, text, texts, wholeNumber, type Item } from './item.ts';
import { API_KEY_PREFIX, apiKeyKey, CLIENT_PREFIX, clientKey } from './keys.ts';
import { cursorAfter, idInCursor } from './list-cursor.ts';
import { apiKeyPurgeAt, endedApiKeyPurgeAt, epochFeedUntil } from './retention.ts';
import { BATCH_KEYS_MAX, getItem, putItem, queryAll, queryPage, updateItem, type Table } from './table.ts';

const NOT_YET_THERE = 'attribute_not_exists(PK)';
/** Ending twice would tell the event twice; this also refuses a key that does not exist. */
const ENDABLE = '#status = :active';
const END =
  'SET #status = :ended, feed = :feed, feed_at = :feed_at, feed_until = :feed_until, purge_at = :purge_at, event = :event ' +
  'REMOVE pepper, digest';
/** The client's own record and its sessions lie in the same partition. */
const KEYS_OF_CLIENT = 'PK = :client AND begins_with(SK, :api_key)';
/** `status` is a reserved word in expressions. */
const NAMES = { '#status': 'status' };

export function createApiKeyStore(table: Table): ApiKeyStore {
  return {
    async create(apiKey: ApiKey, event: AuditEvent): Promise<boolean> {
      const key = apiKeyKey(apiKey.client_id, apiKey.id);
      const created = await putItem(table, {
        Item: { ...key, ...apiKeyAttributes(apiKey), ...purgeOf(apiKey), event },
        ConditionExpression: NOT_YET_THERE,
      });
      return created || carriesEvent(await getItem(table, key), event);
    },

    async read({ clientId, id }: { clientId: string; id: string }, now: number): Promise<ApiKey | undefined> {
      const item = await getItem(table, apiKeyKey(clientId, id));
      return item === undefined || isPurged(item, now) ? undefined : apiKeyFrom(item);
    },

    async end({ clientId, id }: { clientId: string; id: string }, event: AuditEvent, now: number): Promise<boolean> {
      const key = apiKeyKey(clientId, id);
      const { feed, feed_at, feed_until } = feedAttributes(now, epochFeedUntil(now));
      const ended = await updateItem(table, {
        Key: key,
        UpdateExpression: END,
        ConditionExpression: ENDABLE,
        ExpressionAttributeNames: NAMES,
        ExpressionAttributeValues: {
          ':active': 'active',
          ':ended': 'ended',
          ':feed': feed,
          ':feed_at': feed_at,
          ':feed_until': feed_until,
          ':purge_at': endedApiKeyPurgeAt(now),
          ':event': event,
        },
      });
      return ended !== undefined;
    },

    async countLive({ client_id: clientId, client_id_issued_at: issuedAt }, now: number): Promise<number> {
      const items = await queryAll(table, {
        ...keysOf(clientId),
        ProjectionExpression: '#status, expires_at, client_id_issued_at',
        ExpressionAttributeNames: NAMES,
      });
      return items.filter((item) => wholeNumber(item, 'client_id_issued_at') === issuedAt && isLiveApiKey(standingFrom(item), now)).length;
    },

    async list({ clientId, limit, cursor }, now: number): Promise<ApiKeyPage | undefined> {
      if (!Number.isInteger(limit) || limit < 1 || limit > BATCH_KEYS_MAX)
        throw new RangeError(`a page holds 1 to ${BATCH_KEYS_MAX} API keys`);
      const after = cursor === undefined ? undefined : idInCursor(cursor, API_KEY_ID_PATTERN);
      if (cursor !== undefined && after === undefined) return undefined;
      const items = await queryPage(table, {
        ...keysOf(clientId),
        // One more than asked for tells whether there is a next page.
        Limit: limit + 1,
        ...(after === undefined ? {} : { ExclusiveStartKey: apiKeyKey(clientId, after) }),
      });
      const page = items.slice(0, limit);
      const last = page.at(-1);
      return {
        // Left out here and not by DynamoDB, so that the cursor also passes a page on which all have ended.
        items: page.filter((item) => !isPurged(item, now) && standingFrom(item).status === 'active').map(apiKeyFrom),
        next: items.length > limit && last !== undefined ? cursorAfter(text(last, 'SK').slice(API_KEY_PREFIX.length)) : undefined,
      };
    },
  };
}

const keysOf = (clientId: string) => ({
  KeyConditionExpression: KEYS_OF_CLIENT,
  ExpressionAttributeValues: { ':client': clientKey(clientId).PK, ':api_key': API_KEY_PREFIX },
  ConsistentRead: true,
});

/** Everything but what is in the key. Undefined members are not stored. */
const apiKeyAttributes = (apiKey: ApiKey): Record<Exclude<keyof ApiKey, 'client_id' | 'id'>, unknown> => ({
  client_id_issued_at: apiKey.client_id_issued_at,
  status: apiKey.status,
  name: apiKey.name,
  scope: apiKey.scope,
  expires_at: apiKey.expires_at,
  ip_ranges: apiKey.ip_ranges,
  rate_limit_per_minute: apiKey.rate_limit_per_minute,
  tags: apiKey.tags,
  pepper: apiKey.pepper,
  digest: apiKey.digest,
  created_at: apiKey.created_at,
  idempotency: apiKey.idempotency,
});

export const apiKeyFrom = (item: Item): ApiKey =>
  present({
    id: text(item, 'SK').slice(API_KEY_PREFIX.length),
    client_id: text(item, 'PK').slice(CLIENT_PREFIX.length),
    client_id_issued_at: wholeNumber(item, 'client_id_issued_at'),
    ...standingFrom(item),
    name: optional(item, 'name', text),
    scope: texts(item, 'scope'),
    ip_ranges: optional(item, 'ip_ranges', texts),
    rate_limit_per_minute: wholeNumber(item, 'rate_limit_per_minute'),
    tags: optional(item, 'tags', texts),
    pepper: optional(item, 'pepper', text),
    digest: optional(item, 'digest', text),
    created_at: wholeNumber(item, 'created_at'),
    idempotency: optional(item, 'idempotency', idempotencyFrom),
  });

const standingFrom = (item: Item): Pick<ApiKey, 'status' | 'expires_at'> =>
  present({ status: oneOf(item, 'status', API_KEY_STATUSES), expires_at: optional(item, 'expires_at', wholeNumber) });

const purgeOf = ({ expires_at: end }: ApiKey): { readonly purge_at?: number } =>
  end === undefined ? {} : { purge_at: apiKeyPurgeAt(end) };

/** Only waiting for DynamoDB to delete it, which may take days: as good as gone. */
function isPurged(item: Item, now: number): boolean {
  const purgeAt = optional(item, 'purge_at', wholeNumber);
  return purgeAt !== undefined && purgeAt <= now;
}
