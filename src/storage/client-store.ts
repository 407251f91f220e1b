// Registered clients: reading, registering, changing, ending everything of one, and listing them in the order of their ids.
import type { ClientPage, ClientStore } from '../endpoints/stores.ts';
import type { AuditEvent } from '../audit/event.ts';
import { CLIENT_ID_PATTERN, type Client } from '../clients/client.ts';
import type { ClientSecrets } from '../clients/secrets.ts';
import { clientAttributes, clientFrom, CLIENT_STATUS } from './client-codec.ts';
import { feedAttributes } from './feed-attributes.ts';
import { carriesEvent, text, wholeNumber } from './item.ts';
import { CLIENT_PREFIX, clientKey, keyText, type Key } from './keys.ts';
import { cursorAfter, idInCursor } from './list-cursor.ts';
import { epochFeedUntil, tombstonePurgeAt } from './retention.ts';
import { BATCH_KEYS_MAX, getItem, getItems, putItem, queryPage, updateItem, type Table } from './table.ts';
import { LISTING_INDEX } from './table-schema.ts';
import { setOrRemove } from './update-expression.ts';

/** Also refuses the id of a deleted client: its tombstone is an item. */
const ID_NOT_TAKEN = 'attribute_not_exists(PK)';

const UNCHANGED_SINCE_READ = [
  // Nobody has changed it since it was read; this also refuses a client that does not exist.
  'version = :read_version',
  // A tombstone is never brought back to life.
  '#status = :live',
].join(' AND ');

/** Exists and is no tombstone. Counting up needs no version: racing writes add up. */
const LIVE = '#status = :live';
const RAISE_EPOCH =
  'SET epoch = epoch + :one, version = version + :one, updated_at = :now, feed = :feed, feed_at = :feed_at, ' +
  'feed_until = :feed_until, event = :event';
/** What is left says that the id is taken, and to the feed that every token of it is revoked. */
const BURY = `${RAISE_EPOCH}, #status = :deleted, purge_at = :purge_at REMOVE secrets, spent_keys, registration, listing`;

/** `status` is a reserved word in expressions. */
const NAMES = { '#status': 'status' };
const LISTING_PARTITION = 'CLIENTS';

