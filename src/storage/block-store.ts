// Blocked networks: one item with all of them, so that one key more in a request's own read brings the whole list.
import type { Block } from '../abuse/blocked-networks.ts';
import type { AuditEvent } from '../audit/event.ts';
import { isCidr } from '../client-authentication/network.ts';
import type { BlockList, BlockStore } from '../endpoints/stores.ts';
import { Outage } from '../outage.ts';
import { carriesEvent, maps, text, wholeNumber, type Item } from './item.ts';
import { BLOCKS_KEY } from './keys.ts';
import { getItem, putItem, type Table } from './table.ts';

const FIRST_OF_ALL = 'attribute_not_exists(PK)';
const UNCHANGED_SINCE_READ = 'version = :read_version';

export function createBlockStore(table: Table): BlockStore {
  return {
    async read(): Promise<BlockList> {
      const item = await getItem(table, BLOCKS_KEY);
      return item === undefined ? { blocks: [], version: 0 } : { blocks: blocksOf(item), version: wholeNumber(item, 'version') };
    },

    async replace({ version, blocks }: { version: number; blocks: readonly Block[] }, event: AuditEvent): Promise<boolean> {
      const replaced = await putItem(table, {
        Item: { ...BLOCKS_KEY, version: version + 1, blocks, event },
        ...(version === 0
          ? { ConditionExpression: FIRST_OF_ALL }
          : { ConditionExpression: UNCHANGED_SINCE_READ, ExpressionAttributeValues: { ':read_version': version } }),
      });
      return replaced || carriesEvent(await getItem(table, BLOCKS_KEY), event);
    },
  };
}

/** For whoever only enforces the list: one that cannot be read is undefined, and what was known before stays. */
export function blocksFrom(item: Item | undefined): readonly Block[] | undefined {
  try {
    return item === undefined ? [] : blocksOf(item);
  } catch (error) {
    if (error instanceof Outage) return undefined;
    throw error;
  }
}

function blocksOf(item: Item): readonly Block[] {
  return maps(item, 'blocks').map((block) => {
    const cidr = text(block, 'cidr');
    if (!isCidr(cidr)) throw new Outage('dynamodb:item', { cause: new TypeError('a blocked network is no CIDR') });
    return {
      cidr,
      created_at: wholeNumber(block, 'created_at'),
      expires_at: wholeNumber(block, 'expires_at'),
      reason: text(block, 'reason'),
      created_by: text(block, 'created_by'),
    };
  });
}
