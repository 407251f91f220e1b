// Where a signing key is in its life follows from its times alone, so nobody has to flip a pointer. Pure.
import type { KeyRecord } from '../endpoints/stores.ts';
import type { Algorithm } from '../tokens/algorithms.ts';

export type KeyState = 'pending' | 'active' | 'retiring' | 'retired' | 'revoked';

/**
 * pending: published, does not sign yet. active: signs. retiring: published only, for tokens that live on. retired: gone.
 * revoked: gone from the moment that it is read, whatever the reader's clock says.
 */
export function keyState({ active_from, retires_at, removed_at, distrusted_at }: KeyRecord, now: number): KeyState {
  if (distrusted_at !== undefined) return 'revoked';
  if (removed_at !== undefined && removed_at <= now) return 'retired';
  if (retires_at !== undefined && retires_at <= now) return 'retiring';
  return active_from <= now ? 'active' : 'pending';
}

/** Whether tokens signed by the key are still worth something: it is published and verifies. */
export const isPublished = (record: KeyRecord, now: number): boolean => !['retired', 'revoked'].includes(keyState(record, now));

/**
 * The key that signs for an algorithm at `now`: of the active ones the latest. Where the only one was revoked (or this clock is slow),
 * the next in line, so that the one write that revokes a key also names its successor.
 */
export function activeKey(records: readonly KeyRecord[], algorithm: Algorithm, now: number): KeyRecord | undefined {
  const inState = (state: KeyState) => records.filter((record) => record.alg === algorithm && keyState(record, now) === state);
  return inState('active').toSorted(latestFirst)[0] ?? inState('pending').toSorted(nextFirst)[0];
}

/** Order of need, for the case that there are more than may be published. */
const NEED: readonly KeyState[] = ['active', 'retiring', 'pending'];

/** The keys to publish, most needed first, at most `max`: of those that wait the next to sign, of the others the latest. */
export const publishedKeys = (records: readonly KeyRecord[], now: number, max: number): readonly KeyRecord[] =>
  records
    .filter((record) => isPublished(record, now))
    .toSorted((a, b) => {
      const state = keyState(a, now);
      const byNeed = NEED.indexOf(state) - NEED.indexOf(keyState(b, now));
      return byNeed || (state === 'pending' ? nextFirst(a, b) : latestFirst(a, b));
    })
    .slice(0, max);

/** By `kid` where times are equal, so that every environment chooses the same. */
const latestFirst = (a: KeyRecord, b: KeyRecord): number => b.active_from - a.active_from || (a.kid < b.kid ? -1 : 1);
const nextFirst = (a: KeyRecord, b: KeyRecord): number => latestFirst(b, a);
