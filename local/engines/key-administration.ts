// KMS's CreateKey, ListKeys, ListResourceTags and ScheduleKeyDeletion: keys that the service makes for itself, beside the template's.
import { createPrivateKey, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { damaged, readPrivateJson, writePrivateJson } from '../data-files.ts';
import type { AccessQuestion } from '../iam/access.ts';
import { ACCOUNT, arn } from '../template/account.ts';
import { isObject, type JsonObject } from '../template/template.ts';
import { isKnownKeySpec } from './asymmetric-key.ts';
import { AwsError } from './aws-endpoint.ts';
import { generate, isKeyRing, thumbprint, type StoredKey } from './key-files.ts';
import type { PrivateKeyFile } from './private-key-file.ts';

export type KeyAdministration = {
  knows(operation: string): boolean;
  questions(operation: string, input: unknown): readonly AccessQuestion[];
  execute(operation: string, input: unknown): Promise<unknown>;
  /** A key that was made here, by id or ARN. */
  find(id: string): StoredKey | undefined;
};

type Made = {
  readonly kid: string;
  readonly key_spec: string;
  readonly created_at: number;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Epoch seconds; present = pending deletion. */
  readonly deletion_date?: number;
};
/** By key id. */
type MadeKeys = Readonly<Record<string, Made>>;
type Input = Readonly<Record<string, unknown>>;

const OPERATIONS: readonly string[] = ['CreateKey', 'ListKeys', 'ListResourceTags', 'ScheduleKeyDeletion'];
/** What KMS gives a key that is made without a policy: IAM alone decides. */
const DEFAULT_POLICY: JsonObject = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'kms:*', Resource: '*' }],
};
const DAY_SECONDS = 24 * 3600;

export function openKeyAdministration(dataDir: string, templateKeys: readonly StoredKey[], privateKeys: PrivateKeyFile): KeyAdministration {
  const file = join(dataDir, 'kms-made.json');
  const made = new Map(Object.entries(readPrivateJson(file, isMadeKeys) ?? {}));
  const jwks = readPrivateJson(join(dataDir, 'kms.json'), isKeyRing) ?? {};
  const keys = new Map<string, StoredKey>();
  const hold = (keyId: string, state: Made, privateKey: StoredKey['privateKey']): StoredKey => {
    const key = { spec: specOf(keyId, state), kid: state.kid, privateKey, createdAt: state.created_at, ...detailsOf(state) };
    keys.set(keyId, key).set(key.spec.arn, key);
    return key;
  };
  for (const [keyId, state] of made) {
    const jwk = jwks[state.kid];
    if (jwk === undefined) throw damaged(dataDir, `kms.json does not hold the key ${state.kid}`);
    hold(keyId, state, createPrivateKey({ key: jwk, format: 'jwk' }));
  }
  const keep = (keyId: string, state: Made): void => {
    made.set(keyId, state);
    writePrivateJson(file, Object.fromEntries(made));
  };
  const find = (input: Input): StoredKey => {
    const key =
      keys.get(String(input['KeyId'])) ?? templateKeys.find(({ spec }) => [spec.arn, spec.keyId].includes(String(input['KeyId'])));
    if (key === undefined) throw new AwsError('NotFoundException', `Key '${String(input['KeyId'])}' does not exist`);
    return key;
  };

  const create = async (input: Input): Promise<unknown> => {
    const { KeySpec: keySpec, KeyUsage: usage, Description: description } = input;
    if (typeof keySpec !== 'string' || !isKnownKeySpec(keySpec) || usage !== 'SIGN_VERIFY')
      throw new AwsError('UnsupportedOperationException', `the local KMS makes no key ${String(keySpec)} for ${String(usage)}`);
    const privateKey = await generate(keySpec);
    const jwk = privateKey.export({ format: 'jwk' });
    const [keyId, kid] = [randomUUID(), thumbprint(jwk)];
    const state = { kid, key_spec: keySpec, created_at: now(), description: String(description ?? ''), tags: tagsOf(input) };
    privateKeys.add(jwk);
    keep(keyId, state);
    const { spec } = hold(keyId, state, privateKey);
    return { KeyMetadata: { KeyId: keyId, Arn: spec.arn, KeySpec: keySpec, KeyUsage: usage, KeyState: 'Enabled', Enabled: true } };
  };
  const scheduleDeletion = (input: Input): unknown => {
    const { spec, privateKey } = find(input);
    const state = made.get(spec.keyId);
    if (state === undefined) throw new AwsError('UnsupportedOperationException', 'the local KMS keeps the keys of the template');
    if (state.deletion_date !== undefined) throw new AwsError('KMSInvalidStateException', `${spec.arn} is pending deletion.`);
    const deleted = { ...state, deletion_date: now() + windowDaysOf(input) * DAY_SECONDS };
    keep(spec.keyId, deleted);
    hold(spec.keyId, deleted, privateKey);
    return { KeyId: spec.arn, KeyState: 'PendingDeletion', DeletionDate: deleted.deletion_date };
  };
  const answer = (operation: string, input: Input): unknown => {
    if (operation === 'ListResourceTags')
      return { Tags: Object.entries(find(input).tags ?? {}).map(([TagKey, TagValue]) => ({ TagKey, TagValue })), Truncated: false };
    if (operation === 'ScheduleKeyDeletion') return scheduleDeletion(input);
    const all = [...templateKeys, ...new Set(keys.values())];
    return { Keys: all.map(({ spec }) => ({ KeyId: spec.keyId, KeyArn: spec.arn })), Truncated: false };
  };

  return {
    knows: (operation) => OPERATIONS.includes(operation),
    questions: (operation, input) => questionsOf(operation, input as Input, find),
    execute: (operation, input) =>
      operation === 'CreateKey' ? create(input as Input) : Promise.resolve().then(() => answer(operation, input as Input)),
    find: (id) => keys.get(id),
  };
}