export function createClientStore(table: Table): ClientStore {
  return {
    async read(clientId: string): Promise<Client | undefined> {
      const item = await getItem(table, clientKey(clientId));
      return item === undefined ? undefined : clientFrom(item);
    },

    async create(client: Client, event: AuditEvent): Promise<boolean> {
      const key = clientKey(client.client_id);
      const created = await putItem(table, {
        Item: { ...key, ...clientAttributes(client), status: CLIENT_STATUS.live, [LISTING_INDEX.partitionKey]: LISTING_PARTITION, event },
        ConditionExpression: ID_NOT_TAKEN,
      });
      return created || carriesEvent(await getItem(table, key), event);
    },

    async replace({ from, to }: { from: Client; to: Client }, event: AuditEvent): Promise<boolean> {
      const key = clientKey(from.client_id);
      const { expression, names, values } = setOrRemove(changedAttributes(from, to, event));
      const replaced = await updateItem(table, {
        Key: key,
        UpdateExpression: expression,
        ConditionExpression: UNCHANGED_SINCE_READ,
        ExpressionAttributeNames: { ...names, ...NAMES },
        ExpressionAttributeValues: { ...values, ':read_version': from.version, ':live': CLIENT_STATUS.live },
      });
      return replaced !== undefined || carriesEvent(await getItem(table, key), event);
    },

    async changeSecrets({ from, to }: { from: Client; to: ClientSecrets }, event: AuditEvent, now: number): Promise<boolean> {
      const key = clientKey(from.client_id);
      const changes = { secrets: to.secrets, spent_keys: to.spent_keys, version: from.version + 1, updated_at: now, event };
      const { expression, names, values } = setOrRemove(changes);
      const changed = await updateItem(table, {
        Key: key,
        UpdateExpression: expression,
        ConditionExpression: UNCHANGED_SINCE_READ,
        ExpressionAttributeNames: { ...names, ...NAMES },
        ExpressionAttributeValues: { ...values, ':read_version': from.version, ':live': CLIENT_STATUS.live },
      });
      return changed !== undefined || carriesEvent(await getItem(table, key), event);
    },

    async remove(clientId: string, event: AuditEvent, now: number, readVersion?: number): Promise<boolean> {
      const key = clientKey(clientId);
      const removed = await updateItem(table, {
        Key: key,
        UpdateExpression: BURY,
        ConditionExpression: readVersion === undefined ? LIVE : UNCHANGED_SINCE_READ,
        ExpressionAttributeNames: NAMES,
        ExpressionAttributeValues: {
          ...epochValues(event, now),
          ':deleted': CLIENT_STATUS.deleted,
          ':purge_at': tombstonePurgeAt(now),
          ...(readVersion === undefined ? {} : { ':read_version': readVersion }),
        },
      });
      return removed !== undefined || carriesEvent(await getItem(table, key), event);
    },

    async raiseEpoch(clientId: string, event: AuditEvent, now: number): Promise<number | undefined> {
      const raised = await updateItem(table, {
        Key: clientKey(clientId),
        UpdateExpression: RAISE_EPOCH,
        ConditionExpression: LIVE,
        ExpressionAttributeNames: NAMES,
        ExpressionAttributeValues: epochValues(event, now),
        ReturnValues: 'UPDATED_NEW',
      });
      return raised === undefined ? undefined : wholeNumber(raised, 'epoch');
    },

    async list({ limit, cursor }: { limit: number; cursor: string | undefined }): Promise<ClientPage | undefined> {
      if (!Number.isInteger(limit) || limit < 1 || limit > BATCH_KEYS_MAX)
        throw new RangeError(`a page holds 1 to ${BATCH_KEYS_MAX} clients`);
      const after = cursor === undefined ? undefined : idInCursor(cursor, CLIENT_ID_PATTERN);
      if (cursor !== undefined && after === undefined) return undefined;
      // One more than asked for tells whether there is a next page.
      const ids = await idsAfter(table, after, limit + 1);
      const page = ids.slice(0, limit);
      const keys = page.map(clientKey);
      const found = await getItems(table, keys);
      const stored = keys.map((key) => found.get(keyText(key))).filter((item) => item !== undefined);
      const items = stored.map(clientFrom).filter((client) => client !== undefined);
      const last = page.at(-1);
      return { items, next: ids.length > limit && last !== undefined ? cursorAfter(last) : undefined };
    },
  };
}

function epochValues(event: AuditEvent, now: number): Record<string, unknown> {
  const { feed, feed_at, feed_until } = feedAttributes(now, epochFeedUntil(now));
  return {
    ':one': 1,
    ':now': now,
    ':feed': feed,
    ':feed_at': feed_at,
    ':feed_until': feed_until,
    ':event': event,
    ':live': CLIENT_STATUS.live,
  };
}

/** All but secrets, keys of requests and date of issue; with a higher epoch also what puts it into the feed. `undefined` removes an attribute. */
function changedAttributes(from: Client, to: Client, event: AuditEvent): Record<string, unknown> {
  const stored = clientAttributes(to);
  const { secrets: _secrets, spent_keys: _spent, registration: _registration, client_id_issued_at: _issuedAt, ...attributes } = stored;
  const feed = to.epoch > from.epoch ? feedAttributes(to.updated_at, epochFeedUntil(to.updated_at)) : {};
  return { ...attributes, version: from.version + 1, ...feed, event };
}

async function idsAfter(table: Table, after: string | undefined, count: number): Promise<string[]> {
  const start: Key | undefined = after === undefined ? undefined : clientKey(after);
  const entries = await queryPage(table, {
    IndexName: LISTING_INDEX.name,
    KeyConditionExpression: '#listing = :clients',
    ExpressionAttributeNames: { '#listing': LISTING_INDEX.partitionKey },
    ExpressionAttributeValues: { ':clients': LISTING_PARTITION },
    Limit: count,
    ...(start === undefined ? {} : { ExclusiveStartKey: { ...start, [LISTING_INDEX.partitionKey]: LISTING_PARTITION } }),
  });
  return entries.map((entry) => text(entry, 'PK').slice(CLIENT_PREFIX.length));
}
