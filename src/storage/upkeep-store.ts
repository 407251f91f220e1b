// What the scheduled upkeep of credentials remembers: how far it has come, and which warnings it has given.
import type { AuditEvent } from '../audit/event.ts';
import type { ExpiryWarning, UpkeepStore } from '../endpoints/stores.ts';
import { carriesEvent, optional, text } from './item.ts';
import { CLIENT_PREFIX, clientKey, keyText, UPKEEP_CHECKPOINT_KEY, warningKey } from './keys.ts';
import { warningPurgeAt } from './retention.ts';
import { BATCH_KEYS_MAX, getItem, getItems, putItem, queryPage, type Table } from './table.ts';
import { LISTING_INDEX } from './table-schema.ts';

const NOT_GIVEN_BEFORE = 'attribute_not_exists(PK)';
const LISTING_PARTITION = 'CLIENTS';

export function createUpkeepStore(table: Table): UpkeepStore {
  return {
    async clientIds({ after, limit }): Promise<readonly string[]> {
      if (!Number.isInteger(limit) || limit < 1 || limit > BATCH_KEYS_MAX)
        throw new RangeError(`a page holds 1 to ${BATCH_KEYS_MAX} clients`);
      const entries = await queryPage(table, {
        IndexName: LISTING_INDEX.name,
        KeyConditionExpression: '#listing = :clients',
        ExpressionAttributeNames: { '#listing': LISTING_INDEX.partitionKey },
        ExpressionAttributeValues: { ':clients': LISTING_PARTITION },
        Limit: limit,
        ...(after === undefined ? {} : { ExclusiveStartKey: { ...clientKey(after), [LISTING_INDEX.partitionKey]: LISTING_PARTITION } }),
      });
      return entries.map((entry) => text(entry, 'PK').slice(CLIENT_PREFIX.length));
    },

    async checkpoint(): Promise<string | undefined> {
      const item = await getItem(table, UPKEEP_CHECKPOINT_KEY);
      return item === undefined ? undefined : optional(item, 'after', text);
    },

    async saveCheckpoint(after: string | undefined): Promise<void> {
      await putItem(table, { Item: { ...UPKEEP_CHECKPOINT_KEY, ...(after === undefined ? {} : { after }) } });
    },

    async given(warnings: readonly ExpiryWarning[]): Promise<readonly ExpiryWarning[]> {
      const items = await getItems(table, warnings.map(warningKey));
      return warnings.filter((warning) => items.has(keyText(warningKey(warning))));
    },

    async warn(warning: ExpiryWarning, event: AuditEvent): Promise<boolean> {
      const key = warningKey(warning);
      const put = await putItem(table, {
        Item: { ...key, purge_at: warningPurgeAt(warning.endsAt), event },
        ConditionExpression: NOT_GIVEN_BEFORE,
      });
      return put || carriesEvent(await getItem(table, key), event);
    },
  };
}
