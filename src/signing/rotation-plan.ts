/**
 * What a run of the rotation has to do, from the records alone. Pure. Each step is one idempotent write (making a key is one call of
 * KMS before it), so a run that was cut off anywhere is put right by the next one. Times: epoch seconds.
 */
import type { KeyRecord } from '../endpoints/stores.ts';
import { ALGORITHMS, type Algorithm } from '../tokens/algorithms.ts';
import { activeKey, isPublished, keyState } from './key-state.ts';
import { KEPT_AFTER_SECONDS, PUBLISHED_AHEAD_SECONDS, TOKEN_SECONDS_MAX } from './key-times.ts';

/** ALB stops forwarding when a JWKS holds more (PLATFORM 0.1). */
export const PUBLISHED_KEYS_MAX = 10;
/** How long before its standby takes over an algorithm gets the next one: that one is then fit to sign from the first moment on. */
const NEXT_STANDBY_SECONDS = PUBLISHED_AHEAD_SECONDS + 2 * 3600;
/** Successions of two algorithms keep that apart, so that the keys of all of them fit into the JWKS at any time. */
const APART_SECONDS = NEXT_STANDBY_SECONDS + KEPT_AFTER_SECONDS;
/** A revoked key is left in KMS until nobody can be using the ring of before. */
const REVOKED_KEPT_SECONDS = 3600;

export type RotationSettings = {
  /** Those that tokens are signed with. */
  readonly algorithms: readonly Algorithm[];
  readonly periodSeconds: number;
  /** ARNs of keys that belong to the template: never discarded, and their records stay. */
  readonly templateArns: ReadonlySet<string>;
  /** Which keys this deployment can sign with. */
  readonly isUsable: (record: KeyRecord) => boolean;
  /** Which of them are of the kind that it makes: after a change of the mode those of the other kind end. */
  readonly isCurrent: (record: KeyRecord) => boolean;
};

export type RotationStep =
  /** Make a key that signs from `active_from` on, and record it. */
  | { readonly step: 'make'; readonly alg: Algorithm; readonly active_from: number }
  /** A standby signs already, since a key was revoked: now its record says so too. */
  | { readonly step: 'activate'; readonly kid: string; readonly active_from: number }
  | { readonly step: 'retire'; readonly kid: string; readonly retires_at: number; readonly removed_at: number }
  /** Give up the private key of a record that is published no more. */
  | { readonly step: 'discard'; readonly kid: string };

/** Steps that do not depend on each other; whatever they make possible is left to the next run. */
export function rotationPlan(records: readonly KeyRecord[], settings: RotationSettings, now: number): readonly RotationStep[] {
  const steps = ALGORITHMS.flatMap((alg) => successionSteps(records, alg, settings, now));
  // Records that only count: what is made for one algorithm takes the place and the time of another's.
  const made: KeyRecord[] = [];
  for (const alg of settings.algorithms) {
    const make = keyToMake(records, made, alg, settings, now);
    if (make === undefined) continue;
    steps.push(make);
    made.push({ kid: `new ${alg}`, alg, arn: '', jwk: {}, created_at: now, active_from: make.active_from });
  }
  return [
    ...steps,
    ...records.filter((record) => isToDiscard(record, settings, now)).map(({ kid }) => ({ step: 'discard', kid }) as const),
  ];
}

/** A key counts as published for a while after its removal: the clock of whoever publishes may be slower. */
const REMOVAL_DOUBT_SECONDS = 300;

/** How many more keys may be published, with a place kept for the template's key of every algorithm that has none. */
export function freePlaces(records: readonly KeyRecord[], now: number): number {
  const published = records.filter((record) => isPublished(record, now - REMOVAL_DOUBT_SECONDS));
  const absent = ALGORITHMS.filter((alg) => !published.some((record) => record.alg === alg));
  return PUBLISHED_KEYS_MAX - published.length - absent.length;
}

/** When the next place in the JWKS becomes free; undefined when nothing is on its way out. */
export function nextFreePlace(records: readonly KeyRecord[], now: number): number | undefined {
  const removals = records
    .filter((record) => isPublished(record, now - REMOVAL_DOUBT_SECONDS))
    .flatMap(({ removed_at }) => (removed_at === undefined ? [] : removed_at + REMOVAL_DOUBT_SECONDS));
  return removals.length === 0 ? undefined : Math.min(...removals);
}

