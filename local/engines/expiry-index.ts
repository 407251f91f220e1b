/**
 * The table's items by the second at which they may be deleted: what has expired is found without reading everything else, of which
 * there may be millions. Entries are written in the batch of their item.
 */
import type { TableSpec } from '../template/state.ts';
import type { BatchOperation, Item, Level } from './dynalite.ts';

export type ExpiryIndex = {
  /** Of all its entries. */
  readonly prefix: string;
  /** What a write of an item changes here. @param key of the item, as dynalite writes it. */
  operations(key: string, existing: Item | undefined, item: Item | null): readonly BatchOperation[];
  /** Keys of the items whose time has come and gone by no more than DynamoDB's five years. @param now epoch seconds. */
  expired(database: Level, now: number): AsyncIterable<Item>;
};

/** DynamoDB ignores times that are older than this. */
const OLDEST_EXPIRY_SECONDS = 5 * 365 * 86_400;
/** So that texts are in the order of the numbers. */
const DIGITS = 16;

export function createExpiryIndex(table: TableSpec): ExpiryIndex {
  const prefix = `expiry~${table.name}~`;
  const from = (seconds: number): string => `${prefix}${String(Math.max(0, seconds)).padStart(DIGITS, '0')}`;
  const entryOf = (key: string, item: Item | null | undefined): string | undefined => {
    const seconds = expiryOf(table, item);
    return seconds === undefined ? undefined : `${from(seconds)}~${key}`;
  };
  return {
    prefix,
    operations(key, existing, item) {
      const [before, after] = [entryOf(key, existing), entryOf(key, item)];
      if (before === after) return [];
      return [
        ...(before === undefined ? [] : [{ type: 'del', key: before } as const]),
        ...(after === undefined || item === null ? [] : [{ type: 'put', key: after, value: keyOf(table, item) } as const]),
      ];
    },
    async *expired(database, now) {
      for await (const [, key] of database.iterator({ gte: from(now - OLDEST_EXPIRY_SECONDS), lt: from(now + 1) })) yield key as Item;
    },
  };
}

/** Undefined where there is none, or none that is a time. */
function expiryOf({ timeToLive }: TableSpec, item: Item | null | undefined): number | undefined {
  const seconds = Math.floor(Number((timeToLive === undefined ? undefined : item?.[timeToLive]?.['N']) ?? Number.NaN));
  return Number.isSafeInteger(seconds) && seconds >= 0 ? seconds : undefined;
}

const keyOf = ({ keySchema }: TableSpec, item: Item): Item =>
  Object.fromEntries(keySchema.map(({ AttributeName: name }) => [name, item[name] ?? {}]));
