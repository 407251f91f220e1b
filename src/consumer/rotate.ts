/**
 * The four steps of a Secrets Manager rotation (decision 0022), for a client that takes the successor of its own secret. Each step
 * may be repeated, overtaken by a repeat of itself, or die anywhere: what it finds done it leaves, and at the service there is at
 * most one successor of a secret, however many rotations were begun.
 */
import { refuse, ok, type Result } from '../result.ts';
import { readKept, writeKept, type KeptCredentials } from './kept-credentials.ts';
import type { Issuer, Refusal, SecretVersions, Stages } from './ports.ts';

export const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
export type Step = (typeof STEPS)[number];
export type Rotation = { readonly step: Step; readonly versionId: string };

export type RotationDeps = {
  readonly versions: SecretVersions;
  readonly issuer: Issuer;
  /** Whose secret this is: no other client's is touched, whatever the value says. */
  readonly clientId: string;
};

/** `untested`: the version holds no credentials, as when Secrets Manager tries a new schedule on a secret without any. */
export type Done = 'done' | 'done_before' | 'untested';
export type RotationFailure =
  | { readonly reason: 'version_not_pending' }
  | { readonly reason: 'nothing_kept' }
  | { readonly reason: 'kept_for_another_client' }
  /** The secret was given an end by hand, and ends as it was told. */
  | { readonly reason: 'not_exchanged'; readonly endsAt: string }
  | ({ readonly reason: 'secret_refused' } & Refusal)
  | { readonly reason: 'version_taken' }
  | { readonly reason: 'nothing_pending' }
  | ({ readonly reason: 'token_refused' } & Refusal)
  | { readonly reason: 'current_moved_meanwhile' };

type Outcome = Result<Done, RotationFailure>;

const DONE: Outcome = ok('done');
const DONE_BEFORE: Outcome = ok('done_before');

export async function rotate({ step, versionId }: Rotation, deps: RotationDeps): Promise<Outcome> {
  const stages = await deps.versions.stages();
  const ours = stages.get(versionId) ?? [];
  if (ours.includes('AWSCURRENT')) return DONE_BEFORE;
  if (!ours.includes('AWSPENDING')) return refuse({ reason: 'version_not_pending' });
  if (step === 'createSecret') return createSecret(versionId, stages, deps);
  if (step === 'testSecret') return testSecret(versionId, deps);
  if (step === 'finishSecret') return finishSecret(versionId, stages, deps);
  // setSecret: the service knew the new secret before we did.
  return DONE;
}

async function createSecret(versionId: string, stages: Stages, deps: RotationDeps): Promise<Outcome> {
  const { versions, issuer } = deps;
  if ((await versions.read(versionId)) !== undefined) return DONE_BEFORE;
  const current = currentOf(stages);
  const kept = await keptIn(current, deps);
  if (!kept.ok) return kept;
  const claimed = await issuer.claim(kept.value, true);
  if (claimed.outcome === 'unchanged') return refuse({ reason: 'not_exchanged', endsAt: claimed.endsAt ?? 'not said' });
  if (claimed.outcome === 'successor') return put(versionId, kept.value, claimed.secret, deps);
  const secret = await leftBehind({ current, ours: versionId, secret: kept.value.secret }, deps);
  if (secret !== undefined) return put(versionId, kept.value, secret, deps);
  // A repeat of this step may have overtaken us, and used what it got.
  if ((await versions.read(versionId)) !== undefined) return DONE_BEFORE;
  const { status, problem } = claimed;
  return refuse({ reason: 'secret_refused', status, problem });
}

async function put(versionId: string, kept: KeptCredentials, secret: string, { versions, issuer }: RotationDeps): Promise<Outcome> {
  const value = writeKept(kept, secret, issuer.tokenEndpoint);
  if ((await versions.putPending(versionId, value)) === 'put') return DONE;
  return (await versions.read(versionId)) === undefined ? refuse({ reason: 'version_taken' }) : DONE_BEFORE;
}

/** At most so many are tried: each that the issuer refuses counts as a wrong secret there. */
const LEFT_BEHIND_MAX = 2;

/**
 * What a rotation that did not finish has left in its version: it took the successor and used it, so the issuer gives it out no
 * more, and nobody else has it. Such a version is newer than the current one, and may have lost its stage.
 */
async function leftBehind(
  { current, ours, secret }: { readonly current: string | undefined; readonly ours: string; readonly secret: string },
  deps: RotationDeps,
): Promise<string | undefined> {
  const versions = await deps.versions.newestFirst();
  const since = versions.find(({ id }) => id === current)?.createdAt ?? 0;
  const newer = versions.filter(({ id, createdAt }) => createdAt >= since && id !== current && id !== ours);
  const tried = new Set([secret]);
  for (const { id } of newer) {
    const kept = await keptIn(id, deps);
    if (!kept.ok || tried.has(kept.value.secret)) continue;
    tried.add(kept.value.secret);
    const claimed = await deps.issuer.claim(kept.value, false);
    if (claimed.outcome === 'successor') return claimed.secret;
    if (claimed.outcome === 'unchanged' && claimed.endsAt === undefined) return kept.value.secret;
    if (tried.size > LEFT_BEHIND_MAX) return undefined;
  }
  return undefined;
}

async function testSecret(versionId: string, deps: RotationDeps): Promise<Outcome> {
  const kept = await keptIn(versionId, deps);
  if (!kept.ok) return kept.failure.reason === 'nothing_kept' ? ok('untested') : kept;
  const tried = await deps.issuer.tryToken(kept.value);
  return tried.outcome === 'token' ? DONE : refuse({ ...tried, reason: 'token_refused' });
}

/** The former secret needs no more: it got its end at the service when its exchange was opened. */
async function finishSecret(versionId: string, stages: Stages, deps: RotationDeps): Promise<Outcome> {
  const kept = await keptIn(versionId, deps);
  if (!kept.ok) return kept.failure.reason === 'nothing_kept' ? refuse({ reason: 'nothing_pending' }) : kept;
  const former = currentOf(stages);
  if (former === undefined) return refuse({ reason: 'nothing_kept' });
  if ((await deps.versions.makeCurrent(versionId, former)) === 'moved') return DONE;
  const now = await deps.versions.stages();
  return currentOf(now) === versionId ? DONE_BEFORE : refuse({ reason: 'current_moved_meanwhile' });
}

const currentOf = (stages: Stages): string | undefined => [...stages].find(([, labels]) => labels.includes('AWSCURRENT'))?.[0];

async function keptIn(versionId: string | undefined, deps: RotationDeps): Promise<Result<KeptCredentials, RotationFailure>> {
  const text = versionId === undefined ? undefined : await deps.versions.read(versionId);
  const kept = text === undefined ? undefined : readKept(text);
  if (kept === undefined) return refuse({ reason: 'nothing_kept' });
  return kept.clientId === deps.clientId ? ok(kept) : refuse({ reason: 'kept_for_another_client' });
}
