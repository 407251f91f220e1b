/**
 * The key ring: every signing key's public record, kept for four seconds. With `template` or `source` (functions that sign
 * or publish) a key that nobody has recorded yet is recorded on first use; without, the ring only verifies.
 */
import type { KeyRecord, KeyRecordStore } from '../endpoints/stores.ts';
import { ConfigurationError } from '../environment.ts';
import { Outage } from '../outage.ts';
import type { Algorithm } from '../tokens/algorithms.ts';
import { importVerificationKey, publicJwk, type VerificationKey } from '../tokens/jwk.ts';
import { createCachedValue } from './cached-value.ts';
import { templateKeySource, type KeySource, type Missing } from './key-source.ts';
import { activeKey, isPublished, publishedKeys } from './key-state.ts';
import { PUBLISHED_KEYS_MAX } from './rotation-plan.ts';
import { signingPlan, type SigningPlan } from './signing-plan.ts';
import type { TemplateKeys } from './template-keys.ts';

/** A revoked key is to be trusted nowhere and sign nowhere within 5 s. */
const RING_MAX_AGE_SECONDS = 4;
/** Nor is a token believed by an older ring, whatever keeps the table from being read: it may be of a key revoked since. */
const BELIEVED_SECONDS = 5;
/** After KMS failed to show or make a key: how long the ring makes do with what it has. */
const SOURCE_RETRY_SECONDS = 30;

export type KeyRing = {
  /** The key that signs for `algorithm` now. Throws ConfigurationError when there is none. */
  active(algorithm: Algorithm, now: number): Promise<KeyRecord>;
  /** That key, and what there is beside it. Throws ConfigurationError when no key signs. */
  plan(algorithm: Algorithm, now: number): Promise<SigningPlan & { readonly signs: KeyRecord }>;
  /** Has the records read again where they are due, for a later `active` of the same request. Never throws. */
  prepare(now: number): void;
  /** A key that the ring holds, however old; never a call. */
  held(kid: string): KeyRecord | undefined;
  /** The JWKS' keys (RFC 7517): at most 10, public members only. */
  published(now: number): Promise<readonly Readonly<Record<string, string>>[]>;
  /** All keys whose tokens may still live, by kid; asked again (once in 30 s) when `kid` is not among them. Throws `Outage` for a ring older than 5 s. */
  verificationKeys(kid: string, now: number): Promise<ReadonlyMap<string, VerificationKey>>;
};

export type KeyRingOptions = {
  readonly records: Pick<KeyRecordStore, 'readAll'> & Partial<Pick<KeyRecordStore, 'record'>>;
  readonly template?: TemplateKeys;
  /** In the place of `template`. */
  readonly source?: KeySource;
  /** Which keys this deployment can sign with; others are published and verify. Absent = all. */
  readonly isUsable?: (record: KeyRecord) => boolean;
};

/** Without `records.record`, keys of the template that nobody has recorded yet are shown but not recorded. */
export function createKeyRing({
  records,
  template,
  source = template && templateKeySource(template, records),
  isUsable = () => true,
}: KeyRingOptions): KeyRing {
  const ring = createCachedValue<readonly KeyRecord[]>({
    fetch: () => records.readAll(),
    maxAgeSeconds: RING_MAX_AGE_SECONDS,
    // Before the first token there is no key; the first one must be seen at once.
    isWorthKeeping: (read) => read.length > 0,
  });
  const withMissingKeys = source && createRecorder(source);
  const usableOf = memoized((read: readonly KeyRecord[]) => read.filter(isUsable));
  const plans = new Map<Algorithm, SigningPlan & { readonly of: readonly KeyRecord[] }>();
  const verificationKeysOf = memoized(verificationKeysFrom);

  /** With what was missing recorded, or as it is when KMS fails and `enough` says that it will do. */
  const upToDate = async (now: number, enough: (read: readonly KeyRecord[]) => boolean): Promise<readonly KeyRecord[]> => {
    const read = await ring.get(now);
    if (withMissingKeys === undefined) return read;
    const all = await withMissingKeys(read, now, enough);
    if (all !== read) ring.hold(all, now);
    return all;
  };

  const planOf = async (algorithm: Algorithm, now: number): Promise<SigningPlan & { readonly signs: KeyRecord }> => {
    const all = usableOf(await upToDate(now, (read) => activeKey(usableOf(read), algorithm, now) !== undefined));
    const known = plans.get(algorithm);
    const plan = known?.of === all && now < known.until ? known : { ...signingPlan(all, algorithm, now), of: all };
    plans.set(algorithm, plan);
    const { signs } = plan;
    if (signs === undefined) throw new ConfigurationError('SIGNING_KEYS', `has no key that signs ${algorithm}`);
    return plan as typeof plan & { readonly signs: KeyRecord };
  };

  return {
    active: async (algorithm, now) => (await planOf(algorithm, now)).signs,
    plan: planOf,
    prepare(now) {
      // Whoever needs the ring meets the failure, or makes do with what there is.
      ring.get(now).catch(() => undefined);
    },
    held: (kid) => ring.held()?.find((record) => record.kid === kid),
    async published(now) {
      const all = await upToDate(now, (read) => read.length > 0);
      return publishedKeys(all, now, PUBLISHED_KEYS_MAX).map(publicJwk);
    },
    async verificationKeys(kid, now) {
      const all = await ring.get(now, BELIEVED_SECONDS);
      const read = all.some((record) => record.kid === kid) ? all : await ring.refetch(now);
      const keys = verificationKeysOf(read);
      return new Map([...keys].filter(([, { record }]) => isPublished(record, now)).map(([id, { key }]) => [id, key]));
    },
  };
}

type Recorder = (read: readonly KeyRecord[], now: number, enough: (read: readonly KeyRecord[]) => boolean) => Promise<readonly KeyRecord[]>;

/** Records what the ring lacks, all at once: verifiers then meet no kid that comes a minute later. */
function createRecorder(source: KeySource): Recorder {
  let flight: Promise<readonly KeyRecord[]> | undefined;
  let failedAt = -Infinity;

  const recordAll = async (missing: readonly Missing[], now: number): Promise<readonly KeyRecord[]> => {
    try {
      return await Promise.all(missing.map((record) => record()));
    } catch (error) {
      failedAt = now;
      throw error;
    }
  };

  return async (read, now, enough) => {
    const missing = source.missing(read, now);
    if (missing.length === 0) return read;
    if (now - failedAt < SOURCE_RETRY_SECONDS && enough(read)) return read;
    try {
      flight ??= recordAll(missing, now).finally(() => {
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
