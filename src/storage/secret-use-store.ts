// When, and by whom, each secret of a client was last used. Told apart from the audit trail: these items never carry an event.
import type { SecretUseStore } from '../endpoints/stores.ts';
import { USE_INTERVAL_SECONDS, type SecretUse } from '../clients/secret-use.ts';
import { text, wholeNumber, type Item } from './item.ts';
import { keyText, secretUseKey } from './keys.ts';
import { secretUsePurgeAt } from './retention.ts';
import { getItems, updateItem, type Table } from './table.ts';

/** Nobody has written a use within the interval: of many environments one writes. */
const NOT_RECENTLY_WRITTEN = 'attribute_not_exists(PK) OR last_used_at <= :before';
const LAST_USE = 'SET last_used_at = :at, ip = :ip, user_agent = :user_agent, purge_at = :purge_at';

export function createSecretUseStore(table: Table): SecretUseStore {
  return {
    async record(clientId: string, secretId: string, use: SecretUse): Promise<void> {
      await updateItem(table, {
        Key: secretUseKey(clientId, secretId),
        UpdateExpression: LAST_USE,
        ConditionExpression: NOT_RECENTLY_WRITTEN,
        ExpressionAttributeValues: {
          ':at': use.last_used_at,
          ':before': use.last_used_at - USE_INTERVAL_SECONDS,
          ':ip': use.ip,
          ':user_agent': use.user_agent,
          ':purge_at': secretUsePurgeAt(use.last_used_at),
        },
      });
    },

    async read(clientId: string, secretIds: readonly string[]): Promise<ReadonlyMap<string, SecretUse>> {
      const keys = new Map(secretIds.map((id) => [id, secretUseKey(clientId, id)]));
      const items = await getItems(table, [...keys.values()]);
      const uses = new Map<string, SecretUse>();
      for (const [id, key] of keys) {
        const item = items.get(keyText(key));
        if (item !== undefined) uses.set(id, useFrom(item));
      }
      return uses;
    },
  };
}

const useFrom = (item: Item): SecretUse => ({
  last_used_at: wholeNumber(item, 'last_used_at'),
  ip: text(item, 'ip'),
  user_agent: text(item, 'user_agent'),
});