/** From when the key may sign without surprising a verifier that keeps the JWKS for two hours. */
export const readyAt = ({ created_at }: KeyRecord): number => created_at + PUBLISHED_AHEAD_SECONDS;

/** The keys that wait, the next to sign first. */
export const standbys = (records: readonly KeyRecord[], alg: Algorithm, now: number): readonly KeyRecord[] =>
  records
    .filter((record) => record.alg === alg && keyState(record, now) === 'pending' && record.retires_at === undefined)
    .toSorted((a, b) => a.active_from - b.active_from);

/** A key retires only once its successor really signs: a run that comes late keeps keys for longer, never for less. */
function successionSteps(
  records: readonly KeyRecord[],
  alg: Algorithm,
  { isUsable, isCurrent }: RotationSettings,
  now: number,
): RotationStep[] {
  const signer = activeKey(records.filter(isUsable), alg, now);
  if (signer === undefined) return [];
  if (keyState(signer, now) === 'pending') return [{ step: 'activate', kid: signer.kid, active_from: now }];
  const others = records.filter((record) => record.alg === alg && record.kid !== signer.kid && record.retires_at === undefined);
  // A successor of another mode that is active for long need not have signed since then: the mode may have been changed back just now,
  // and tokens of a moment ago name the key that retires.
  const lastSigned = (record: KeyRecord, from: number): number =>
    isUsable(record) && isCurrent(record) === isCurrent(signer) ? from : Math.max(from, now - TOKEN_SECONDS_MAX);
  const retire = (from: number) => (record: KeyRecord) =>
    ({ step: 'retire', kid: record.kid, retires_at: from, removed_at: lastSigned(record, from) + KEPT_AFTER_SECONDS }) as const;
  return [
    ...others.filter((record) => keyState(record, now) === 'active').map(retire(signer.active_from)),
    // The mode has changed, and its first key has taken over: the standbys of before are not wanted any more.
    ...others.filter((record) => keyState(record, now) === 'pending' && isCurrent(signer) && !isCurrent(record)).map(retire(now)),
  ];
}

function keyToMake(
  records: readonly KeyRecord[],
  made: readonly KeyRecord[],
  alg: Algorithm,
  { isUsable, isCurrent, periodSeconds }: RotationSettings,
  now: number,
): Extract<RotationStep, { step: 'make' }> | undefined {
  const signer = activeKey(records.filter(isUsable), alg, now);
  // Nothing can sign: only a key that signs at once helps, although no verifier knows it yet.
  if (signer === undefined) return { step: 'make', alg, active_from: now };
  const last = standbys(records.filter(isCurrent), alg, now).findLast(({ kid }) => kid !== signer.kid);
  if (last !== undefined && last.active_from > now + NEXT_STANDBY_SECONDS) return undefined;
  if (freePlaces([...records, ...made], now) < 1) return undefined;
  // A standby that had to step in signs from now on.
  const from = last?.active_from ?? Math.min(signer.active_from, now);
  const wanted = Math.max(from + periodSeconds, now + PUBLISHED_AHEAD_SECONDS);
  return { step: 'make', alg, active_from: apartFromOthers(wanted, [...records, ...made], alg, now) };
}

/** Later, where another algorithm's succession is near. */
function apartFromOthers(wanted: number, records: readonly KeyRecord[], alg: Algorithm, now: number): number {
  const others = ALGORITHMS.filter((other) => other !== alg).flatMap((other) => standbys(records, other, now));
  let time = wanted;
  for (const { active_from: taken } of others.toSorted((a, b) => a.active_from - b.active_from))
    if (Math.abs(taken - time) < APART_SECONDS) time = taken + APART_SECONDS;
  return time;
}

function isToDiscard(record: KeyRecord, { templateArns }: RotationSettings, now: number): boolean {
  if (record.discarded_at !== undefined || templateArns.has(record.arn)) return false;
  const { distrusted_at: distrusted } = record;
  return distrusted === undefined ? keyState(record, now) === 'retired' : distrusted + REVOKED_KEPT_SECONDS <= now;
}
