/**
 * The key ring: every signing key's public record, kept for a minute. With `template` (functions that sign or publish) a key
 * of the template that nobody has recorded yet is recorded on first use; without, the ring only verifies.
 */
import type { KeyRecord, KeyRecordStore } from '../endpoints/stores.ts';
import { ConfigurationError } from '../environment.ts';
import { Outage } from '../outage.ts';
import type { Algorithm } from '../tokens/algorithms.ts';
import { importVerificationKey, publicJwk, type VerificationKey } from '../tokens/jwk.ts';
import { createCachedValue } from './cached-value.ts';
import { activeKey, keyState, publishedKeys } from './key-state.ts';
import type { TemplateKeys } from './template-keys.ts';

const RING_MAX_AGE_SECONDS = 60;
/** ALB stops forwarding when a JWKS holds more (PLATFORM 0.1). */
const PUBLISHED_KEYS_MAX = 10;
/** Verifiers may keep a JWKS for two hours (API Gateway's JWT authorizer does), so a successor is published that long ahead. */
const PUBLISHED_AHEAD_SECONDS = 2 * 60 * 60;
/** After KMS failed to show a template key: how long the ring makes do with what it has. */
const TEMPLATE_RETRY_SECONDS = 30;

export type KeyRing = {
  /** The key that signs for `algorithm` now. Throws ConfigurationError when there is none. */
  active(algorithm: Algorithm, now: number): Promise<KeyRecord>;
  /** A key that the ring holds, however old; never a call. */
  held(kid: string): KeyRecord | undefined;
  /** The JWKS' keys (RFC 7517): at most 10, public members only. */
  published(now: number): Promise<readonly Readonly<Record<string, string>>[]>;
  /** All keys whose tokens may still live, by kid; asked again (once in 30 s) when `kid` is not among them. */
  verificationKeys(kid: string, now: number): Promise<ReadonlyMap<string, VerificationKey>>;
};

export type KeyRingOptions = {
  readonly records: Pick<KeyRecordStore, 'readAll'> & Partial<Pick<KeyRecordStore, 'record'>>;
  readonly template?: TemplateKeys;
};

/** Without `records.record`, keys of the template that nobody has recorded yet are shown but not recorded. */
export function createKeyRing({ records, template }: KeyRingOptions): KeyRing {
  const ring = createCachedValue<readonly KeyRecord[]>({
    fetch: () => records.readAll(),
    maxAgeSeconds: RING_MAX_AGE_SECONDS,
    // Before the first token there is no key; the first one must be seen at once.
    isWorthKeeping: (read) => read.length > 0,
  });
  const withTemplateKeys = template === undefined ? undefined : createTemplateRecorder(records, template);
  const verificationKeysOf = memoized(verificationKeysFrom);

  /** With the template's keys recorded, or as it is when KMS fails and `enough` says that it will do. */
  const upToDate = async (now: number, enough: (read: readonly KeyRecord[]) => boolean): Promise<readonly KeyRecord[]> => {
    const read = await ring.get(now);
    if (withTemplateKeys === undefined) return read;
    const all = await withTemplateKeys(read, now, enough);
    if (all !== read) ring.hold(all, now);
    return all;
  };

  return {
    async active(algorithm, now) {
      const all = await upToDate(now, (read) => activeKey(read, algorithm, now) !== undefined);
      const key = activeKey(all, algorithm, now);
      if (key === undefined) throw new ConfigurationError('SIGNING_KEYS', `has no key that signs ${algorithm}`);
      return key;
    },
    held: (kid) => ring.held()?.find((record) => record.kid === kid),
    async published(now) {
      const all = await upToDate(now, (read) => read.length > 0);
      return publishedKeys(all, now, PUBLISHED_KEYS_MAX).map(publicJwk);
    },
    async verificationKeys(kid, now) {
      const all = await ring.get(now);
      const read = all.some((record) => record.kid === kid) ? all : await ring.refetch(now);
      const keys = verificationKeysOf(read);
      return new Map([...keys].filter(([, { record }]) => keyState(record, now) !== 'retired').map(([id, { key }]) => [id, key]));
    },
  };
}

type Recorder = (read: readonly KeyRecord[], now: number, enough: (read: readonly KeyRecord[]) => boolean) => Promise<readonly KeyRecord[]>;

/** Records what the ring lacks of the template's keys, all at once: verifiers then meet no kid that comes a minute later. */
function createTemplateRecorder(records: KeyRingOptions['records'], template: TemplateKeys): Recorder {
  let flight: Promise<readonly KeyRecord[]> | undefined;
  let failedAt = -Infinity;

  const recordAll = async (read: readonly KeyRecord[], missing: readonly (readonly [Algorithm, string])[], now: number) => {
    try {
      return await Promise.all(missing.map(([algorithm, arn]) => recordOne(algorithm, arn, read, now)));
    } catch (error) {
      failedAt = now;
      throw error;
    }
  };
  const recordOne = async (alg: Algorithm, arn: string, read: readonly KeyRecord[], now: number): Promise<KeyRecord> => {
    const { kid, jwk } = await template.publicKey(alg, arn);
    // The very first key of an algorithm signs at once; one that follows another is published first.
    const active_from = activeKey(read, alg, now) === undefined ? now : now + PUBLISHED_AHEAD_SECONDS;
    const record = { kid, alg, arn, jwk, created_at: now, active_from };
    await records.record?.(record);
    return record;
  };

  return async (read, now, enough) => {
    const missing = [...template.arns].filter(([, arn]) => !read.some((record) => record.arn === arn));
    if (missing.length === 0) return read;
    if (now - failedAt < TEMPLATE_RETRY_SECONDS && enough(read)) return read;
    try {
      flight ??= recordAll(read, missing, now).finally(() => {
        flight = undefined;
      });
      const made = await flight;
      return [...read, ...made.filter(({ kid }) => !read.some((record) => record.kid === kid))];
    } catch (error) {
      if (error instanceof Outage && enough(read)) return read;
      throw error;
    }
  };
}

type VerificationKeys = ReadonlyMap<string, { readonly key: VerificationKey; readonly record: KeyRecord }>;

function verificationKeysFrom(read: readonly KeyRecord[]): VerificationKeys {
  return new Map(read.map((record) => [record.kid, { record, key: verificationKeyOf(record) }]));
}

function verificationKeyOf({ jwk, kid, alg }: KeyRecord): VerificationKey {
  const imported = importVerificationKey({ ...jwk, kid, alg });
  if (!imported.ok)
    throw new Outage('dynamodb:item', { cause: new TypeError(`the record of key ${kid} is no usable key: ${imported.failure.reason}`) });
  return imported.value;
}

/** Importing keys costs more than verifying: done once for every answer of the table. */
function memoized<A extends object, B>(compute: (from: A) => B): (from: A) => B {
  const done = new WeakMap<A, B>();
  return (from) => {
    const known = done.get(from);
    if (known !== undefined) return known;
    const value = compute(from);
    done.set(from, value);
    return value;
  };
}
