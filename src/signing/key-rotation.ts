/**
 * The life of the key ring beyond what time alone does: the scheduled run, and what an operator asks for (docs/signing-keys.md).
 * One run at a time makes keys; whatever a run did not get to do, the next one does.
 */
import { randomUUID } from 'node:crypto';
import type { KeyLifeStore, KeyRecord } from '../endpoints/stores.ts';
import { Outage } from '../outage.ts';
import { refuse, ok, type Result } from '../result.ts';
import { describeError, log } from '../telemetry/log.ts';
import { ALGORITHMS, type Algorithm } from '../tokens/algorithms.ts';
import { keyActivated, keyCreated, keyRetired, keyRevoked, type KeyActor } from './key-events.ts';
import type { KeyMaker } from './key-maker.ts';
import { activeKey, isPublished, keyState, type KeyState } from './key-state.ts';
import { DISTRUST_TOLD_SECONDS, KEPT_AFTER_SECONDS, PUBLISHED_AHEAD_SECONDS } from './key-times.ts';
import { RUN_SECONDS_MAX } from './made-keys.ts';
import { freePlaces, nextFreePlace, readyAt, rotationPlan, standbys, type RotationSettings, type RotationStep } from './rotation-plan.ts';

/** Longer than a run can take. */
const LEASE_SECONDS = RUN_SECONDS_MAX + 30;
/** KMS keeps a key for 30 days before it deletes it; the record stays for longer, so that nobody takes the key for a lost one. */
const DISCARDED_RECORD_SECONDS = 40 * 24 * 3600;

export type KeyRotationDeps = {
  readonly store: KeyLifeStore;
  readonly maker: KeyMaker;
  readonly settings: RotationSettings;
  /** Records what the template brought, where nobody has asked for a token yet. */
  readonly recordTemplateKeys: (now: number) => Promise<unknown>;
  /** Epoch seconds. */
  readonly clock: () => number;
};

/** Why what was asked for is not done; each is told with what to do instead. */
export type RotationRefusal =
  | { readonly reason: 'key_unknown' | 'key_gone' | 'algorithm_unknown' | 'run_under_way' }
  /** The successor has not been published for long enough: verifiers may refuse what it signs until `at`. Undefined: there is none. */
  | { readonly reason: 'standby_not_ready'; readonly at: number | undefined }
  /** The JWKS has no room for one more key, until `at`. */
  | { readonly reason: 'no_room'; readonly at: number | undefined };

export type KeyView = KeyRecord & {
  readonly state: KeyState;
  /** Whether tokens of its algorithm are signed with it now. */
  readonly signs: boolean;
};
export type RingView = {
  readonly keys: readonly KeyView[];
  readonly withoutStandby: readonly Algorithm[];
  /** What was asked for is done; what follows from it, a new standby above all, is left to the next run. */
  readonly unfinished?: true;
};
export type RotationAnswer = Result<RingView, RotationRefusal>;

export type KeyRotation = {
  /** The scheduled run. Throws `Outage` when something could not be done; the next run does it. */
  run(): Promise<RotationAnswer>;
  list(): Promise<RotationAnswer>;
  /** The standby signs as soon as every verifier knows it: at once, or at its `active_from` as answered. */
  rotate(algorithm: Algorithm): Promise<RotationAnswer>;
  /** Ends a key's use: the signing one is rotated out, one that waits is taken back. */
  retire(kid: string): Promise<RotationAnswer>;
  /** Nobody trusts the key from now on, also where an outage then leaves the ring `unfinished`. `force`: even where verifiers do not know its successor yet. */
  revoke(kid: string, options: { readonly force: boolean }): Promise<RotationAnswer>;
};

