/**
 * Secrets Manager: reading secrets, and what a rotation does to their versions. A value is generated once, as the template asks;
 * every change is in secrets.json before it is answered.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { damaged, readPrivateJson, writePrivateJson } from '../data-files.ts';
import type { SecretSpec } from '../template/state.ts';
import { isObject, type JsonObject } from '../template/template.ts';
import { AwsError, type AwsService } from './aws-endpoint.ts';
import { versionAsked, withRotationBegun, withStageMoved, withValue, type SecretVersion, type SecretVersions } from './secret-versions.ts';

type StoredSecret = { readonly versions: SecretVersions };
/** By `<stack>/<logical id>`. */
type StoredSecrets = Record<string, StoredSecret>;
export type Secret = {
  readonly spec: SecretSpec;
  read(): SecretVersions;
  write(versions: SecretVersions): void;
};

const isVersion = (value: unknown): value is SecretVersion =>
  isObject(value) && ['string', 'undefined'].includes(typeof value['value']) && Array.isArray(value['stages']);
/** As it was written before a secret had versions. */
const isSingle = (value: unknown): value is { value: string; version_id: string; created_at: number } =>
  isObject(value) && typeof value['value'] === 'string' && typeof value['version_id'] === 'string';
const isStored = (value: unknown): value is Readonly<Record<string, unknown>> =>
  isObject(value) &&
  Object.values(value).every(
    (secret) =>
      isSingle(secret) || (isObject(secret) && isObject(secret['versions']) && Object.values(secret['versions']).every(isVersion)),
  );

const storedFrom = (value: unknown): StoredSecret =>
  isSingle(value) ? firstVersion(value.value, value.version_id, value.created_at) : (value as StoredSecret);

const firstVersion = (value: string, id: string, createdAt: number): StoredSecret => ({
  versions: { [id]: { value, created_at: createdAt, stages: ['AWSCURRENT'] } },
});

export function openSecrets(dataDir: string, specs: readonly SecretSpec[], initialized: boolean): readonly Secret[] {
  const file = join(dataDir, 'secrets.json');
  const before = readPrivateJson(file, isStored);
  if (initialized && !before) throw damaged(dataDir, 'secrets.json is missing');
  const all: StoredSecrets = Object.fromEntries(Object.entries(before ?? {}).map(([id, value]) => [id, storedFrom(value)]));
  for (const spec of specs) all[spec.id] ??= firstVersion(spec.value ?? generated(spec.generate ?? {}), randomUUID(), nowSeconds());
  if (JSON.stringify(all) !== JSON.stringify(before)) writePrivateJson(file, all);
  return specs.map((spec) => ({
    spec,
    read: () => all[spec.id]?.versions ?? {},
    write(versions) {
      writePrivateJson(file, { ...all, [spec.id]: { versions } });
      all[spec.id] = { versions };
    },
  }));
}

const nowSeconds = (): number => Date.now() / 1000;

/** What an operation answers, beside the secret's names; it may write. */
type Operation = (secret: Secret, input: JsonObject) => JsonObject;

const OPERATIONS: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['DescribeSecret', describe],
  ['GetSecretValue', getValue],
  ['ListSecretVersionIds', listVersions],
  ['PutSecretValue', putValue],
  ['UpdateSecretVersionStage', moveStage],
  ['RotateSecret', beginRotation],
]);

export function createSecretsManager(secrets: readonly Secret[]): AwsService {
  const find = (input: JsonObject): Secret => {
    const found = secrets.find(({ spec }) => spec.arn === input['SecretId'] || spec.name === input['SecretId']);
    if (!found) throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    return found;
  };
  return {
    name: 'secretsmanager',
    questions(operation, input) {
      if (!OPERATIONS.has(operation))
        throw new AwsError('UnknownOperationException', `the local Secrets Manager does not know ${operation}`);
      return [{ action: `secretsmanager:${operation}`, resource: find(objectOf(input)).spec.arn, context: {} }];
    },
    // Not async: an operation reads and writes before the next one begins.
    execute: (operation, input) =>
      new Promise((resolve) => {
        const secret = find(objectOf(input));
        const answer = OPERATIONS.get(operation)?.(secret, objectOf(input));
        resolve({ ARN: secret.spec.arn, Name: secret.spec.name, ...answer });
      }),
  };
}

