// Secrets Manager's GetSecretValue and DescribeSecret. A value is generated once, as the template asks, and kept in secrets.json.
import { randomInt, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { damaged, readPrivateJson, writePrivateJson } from '../data-files.ts';
import type { SecretSpec } from '../template/state.ts';
import { isObject, type JsonObject } from '../template/template.ts';
import { AwsError, type AwsService } from './aws-endpoint.ts';

type StoredSecret = { readonly value: string; readonly version_id: string; readonly created_at: number };
/** By `<stack>/<logical id>`. */
type StoredSecrets = Readonly<Record<string, StoredSecret>>;
export type Secret = { readonly spec: SecretSpec; readonly stored: StoredSecret };

const isStored = (value: unknown): value is StoredSecrets =>
  isObject(value) &&
  Object.values(value).every(
    (secret) => isObject(secret) && typeof secret['value'] === 'string' && typeof secret['version_id'] === 'string',
  );

export function openSecrets(dataDir: string, specs: readonly SecretSpec[], initialized: boolean): readonly Secret[] {
  const file = join(dataDir, 'secrets.json');
  const before = readPrivateJson(file, isStored);
  if (initialized && !before) throw damaged(dataDir, 'secrets.json is missing');
  const all: Record<string, StoredSecret> = { ...before };
  const secrets = specs.map((spec) => {
    const stored = (all[spec.id] ??= {
      value: spec.value ?? generated(spec.generate ?? {}),
      version_id: randomUUID(),
      created_at: Math.floor(Date.now() / 1000),
    });
    return { spec, stored };
  });
  if (JSON.stringify(all) !== JSON.stringify(before)) writePrivateJson(file, all);
  return secrets;
}

export function createSecretsManager(secrets: readonly Secret[]): AwsService {
  const find = (input: unknown): Secret => {
    const id = isObject(input) ? input['SecretId'] : undefined;
    const found = secrets.find(({ spec }) => spec.arn === id || spec.name === id);
    if (!found) throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    return found;
  };
  return {
    name: 'secretsmanager',
    questions(operation, input) {
      if (operation !== 'GetSecretValue' && operation !== 'DescribeSecret')
        throw new AwsError('UnknownOperationException', `the local Secrets Manager does not know ${operation}`);
      return [{ action: `secretsmanager:${operation}`, resource: find(input).spec.arn, context: {} }];
    },
    execute(operation, input) {
      const { spec, stored } = find(input);
      const common = { ARN: spec.arn, Name: spec.name };
      if (operation === 'DescribeSecret')
        return Promise.resolve({ ...common, CreatedDate: stored.created_at, VersionIdsToStages: { [stored.version_id]: ['AWSCURRENT'] } });
      const stage = isObject(input) ? (input['VersionStage'] ?? 'AWSCURRENT') : 'AWSCURRENT';
      if (stage !== 'AWSCURRENT')
        return Promise.reject(
          new AwsError(
            'ResourceNotFoundException',
            `Secrets Manager can't find the specified secret value for staging label: ${String(stage)}`,
          ),
        );
      return Promise.resolve({
        ...common,
        SecretString: stored.value,
        VersionId: stored.version_id,
        VersionStages: ['AWSCURRENT'],
        CreatedDate: stored.created_at,
      });
    },
  };
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