function questionsOf(operation: string, input: Input, find: (input: Input) => StoredKey): readonly AccessQuestion[] {
  const action = `kms:${operation}`;
  if (operation === 'ListKeys') return [{ action, resource: '*', context: {} }];
  if (operation === 'CreateKey') return creationQuestions(action, input);
  const { spec, tags } = find(input);
  const context = {
    ...resourceTags(tags),
    ...(operation === 'ScheduleKeyDeletion' ? { 'kms:ScheduleKeyDeletionPendingWindowInDays': String(windowDaysOf(input)) } : {}),
  };
  return [{ action, resource: spec.arn, context, resourcePolicy: spec.policy }];
}

/** Whoever makes a key with tags needs to be allowed to tag as well. */
function creationQuestions(action: string, input: Input): readonly AccessQuestion[] {
  const tags = tagsOf(input);
  const requested = {
    'aws:TagKeys': Object.keys(tags),
    ...Object.fromEntries(Object.entries(tags).map(([name, value]) => [`aws:RequestTag/${name}`, value])),
  };
  const creation = { ...requested, 'kms:KeySpec': String(input['KeySpec']), 'kms:KeyUsage': String(input['KeyUsage']) };
  const tagging = { action: 'kms:TagResource', resource: arn('kms', 'key/new'), context: requested, resourcePolicy: DEFAULT_POLICY };
  return [{ action, resource: '*', context: creation }, ...(Object.keys(tags).length === 0 ? [] : [tagging])];
}

/** Condition keys of a call about a key. */
export const resourceTags = (tags: StoredKey['tags'] = {}): AccessQuestion['context'] =>
  Object.fromEntries(Object.entries(tags).map(([name, value]) => [`aws:ResourceTag/${name}`, value]));

function tagsOf({ Tags: tags = [] }: Input): Readonly<Record<string, string>> {
  if (!Array.isArray(tags)) throw new AwsError('TagException', 'Tags must be a list');
  return Object.fromEntries((tags as { TagKey: string; TagValue: string }[]).map(({ TagKey, TagValue }) => [TagKey, TagValue]));
}

function windowDaysOf({ PendingWindowInDays: days = 30 }: Input): number {
  if (typeof days !== 'number' || days < 7 || days > 30)
    throw new AwsError('ValidationException', 'PendingWindowInDays must be between 7 and 30');
  return days;
}

const specOf = (keyId: string, { key_spec: keySpec, deletion_date: deletion }: Made): StoredKey['spec'] => ({
  id: `made/${keyId}`,
  keyId,
  arn: arn('kms', `key/${keyId}`),
  keySpec,
  keyUsage: 'SIGN_VERIFY',
  enabled: deletion === undefined,
  policy: DEFAULT_POLICY,
});

const detailsOf = ({ tags, description, deletion_date: deletion }: Made): Pick<StoredKey, 'tags' | 'description' | 'pendingDeletion'> => ({
  tags,
  description,
  pendingDeletion: deletion !== undefined,
});

const isMadeKeys = (value: unknown): value is MadeKeys =>
  isObject(value) && Object.values(value).every((key) => isObject(key) && typeof key['kid'] === 'string');

const now = (): number => Math.floor(Date.now() / 1000);
