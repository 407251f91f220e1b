// What DynamoDB charges for: units by the size of each item (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html).
import type { Item } from '../../src/storage/item.ts';

export type RequestUnits = { readonly read: number; readonly write: number; readonly events: number };

export type UnitMeter = {
  /** A strongly consistent read of one key: 4 KB a unit, and one unit for nothing found. */
  read(item: Item | undefined): void;
  /** A write: the larger of the item before and after it, 1 KB a unit; and an event where it leaves one on the item. */
  wrote(before: Item | undefined, after: Item): void;
  /** What was used since the last `take`. */
  take(): RequestUnits;
};

export function createUnitMeter(): UnitMeter {
  let used = { read: 0, write: 0, events: 0 };
  return {
    read: (item) => {
      used.read += units(item === undefined ? 0 : itemBytes(item), 4096);
    },
    wrote: (before, after) => {
      used.write += units(Math.max(before === undefined ? 0 : itemBytes(before), itemBytes(after)), 1024);
      used.events += after['event'] === undefined ? 0 : 1;
    },
    take: () => {
      const taken = used;
      used = { read: 0, write: 0, events: 0 };
      return taken;
    },
  };
}

const units = (bytes: number, unitBytes: number): number => Math.max(1, Math.ceil(bytes / unitBytes));

/** Names and values in UTF-8; undefined members are not stored. */
const itemBytes = (item: Item): number =>
  Object.entries(item).reduce((sum, [name, value]) => sum + (value === undefined ? 0 : Buffer.byteLength(name) + valueBytes(value)), 0);

/** "3 bytes of overhead" for a list or map and "1 byte" for each of its members; a number takes about half its digits. */
function valueBytes(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number') return 1 + Math.ceil(String(value).replace(/\D/g, '').length / 2);
  if (value instanceof Uint8Array) return value.byteLength;
  if (Array.isArray(value)) return value.reduce<number>((sum, element) => sum + 1 + valueBytes(element), 3);
  if (typeof value === 'object' && value !== null) return 3 + Object.keys(value).length + itemBytes(value as Item);
  return 1;
}
