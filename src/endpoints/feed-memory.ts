/**
 * The revocation feed's entries as one execution environment has read them, found by the time at which they were written: in slots of
 * ten seconds, and in each by name. Time and name are the table's own, so that where a page ends is the same place for every environment
 * and a reader may have its pages from several. Entries are only ever added until they no longer matter.
 */
import { feedId } from '../authorizer/feed-document.ts';
import type { FeedEntry } from './stores.ts';

const SLOT_SECONDS = 10;

export type HeldEntry = {
  readonly kind: FeedEntry['kind'];
  /** As the feed calls it: a digest. */
  readonly name: string;
  readonly epoch: number;
  /** Epoch seconds after which it no longer matters. */
  readonly until: number;
  /** Epoch seconds at which its slot begins. */
  readonly slot: number;
};
/** The last entry of a page: what follows it is the next page's. */
export type FeedPlace = { readonly slot: number; readonly key: string };
export type HeldPage = { readonly entries: readonly HeldEntry[]; readonly next: FeedPlace | undefined };

export type FeedMemory = {
  add(entry: FeedEntry): void;
  /** Drops what mattered until `now` at most (epoch seconds). */
  forget(now: number): void;
  all(): Iterable<HeldEntry>;
  /** At most `limit` entries written at or after `since` (epoch seconds, down to its slot) and behind `after`, oldest slot first. */
  page(question: { since: number; after: FeedPlace | undefined; limit: number }): HeldPage;
  readonly size: number;
};

type Slot = { readonly entries: Map<string, HeldEntry>; sorted: readonly HeldEntry[] | undefined };

const keyOf = ({ kind, name }: Pick<HeldEntry, 'kind' | 'name'>): string => `${kind}.${name}`;
export const slotOf = (seconds: number): number => Math.floor(seconds / SLOT_SECONDS) * SLOT_SECONDS;

export function createFeedMemory(): FeedMemory {
  const held = new Map<string, HeldEntry>();
  const slots = new Map<number, Slot>();

  const put = (key: string, entry: HeldEntry): void => {
    const slot = slots.get(entry.slot) ?? { entries: new Map<string, HeldEntry>(), sorted: undefined };
    slots.set(entry.slot, slot);
    slot.entries.set(key, entry);
    slot.sorted = undefined;
    held.set(key, entry);
  };
  const remove = (key: string, entry: HeldEntry): void => {
    held.delete(key);
    const slot = slots.get(entry.slot);
    if (slot === undefined) return;
    slot.entries.delete(key);
    slot.sorted = undefined;
    if (slot.entries.size === 0) slots.delete(entry.slot);
  };

  return {
    add({ kind, id, epoch = 0, until, atMs }) {
      const fresh = { kind, name: feedId(id), epoch, until, slot: slotOf(atMs / 1000) };
      const key = keyOf(fresh);
      const known = held.get(key);
      if (known === undefined) {
        put(key, fresh);
        return;
      }
      const both = latest(known, fresh);
      if (both === known) return;
      remove(key, known);
      put(key, both);
    },
    forget(now) {
      for (const [key, entry] of held) if (entry.until <= now) remove(key, entry);
    },
    all: () => held.values(),
    page({ since, after, limit }) {
      const from = Math.max(slotOf(since), after?.slot ?? 0);
      const entries: HeldEntry[] = [];
      for (const time of [...slots.keys()].filter((slot) => slot >= from).sort((a, b) => a - b)) {
        for (const entry of sortedEntries(slots.get(time))) {
          if (time === after?.slot && keyOf(entry) <= after.key) continue;
          if (entries.length === limit) return { entries, next: placeOf(entries.at(-1)) };
          entries.push(entry);
        }
      }
      return { entries, next: undefined };
    },
    get size() {
      return held.size;
    },
  };
}

/**
 * Of two readings of one entry: a client's higher epoch is the truth whichever of them the index told last, and nothing of it ever
 * moves backwards, because the clocks of its writers differ too.
 */
function latest(known: HeldEntry, fresh: HeldEntry): HeldEntry {
  if (fresh.epoch <= known.epoch && fresh.until <= known.until && fresh.slot <= known.slot) return known;
  return {
    ...known,
    epoch: Math.max(known.epoch, fresh.epoch),
    until: Math.max(known.until, fresh.until),
    slot: Math.max(known.slot, fresh.slot),
  };
}

const placeOf = (entry: HeldEntry | undefined): FeedPlace | undefined => entry && { slot: entry.slot, key: keyOf(entry) };

function sortedEntries(slot: Slot | undefined): readonly HeldEntry[] {
  if (slot === undefined) return [];
  slot.sorted ??= [...slot.entries].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, entry]) => entry);
  return slot.sorted;
}
