// Where the ring gets a key that it lacks: the keys of the template, recorded on first use, or a first key pair, made on first use.
import { randomUUID } from 'node:crypto';
import { signingKeyCreated, type RequestFacts } from '../audit/events.ts';
import type { KeyRecord, KeyRecordStore } from '../endpoints/stores.ts';
import type { Algorithm } from '../tokens/algorithms.ts';
import { activeKey } from './key-state.ts';
import { PUBLISHED_AHEAD_SECONDS } from './key-times.ts';
import type { TemplateKeys } from './template-keys.ts';

export type KeySource = {
  /** What to make, for each thing that the ring lacks; empty, and without cost, where it lacks nothing. */
  missing(read: readonly KeyRecord[], now: number): readonly Missing[];
};
/** Makes and records one key, and answers what is on record. */
export type Missing = () => Promise<KeyRecord>;

/** Whoever's request it was that came first has nothing to do with it. */
export const factsOf = (now: number): RequestFacts => ({ eventId: randomUUID(), ip: '', userAgent: '', traceId: '', nowMs: now * 1000 });

/** The very first key of an algorithm signs at once; one that follows another is published first. */
export const firstUse = (read: readonly KeyRecord[], alg: Algorithm, now: number): number =>
  activeKey(read, alg, now) === undefined ? now : now + PUBLISHED_AHEAD_SECONDS;

/**
 * Without `record`, keys that nobody has recorded yet are shown but not recorded.
 * @param isUsable which keys this deployment signs with: where there is one, the new one is published first.
 */
export function templateKeySource(
  template: TemplateKeys,
  { record }: Partial<Pick<KeyRecordStore, 'record'>>,
  isUsable: (record: KeyRecord) => boolean = () => true,
): KeySource {
  return {
    missing: (read, now) =>
      [...template.arns]
        .filter(([, arn]) => !read.some((known) => known.arn === arn))
        .map(([alg, arn]) => async () => {
          const { kid, jwk } = await template.publicKey(alg, arn);
          const made = { kid, alg, arn, jwk, created_at: now, active_from: firstUse(read.filter(isUsable), alg, now) };
          await record?.(made, signingKeyCreated(factsOf(now), { reason: `template ${kid}` }));
          return made;
        }),
  };
}
