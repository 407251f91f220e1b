/**
 * Reading attributes of an item, each checked for its type: the table is shared with older versions, restored backups and
 * operators. An attribute that is missing or of another type makes the record unreadable, which is told as an outage (the
 * caller gets a 503), never as a decision. Attributes that nobody asks for are ignored.
 */
import type { AuditEvent } from '../audit/event.ts';
import { Outage } from '../outage.ts';

export type Item = Readonly<Record<string, unknown>>;

export function text(item: Item, name: string): string {
  const value = item[name];
  return typeof value === 'string' ? value : unreadable(item, name, 'a string');
}

export function wholeNumber(item: Item, name: string): number {
  const value = item[name];
  return Number.isSafeInteger(value) ? (value as number) : unreadable(item, name, 'a whole number');
}

export function flag(item: Item, name: string): boolean {
  const value = item[name];
  return typeof value === 'boolean' ? value : unreadable(item, name, 'true or false');
}

export function texts(item: Item, name: string): readonly string[] {
  const value = item[name];
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string') ? value : unreadable(item, name, 'a list of strings');
}

export function maps(item: Item, name: string): readonly Item[] {
  const value = item[name];
  return Array.isArray(value) && value.every(isMap) ? value : unreadable(item, name, 'a list of maps');
}

export function map(item: Item, name: string): Item {
  const value = item[name];
  return isMap(value) ? value : unreadable(item, name, 'a map');
}

export function oneOf<const T extends string>(item: Item, name: string, allowed: readonly T[]): T {
  const value = item[name];
  return allowed.find((candidate) => candidate === value) ?? unreadable(item, name, `one of ${allowed.join(', ')}`);
}

export function someOf<const T extends string>(item: Item, name: string, allowed: readonly T[]): readonly T[] {
  return texts(item, name).map(
    (value) => allowed.find((candidate) => candidate === value) ?? unreadable(item, name, 'a list of known words'),
  );
}

/** The attribute if the item has it, read with `read`. */
export const optional = <T>(item: Item, name: string, read: (item: Item, name: string) => T): T | undefined =>
  item[name] === undefined ? undefined : read(item, name);

type Present<T> = { readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};
/** The same object without the members that are undefined. */
export const present = <T extends object>(members: T): Present<T> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Present<T>;

/** Whether the item carries this very event: then a write whose condition failed is our own, done before its answer was lost. */
export const carriesEvent = (item: Item | undefined, event: AuditEvent): boolean => {
  const stored = item?.['event'];
  return isMap(stored) && stored['event_id'] === event.event_id;
};

const isMap = (value: unknown): value is Item => typeof value === 'object' && value !== null && !Array.isArray(value);

function unreadable(item: Item, name: string, expectation: string): never {
  // Parts of an item (a secret of a client) have no key of their own.
  const where = typeof item['PK'] === 'string' ? `${item['PK']} ${String(item['SK'])}` : 'a part of an item';
  const cause = new TypeError(`${where}: ${name} is not ${expectation}`);
  throw new Outage('dynamodb:item', { cause });
}
