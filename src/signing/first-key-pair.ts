/**
 * The first key pair of an algorithm, in delegated mode: made by whoever needs it first. Whoever needs it at the same time chooses the
 * same `kid`, so that one conditional put decides, and everybody signs with the winner's.
 */
import { createHash } from 'node:crypto';
import { signingKeyCreated } from '../audit/events.ts';
import type { KeyRecord, KeyRecordStore } from '../endpoints/stores.ts';
import { Outage } from '../outage.ts';
import type { Algorithm } from '../tokens/algorithms.ts';
import { makeWrappedKeyPair, type WrappingKey } from './delegated-key-maker.ts';
import { factsOf, firstUse, type KeySource } from './key-source.ts';
import { keyState } from './key-state.ts';
import { canUnwrap } from './private-keys.ts';

const HOUR_SECONDS = 60 * 60;

export type FirstKeyPairOptions = {
  readonly wrappingKey: WrappingKey;
  readonly algorithms: readonly Algorithm[];
  readonly records: KeyRecordStore;
  /** Which keys this deployment signs with: where there is one, of whatever kind, the new one is published first. */
  readonly isUsable: (record: KeyRecord) => boolean;
};

/** Two KMS-made pairs may lie beside each other only across an hour's change: both are then on record, and the later one signs. */
export function firstKeyPairSource({ wrappingKey, algorithms, records, isUsable }: FirstKeyPairOptions): KeySource {
  const make = async (alg: Algorithm, read: readonly KeyRecord[], now: number): Promise<KeyRecord> => {
    const kid = agreedKid(wrappingKey.issuer, alg, read, now);
    const active_from = firstUse(read.filter(isUsable), alg, now);
    const made = { ...(await makeWrappedKeyPair(wrappingKey, alg, kid)), created_at: now, active_from };
    await records.record(made, signingKeyCreated(factsOf(now), { reason: `first ${kid}` }));
    const winner = (await records.readAll()).find((record) => record.kid === kid);
    if (winner === undefined) throw new Outage('dynamodb:Query', { cause: new Error(`the record of key ${kid} is gone again`) });
    return winner;
  };
  return {
    missing: (read, now) =>
      algorithms
        .filter((alg) => !read.some((record) => hasTime(record, alg, now) && canUnwrap(wrappingKey, record)))
        .map((alg) => () => make(alg, read, now)),
  };
}

const hasTime = (record: KeyRecord, alg: Algorithm, now: number): boolean =>
  record.alg === alg && ['active', 'pending'].includes(keyState(record, now));

/** The same for all who read the same records in the same hour; another one once these have changed, so that no `kid` ever returns. */
function agreedKid(issuer: string, alg: Algorithm, read: readonly KeyRecord[], now: number): string {
  const others = read.filter((record) => record.alg === alg).map(({ kid }) => kid);
  const seed = JSON.stringify([issuer, alg, Math.floor(now / HOUR_SECONDS), others.toSorted()]);
  return createHash('sha256').update(seed).digest('base64url');
}
