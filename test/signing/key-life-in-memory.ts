// The ring's records and the keys of KMS in memory, with the conditions of the real ones, for runs that may die between any two calls.
import type { AuditEvent } from '../../src/audit/event.ts';
import type { KeyLifeStore, KeyRecord } from '../../src/endpoints/stores.ts';
import type { KeyMaker } from '../../src/signing/key-maker.ts';
import { ALGORITHMS, type Algorithm } from '../../src/tokens/algorithms.ts';

export type RingInMemory = {
  readonly records: Map<string, KeyRecord & { readonly feed_until?: number }>;
  /** By ARN, with the algorithm that each was made for. */
  readonly kmsKeys: Map<string, { readonly alg: Algorithm; readonly deleted: boolean }>;
  readonly events: AuditEvent[];
  readonly store: KeyLifeStore;
  readonly maker: KeyMaker;
};

export function createRingInMemory(): RingInMemory {
  const records: RingInMemory['records'] = new Map();
  const kmsKeys: RingInMemory['kmsKeys'] = new Map();
  const events: AuditEvent[] = [];
  const run: { id?: string; heldUntil?: number; unsure: readonly Algorithm[] } = { unsure: [] };
  let made = 0;

  const change = (
    kid: string,
    members: Partial<KeyRecord> & { feed_until?: number },
    may: (record: KeyRecord) => boolean,
    event?: AuditEvent,
  ) => {
    const record = records.get(kid);
    if (record === undefined || !may(record)) return Promise.resolve(false);
    records.set(kid, { ...record, ...members });
    if (event !== undefined) events.push(event);
    return Promise.resolve(true);
  };
  const trusted = ({ distrusted_at: distrusted }: KeyRecord): boolean => distrusted === undefined;

  return {
    records,
    kmsKeys,
    events,
    store: {
      readAll: () => Promise.resolve([...records.values()]),
      beginRun(id, now, until) {
        if (run.heldUntil !== undefined && run.heldUntil > now) return Promise.resolve(undefined);
        const former = run.heldUntil === undefined ? run.unsure : ALGORITHMS;
        Object.assign(run, { id, heldUntil: until });
        return Promise.resolve(former);
      },
      endRun(id, unsure) {
        if (run.id !== id) return Promise.resolve();
        delete run.heldUntil;
        run.unsure = unsure;
        return Promise.resolve();
      },
      add(key, event) {
        if (records.has(key.kid)) return Promise.resolve(false);
        records.set(key.kid, key);
        events.push(event);
        return Promise.resolve(true);
      },
      activate: (kid, active_from, event) =>
        change(kid, { active_from }, (record) => trusted(record) && record.active_from > active_from, event),
      retire: (kid, times, event) => change(kid, times, (record) => trusted(record) && record.retires_at === undefined, event),
      distrust: (kid, now, feed_until, event) => change(kid, { distrusted_at: now, feed_until }, trusted, event),
      discard: (kid, now) => change(kid, { discarded_at: now }, (record) => record.discarded_at === undefined),
    },
    maker: {
      make(alg, _now, recorded) {
        const known = new Set(recorded?.map(({ arn }) => arn));
        const lost = [...kmsKeys].find(([arn, key]) => recorded !== undefined && !known.has(arn) && !key.deleted && key.alg === alg)?.[0];
        const arn = lost ?? `${alg}-${++made}`;
        kmsKeys.set(arn, { alg, deleted: false });
        return Promise.resolve({ kid: arn, alg, arn, jwk: {} });
      },
      discard({ arn, alg }) {
        kmsKeys.set(arn, { alg, deleted: true });
        return Promise.resolve();
      },
    },
  };
}

/** The same, seen from a process that is killed at its `dies`-th call: before it takes effect, or after, when nobody hears the answer. */
export function mortal(ring: RingInMemory, dies: number, when: 'before' | 'after'): Pick<RingInMemory, 'store' | 'maker'> {
  let calls = 0;
  const wrap = <T extends object>(port: T): T =>
    Object.fromEntries(
      Object.entries(port).map(([name, call]) => [
        name,
        async (...parameters: readonly unknown[]): Promise<unknown> => {
          const at = calls++;
          if (at > dies || (at === dies && when === 'before')) throw new Error('killed');
          const answer: unknown = await (call as (...given: readonly unknown[]) => Promise<unknown>)(...parameters);
          if (at === dies) throw new Error('killed');
          return answer;
        },
      ]),
    ) as T;
  return { store: wrap(ring.store), maker: wrap(ring.maker) };
}