export function createKeyRotation(deps: KeyRotationDeps): KeyRotation {
  const { store, clock } = deps;

  /** `change` and then what the plan says, while nobody else does; `change` may refuse. */
  const inRun = async (
    by: KeyActor,
    change: (records: readonly KeyRecord[]) => Promise<RotationRefusal | undefined>,
  ): Promise<RotationAnswer> => {
    const run = randomUUID();
    const former = await store.beginRun(run, clock(), clock() + LEASE_SECONDS);
    if (former === undefined) return refuse({ reason: 'run_under_way' });
    let unsure: readonly Algorithm[] = ALGORITHMS;
    try {
      await deps.recordTemplateKeys(clock());
      const refusal = await change(await store.readAll());
      unsure = refusal === undefined ? await carryOut(await store.readAll(), { by, unsure: former }, deps) : former;
      if (refusal !== undefined) return refuse(refusal);
    } finally {
      await store.endRun(run, unsure);
    }
    return ok(await view());
  };
  const view = async (): Promise<RingView> => ringView(await store.readAll(), deps.settings, clock());

  return {
    run: () => inRun('schedule', () => Promise.resolve(undefined)),
    list: async () => ok(await view()),
    rotate: (algorithm) =>
      inRun('operator', (records) =>
        // Said again because the first time was cut off: the run does what is left.
        hasJustRotated(records, algorithm, deps) ? Promise.resolve(undefined) : rotateNow(records, algorithm, deps),
      ),
    retire: (kid) => inRun('operator', (records) => retireNow(records, kid, deps)),

    async revoke(kid, { force }) {
      const records = await store.readAll();
      const refusal = reasonNotToRevoke(records, kid, deps.settings, clock());
      if (refusal !== undefined && !(force && refusal.reason === 'standby_not_ready')) return refuse(refusal);
      // Before anything else and without waiting for a run under way: this one write also lets the standby sign.
      const now = clock();
      await store.distrust(kid, now, now + DISTRUST_TOLD_SECONDS, keyRevoked('operator', kid, now));
      try {
        const after = await inRun('operator', () => Promise.resolve(undefined));
        // The run under way makes the next standby.
        return after.ok ? after : ok(await view());
      } catch (error) {
        if (!(error instanceof Outage)) throw error;
        const { dependency } = error;
        log('ERROR', 'a signing key is revoked; its standby is left to the next run', { dependency, error: describeError(error) });
        const known = records.map((record) => (record.kid === kid ? { ...record, distrusted_at: record.distrusted_at ?? now } : record));
        return ok({ ...ringView(await latestOr(known, store), deps.settings, clock()), unfinished: true });
      }
    },
  };
}

/** The records as they are, or as they are `known` while the store is out. */
async function latestOr(known: readonly KeyRecord[], store: KeyLifeStore): Promise<readonly KeyRecord[]> {
  try {
    return await store.readAll();
  } catch (error) {
    if (error instanceof Outage) return known;
    throw error;
  }
}

/** Whether the key that signs took over from another one so lately that verifiers may not know its standby yet. */
function hasJustRotated(records: readonly KeyRecord[], algorithm: Algorithm, { settings, clock }: KeyRotationDeps): boolean {
  const now = clock();
  const signer = activeKey(records.filter(settings.isUsable), algorithm, now);
  if (signer === undefined || signer.active_from <= now - PUBLISHED_AHEAD_SECONDS) return false;
  const published = records.filter((record) => record.alg === algorithm && isPublished(record, now));
  return published.some((record) => record.active_from < signer.active_from);
}

async function rotateNow(
  records: readonly KeyRecord[],
  algorithm: Algorithm,
  { store, settings, clock }: KeyRotationDeps,
): Promise<RotationRefusal | undefined> {
  const now = clock();
  if (!settings.algorithms.includes(algorithm)) return { reason: 'algorithm_unknown' };
  const [next] = standbys(records.filter(settings.isCurrent), algorithm, now);
  if (next === undefined) return { reason: 'standby_not_ready', at: undefined };
  const at = Math.max(now, readyAt(next));
  // On its way already, as soon as may be.
  if (next.active_from <= at) return undefined;
  // What is published then has to hold one more standby.
  if (freePlaces(records, now) < 1) return { reason: 'no_room', at: nextFreePlace(records, now) };
  await store.activate(next.kid, at, keyActivated('operator', next.kid, now));
  return undefined;
}

async function retireNow(records: readonly KeyRecord[], kid: string, deps: KeyRotationDeps): Promise<RotationRefusal | undefined> {
  const now = deps.clock();
  const record = records.find((candidate) => candidate.kid === kid);
  if (record === undefined) return { reason: 'key_unknown' };
  const state = keyState(record, now);
  if (state === 'retired' || state === 'revoked') return { reason: 'key_gone' };
  const { algorithms, isUsable } = deps.settings;
  const inUse = algorithms.includes(record.alg);
  if (inUse && activeKey(records.filter(isUsable), record.alg, now)?.kid === kid) return rotateNow(records, record.alg, deps);
  const missing = inUse ? whatIsMissingWithout(record, records.filter(isUsable), now) : undefined;
  if (missing !== undefined) return missing;
  // Published a while longer all the same: an environment may have been about to sign with it.
  const times = { retires_at: now, removed_at: now + KEPT_AFTER_SECONDS };
  if (state !== 'retiring') await deps.store.retire(kid, times, keyRetired('operator', kid, now));
  return undefined;
}

