// Sealed access tokens of clients that get the same one again (docs/thrifty-tokens.md). The request's own read brings them back.
import type { IssuedTokenStore, SealedToken } from '../endpoints/stores.ts';
import type { Item } from './item.ts';
import { issuedTokenKey } from './keys.ts';
import { issuedTokenPurgeAt } from './retention.ts';
import { putItem, type Table } from './table.ts';

export function createIssuedTokenStore(table: Table): IssuedTokenStore {
  return {
    async keep({ clientId, digest }, { ringKey, sealed }, exp) {
      // Without a condition: of tokens made beside each other the last one stays, and each of them serves.
      await putItem(table, { Item: { ...issuedTokenKey(clientId, digest), ring_key: ringKey, sealed, purge_at: issuedTokenPurgeAt(exp) } });
    },
  };
}

/** Undefined also for what cannot be read: a new token takes its place. */
export function sealedTokenFrom(item: Item | undefined): SealedToken | undefined {
  const { ring_key: ringKey, sealed } = item ?? {};
  return typeof ringKey === 'string' && sealed instanceof Uint8Array ? { ringKey, sealed } : undefined;
}