const objectOf = (input: unknown): JsonObject => (isObject(input) ? input : {});
const textIn = (input: JsonObject, member: string): string | undefined => (typeof input[member] === 'string' ? input[member] : undefined);

function describe(secret: Secret): JsonObject {
  const versions = Object.entries(secret.read());
  const labelled = versions.filter(([, { stages }]) => stages.length > 0);
  return {
    CreatedDate: Math.min(...versions.map(([, { created_at }]) => created_at)),
    VersionIdsToStages: Object.fromEntries(labelled.map(([id, { stages }]) => [id, [...stages]])),
  };
}

function getValue(secret: Secret, input: JsonObject): JsonObject {
  const [id, version] = versionAsked(secret.read(), { id: textIn(input, 'VersionId'), stage: textIn(input, 'VersionStage') });
  return { SecretString: version.value, VersionId: id, VersionStages: [...version.stages], CreatedDate: version.created_at };
}

function listVersions(secret: Secret, input: JsonObject): JsonObject {
  const shown = Object.entries(secret.read()).filter(([, { stages }]) => stages.length > 0 || input['IncludeDeprecated'] === true);
  return {
    Versions: shown.map(([id, { stages, created_at: createdAt }]) => ({
      VersionId: id,
      CreatedDate: createdAt,
      ...(stages.length > 0 ? { VersionStages: [...stages] } : {}),
    })),
  };
}

function putValue(secret: Secret, input: JsonObject): JsonObject {
  const id = textIn(input, 'ClientRequestToken') ?? randomUUID();
  const value = textIn(input, 'SecretString');
  if (value === undefined) throw new AwsError('InvalidRequestException', 'You must provide either SecretString or SecretBinary.');
  const asked = input['VersionStages'];
  const stages = Array.isArray(asked) ? asked.map(String) : ['AWSCURRENT'];
  secret.write(withValue(secret.read(), { id, value, stages, at: nowSeconds() }));
  return { VersionId: id, VersionStages: [...(secret.read()[id]?.stages ?? [])] };
}

function moveStage(secret: Secret, input: JsonObject): JsonObject {
  const stage = textIn(input, 'VersionStage') ?? '';
  secret.write(withStageMoved(secret.read(), { stage, to: textIn(input, 'MoveToVersionId'), from: textIn(input, 'RemoveFromVersionId') }));
  return {};
}

function beginRotation(secret: Secret, input: JsonObject): JsonObject {
  const id = textIn(input, 'ClientRequestToken') ?? randomUUID();
  secret.write(withRotationBegun(secret.read(), id, nowSeconds()));
  return { VersionId: id };
}

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

/** As CloudFormation's GenerateSecretString: random characters of the kinds asked for, alone or as one member of a JSON template. */
export function generated(options: JsonObject): string {
  const kinds = characterKinds(options);
  const length = Number(options['PasswordLength'] ?? 32);
  const needsEach = options['RequireEachIncludedType'] !== false;
  let text: string;
  do text = randomText(kinds.join(''), length);
  while (needsEach && !kinds.every((kind) => [...text].some((character) => kind.includes(character))));
  const key = options['GenerateStringKey'];
  if (typeof key !== 'string') return text;
  const template = JSON.parse(String(options['SecretStringTemplate'] ?? '{}')) as JsonObject;
  return JSON.stringify({ ...template, [key]: text });
}

function characterKinds(options: JsonObject): readonly string[] {
  const excluded = String(options['ExcludeCharacters'] ?? '');
  const kinds = [
    ['ExcludeLowercase', LOWER],
    ['ExcludeUppercase', LOWER.toUpperCase()],
    ['ExcludeNumbers', DIGITS],
    ['ExcludePunctuation', PUNCTUATION],
  ] as const;
  return [...kinds.flatMap(([option, kind]) => (options[option] === true ? [] : [kind])), options['IncludeSpace'] === true ? ' ' : '']
    .map((kind) => [...kind].filter((character) => !excluded.includes(character)).join(''))
    .filter((kind) => kind !== '');
}

const randomText = (alphabet: string, length: number): string =>
  Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