function reasonNotToRevoke(
  records: readonly KeyRecord[],
  kid: string,
  { algorithms, isUsable }: RotationSettings,
  now: number,
): RotationRefusal | undefined {
  const record = records.find((candidate) => candidate.kid === kid);
  if (record === undefined) return { reason: 'key_unknown' };
  const matters = isPublished(record, now) && isUsable(record) && algorithms.includes(record.alg);
  return matters ? whatIsMissingWithout(record, records.filter(isUsable), now) : undefined;
}

/** Undefined when its algorithm does without the key: another one signs and is not about to retire, or waits and is known to every verifier. */
function whatIsMissingWithout(record: KeyRecord, records: readonly KeyRecord[], now: number): RotationRefusal | undefined {
  if (keyState(record, now) === 'retiring') return undefined;
  const rest = records.filter((other) => other !== record && other.retires_at === undefined);
  const successor = activeKey(rest, record.alg, now);
  if (successor === undefined) return { reason: 'standby_not_ready', at: undefined };
  const isKnown = keyState(successor, now) === 'active' || readyAt(successor) <= now;
  return isKnown ? undefined : { reason: 'standby_not_ready', at: readyAt(successor) };
}

/** `unsure`: the algorithms for which a key may have been made and not recorded. */
type Run = { readonly by: KeyActor; readonly unsure: readonly Algorithm[] };

/** All steps, also behind one that failed: a key that KMS will not delete must not keep the next standby from being made. */
async function carryOut(records: readonly KeyRecord[], run: Run, deps: KeyRotationDeps): Promise<readonly Algorithm[]> {
  const failures: unknown[] = [];
  const made: KeyRecord[] = [];
  for (const step of rotationPlan(records, deps.settings, deps.clock())) {
    try {
      await takeStep(step, { ...run, records: [...records, ...made], made }, deps);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  // What an interrupted run left behind is looked for when a key is needed, and not forgotten before.
  return run.unsure.filter((alg) => !made.some((record) => record.alg === alg));
}

async function takeStep(
  step: RotationStep,
  { by, unsure, records, made }: Run & { readonly records: readonly KeyRecord[]; readonly made: KeyRecord[] },
  { store, maker, clock }: KeyRotationDeps,
): Promise<void> {
  const now = clock();
  switch (step.step) {
    case 'make': {
      const draft = await maker.make(step.alg, now, unsure.includes(step.alg) ? records : undefined);
      const record = { ...draft, created_at: clock(), active_from: step.active_from };
      await store.add(record, keyCreated(by, draft.kid, now));
      made.push(record);
      return;
    }
    case 'activate':
      await store.activate(step.kid, step.active_from, keyActivated(by, step.kid, now));
      return;
    case 'retire': {
      const { retires_at, removed_at } = step;
      await store.retire(step.kid, { retires_at, removed_at }, keyRetired(by, step.kid, now));
      return;
    }
    case 'discard': {
      const record = records.find(({ kid }) => kid === step.kid);
      if (record !== undefined) await maker.discard(record);
      await store.discard(step.kid, now, now + DISCARDED_RECORD_SECONDS);
    }
  }
}

function ringView(records: readonly KeyRecord[], { algorithms, isUsable, isCurrent }: RotationSettings, now: number): RingView {
  const usable = records.filter(isUsable);
  const signs = (record: KeyRecord): boolean => algorithms.includes(record.alg) && activeKey(usable, record.alg, now)?.kid === record.kid;
  return {
    keys: records
      .map((record) => ({ ...record, state: keyState(record, now), signs: signs(record) }))
      .toSorted((a, b) => b.active_from - a.active_from || (a.kid < b.kid ? -1 : 1)),
    withoutStandby: algorithms.filter((alg) => standbys(records.filter(isCurrent), alg, now).length === 0),
  };
}
