// Where a signing key is in its life follows from its times alone, so nobody has to flip a pointer. Pure.
import type { KeyRecord } from '../endpoints/stores.ts';
import type { Algorithm } from '../tokens/algorithms.ts';

export type KeyState = 'pending' | 'active' | 'retiring' | 'retired';

/** pending: published, does not sign yet. active: signs. retiring: published only, for tokens that live on. retired: gone. */
export function keyState({ active_from, retires_at, removed_at }: KeyRecord, now: number): KeyState {
  if (removed_at !== undefined && removed_at <= now) return 'retired';
  if (retires_at !== undefined && retires_at <= now) return 'retiring';
  return active_from <= now ? 'active' : 'pending';
}

/** The key that signs for an algorithm at `now`: of the active ones the latest. */
export const activeKey = (records: readonly KeyRecord[], algorithm: Algorithm, now: number): KeyRecord | undefined =>
  records.filter((record) => record.alg === algorithm && keyState(record, now) === 'active').toSorted(latestFirst)[0];

/** Order of need, for the case that there are more than may be published. */
const NEED: readonly KeyState[] = ['active', 'retiring', 'pending'];

/** The keys to publish, most needed first: whatever is not retired, at most `max`. */
export const publishedKeys = (records: readonly KeyRecord[], now: number, max: number): readonly KeyRecord[] =>
  records
    .filter((record) => keyState(record, now) !== 'retired')
    .toSorted((a, b) => NEED.indexOf(keyState(a, now)) - NEED.indexOf(keyState(b, now)) || latestFirst(a, b))
    .slice(0, max);

/** By `kid` where times are equal, so that every environment chooses the same. */
const latestFirst = (a: KeyRecord, b: KeyRecord): number => b.active_from - a.active_from || (a.kid < b.kid ? -1 : 1);
