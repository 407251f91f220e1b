// The versions of one secret and their staging labels, with the rules and errors of Secrets Manager.
import { AwsError } from './aws-endpoint.ts';

export type SecretVersion = {
  /** Absent from the beginning of a rotation until somebody puts it. */
  readonly value?: string;
  /** Epoch seconds, with a fraction. */
  readonly created_at: number;
  readonly stages: readonly string[];
};
/** By version id. */
export type SecretVersions = Readonly<Record<string, SecretVersion>>;

export type StageMove = {
  readonly stage: string;
  readonly to: string | undefined;
  readonly from: string | undefined;
};

const holderOf = (versions: SecretVersions, stage: string): string | undefined =>
  Object.keys(versions).find((id) => versions[id]?.stages.includes(stage));

/** The version that is asked for: by id, by label, by both if they agree, else AWSCURRENT. Throws where it holds nothing. */
export function versionAsked(
  versions: SecretVersions,
  { id, stage }: { readonly id: string | undefined; readonly stage: string | undefined },
): readonly [id: string, version: SecretVersion & { readonly value: string }] {
  const found = id ?? holderOf(versions, stage ?? 'AWSCURRENT') ?? '';
  const version = versions[found];
  if (version?.value === undefined || (stage !== undefined && !version.stages.includes(stage)))
    throw notFound(`secret value for ${id === undefined ? `staging label: ${stage ?? 'AWSCURRENT'}` : `VersionId: ${id}`}`);
  return [found, { ...version, value: version.value }];
}

/** With one more version, or with the value of one that has none; the same again changes nothing. */
export function withValue(
  versions: SecretVersions,
  put: { readonly id: string; readonly value: string; readonly stages: readonly string[]; readonly at: number },
): SecretVersions {
  const known = versions[put.id];
  if (known?.value === put.value) return versions;
  if (known?.value !== undefined)
    throw new AwsError('ResourceExistsException', `You can't use ClientRequestToken ${put.id} because that value is already in use.`);
  const stages = known?.stages ?? [];
  const begun = { ...versions, [put.id]: { value: put.value, created_at: known?.created_at ?? put.at, stages } };
  return put.stages.reduce((all, stage) => labelled(all, stage, put.id), begun);
}

/** UpdateSecretVersionStage: a label is on one version at most, and moved only by who knows where it is. */
export function withStageMoved(versions: SecretVersions, { stage, to, from }: StageMove): SecretVersions {
  const holder = holderOf(versions, stage);
  for (const id of [to, from]) if (id !== undefined && versions[id] === undefined) throw notFound(`secret version with VersionId: ${id}`);
  if (from !== undefined && from !== holder)
    throw invalid(`The parameter RemoveFromVersionId doesn't match the version that ${stage} is attached to.`);
  if (to === undefined) return withoutStage(versions, stage, from);
  if (holder !== undefined && holder !== to && from === undefined)
    throw invalid(`The parameter RemoveFromVersionId can't be empty. ${stage} is attached to version ${holder}.`);
  return labelled(versions, stage, to);
}

function withoutStage(versions: SecretVersions, stage: string, from: string | undefined): SecretVersions {
  if (stage === 'AWSCURRENT') throw invalid("You can't remove AWSCURRENT; move it to another version.");
  return from === undefined ? versions : unlabelled(versions, stage);
}

/** RotateSecret: a version without a value, labelled AWSPENDING. The rotation function's steps are for the caller to take. */
export function withRotationBegun(versions: SecretVersions, id: string, at: number): SecretVersions {
  const pending = holderOf(versions, 'AWSPENDING');
  if (pending === id) return versions;
  if (pending !== undefined && pending !== holderOf(versions, 'AWSCURRENT'))
    throw new AwsError('InvalidRequestException', "A previous rotation isn't complete. That rotation will be reattempted.");
  if (versions[id] !== undefined) throw new AwsError('ResourceExistsException', `version ${id} exists already`);
  return labelled({ ...versions, [id]: { created_at: at, stages: [] } }, 'AWSPENDING', id);
}

/** Whoever loses AWSCURRENT gets AWSPREVIOUS. */
function labelled(versions: SecretVersions, stage: string, to: string): SecretVersions {
  const holder = holderOf(versions, stage);
  if (holder === to) return versions;
  const freed = unlabelled(versions, stage);
  const target = freed[to];
  if (target === undefined) throw notFound(`secret version with VersionId: ${to}`);
  const moved = { ...freed, [to]: { ...target, stages: [...target.stages, stage] } };
  return stage === 'AWSCURRENT' && holder !== undefined ? labelled(moved, 'AWSPREVIOUS', holder) : moved;
}

const unlabelled = (versions: SecretVersions, stage: string): SecretVersions =>
  Object.fromEntries(
    Object.entries(versions).map(([id, version]) => [id, { ...version, stages: version.stages.filter((other) => other !== stage) }]),
  );

const notFound = (what: string): AwsError => new AwsError('ResourceNotFoundException', `Secrets Manager can't find the specified ${what}.`);
const invalid = (message: string): AwsError => new AwsError('InvalidParameterException', message);
