/**
 * Signing keys that are KMS keys: made with the service's tag, and given up by scheduling their deletion. CreateKey has no token that
 * makes a repeat harmless, so it is sent once; what an interrupted run has made and not recorded is found again by its tag.
 */
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  ScheduleKeyDeletionCommand,
  type KMSClient,
} from '@aws-sdk/client-kms';
import type { KeyRecord } from '../endpoints/stores.ts';
import { Outage } from '../outage.ts';
import { sdkCall } from '../sdk-calls.ts';
import type { Algorithm } from '../tokens/algorithms.ts';
import type { KeyMaker } from './key-maker.ts';
import { DELETION_PENDING_DAYS, KEY_SPECS, KEY_TAG } from './made-keys.ts';
import type { PublicKey } from './template-keys.ts';

/** A new key and its tags take a moment to be known everywhere in KMS; seconds between the attempts to read it. */
const NEW_KEY_PAUSES = [0.5, 1, 2, 4, 8];

export type KmsKeyMakerOptions = {
  readonly kms: KMSClient;
  /** Sends each request once. */
  readonly kmsOnce: KMSClient;
  readonly tag: string;
  /** One KMS GetPublicKey. */
  readonly publicKey: (algorithm: Algorithm, arn: string) => Promise<PublicKey>;
  readonly pause: (seconds: number) => Promise<void>;
};

export function createKmsKeyMaker(options: KmsKeyMakerOptions): KeyMaker {
  return {
    async make(alg, _now, recorded) {
      const found = recorded === undefined ? undefined : await lostKey(alg, recorded, options);
      const arn = found ?? (await newKey(alg, options));
      const { kid, jwk } = await onceKnown(() => options.publicKey(alg, arn), options.pause);
      return { kid, alg, arn, jwk };
    },

    async discard({ arn }) {
      // A key of the template that a change of the mode has left behind is no key of ours to delete.
      if (!(await isOurs(arn, options))) return;
      const schedule = new ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: DELETION_PENDING_DAYS });
      await sdkCall('kms:ScheduleKeyDeletion', async () => {
        try {
          await options.kms.send(schedule);
        } catch (error) {
          if (!isGone(error)) throw error;
        }
      });
    },
  };
}

async function newKey(alg: Algorithm, { kmsOnce, tag }: KmsKeyMakerOptions): Promise<string> {
  const create = new CreateKeyCommand({
    KeySpec: KEY_SPECS[alg],
    KeyUsage: 'SIGN_VERIFY',
    Description: describes(alg, tag),
    Tags: [{ TagKey: KEY_TAG, TagValue: tag }],
  });
  const answer = await sdkCall('kms:CreateKey', () => kmsOnce.send(create));
  return answer.KeyMetadata?.Arn ?? missing('kms:CreateKey');
}

/** A key of ours, fit for the algorithm, that no record names. Only looked for behind an interrupted run: it asks about every key. */
async function lostKey(alg: Algorithm, recorded: readonly KeyRecord[], options: KmsKeyMakerOptions): Promise<string | undefined> {
  const known = new Set(recorded.map(({ arn }) => arn));
  let marker: string | undefined;
  do {
    const list = new ListKeysCommand({ Limit: 1000, ...(marker === undefined ? {} : { Marker: marker }) });
    const page = await sdkCall('kms:ListKeys', () => options.kms.send(list));
    for (const { KeyArn: arn } of page.Keys ?? [])
      if (arn !== undefined && !known.has(arn) && (await isOurs(arn, options)) && (await isFit(arn, alg, options))) return arn;
    marker = page.Truncated === true ? page.NextMarker : undefined;
  } while (marker !== undefined);
  return undefined;
}

/** A key whose tags we may not see is none of ours: the permission hangs on the tag. */
async function isOurs(arn: string, { kms, tag }: KmsKeyMakerOptions): Promise<boolean> {
  return sdkCall('kms:ListResourceTags', async () => {
    try {
      const { Tags: tags = [] } = await kms.send(new ListResourceTagsCommand({ KeyId: arn }));
      return tags.some(({ TagKey, TagValue }) => TagKey === KEY_TAG && TagValue === tag);
    } catch (error) {
      if (isNamed(error, 'AccessDeniedException') || isGone(error)) return false;
      throw error;
    }
  });
}

/** RS256 and PS256 are made of the same key, so its description says which of them it was made for. */
async function isFit(arn: string, alg: Algorithm, { kms, tag }: KmsKeyMakerOptions): Promise<boolean> {
  const answer = await sdkCall('kms:DescribeKey', () => kms.send(new DescribeKeyCommand({ KeyId: arn })));
  const { KeyState, KeySpec, Description } = answer.KeyMetadata ?? missing('kms:DescribeKey');
  return KeyState === 'Enabled' && KeySpec === KEY_SPECS[alg] && Description === describes(alg, tag);
}

async function onceKnown<T>(read: () => Promise<T>, pause: KmsKeyMakerOptions['pause']): Promise<T> {
  for (const seconds of NEW_KEY_PAUSES) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof Outage && (isNamed(error.cause, 'AccessDeniedException') || isNamed(error.cause, 'NotFoundException'))))
        throw error;
      await pause(seconds);
    }
  }
  return read();
}

/** Scheduled for deletion before, or deleted already. */
const isGone = (error: unknown): boolean => isNamed(error, 'KMSInvalidStateException') || isNamed(error, 'NotFoundException');
const isNamed = (error: unknown, name: string): boolean => error instanceof Error && error.name === name;
const describes = (alg: Algorithm, tag: string): string => `m2m-auth: signs access tokens, ${alg}, of ${tag}`;

function missing(dependency: string): never {
  throw new Outage(dependency, { cause: new Error('the answer lacks what was asked for') });
}
