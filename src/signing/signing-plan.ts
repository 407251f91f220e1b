// Which keys an execution environment may need now: the one that signs, what would do in its place, the one that follows. Pure.
import type { KeyRecord } from '../endpoints/stores.ts';
import type { Algorithm } from '../tokens/algorithms.ts';
import { activeKey, keyState } from './key-state.ts';

export type SigningPlan = {
  /** Undefined: there is none. */
  readonly signs: KeyRecord | undefined;
  /** Active too, the latest first: as good as `signs` where that cannot be had. */
  readonly instead: readonly KeyRecord[];
  /** The next to become active; a standby has its turn like every other. */
  readonly next: KeyRecord | undefined;
  /** Of all algorithms: the keys that sign or will. */
  readonly live: ReadonlySet<string>;
  /** Epoch seconds until which this holds, for the same records. */
  readonly until: number;
};

export function signingPlan(records: readonly KeyRecord[], algorithm: Algorithm, now: number): SigningPlan {
  const live = records.filter((record) => ['active', 'pending'].includes(keyState(record, now)));
  const signs = activeKey(records, algorithm, now);
  const others = live.filter((record) => record.alg === algorithm && record.kid !== signs?.kid);
  const active = others.filter((record) => keyState(record, now) === 'active');
  const [next] = others.filter((record) => record.active_from > now).toSorted((a, b) => a.active_from - b.active_from);
  return {
    signs,
    instead: active.toSorted((a, b) => b.active_from - a.active_from),
    next,
    live: new Set(live.map(({ kid }) => kid)),
    until: Math.min(Infinity, ...records.flatMap(timesOf).filter((time) => time > now)),
  };
}

/** When a record changes its state by itself. */
const timesOf = ({ active_from, retires_at = 0, removed_at = 0 }: KeyRecord): readonly number[] => [active_from, retires_at, removed_at];
