/**
 * Signs access tokens with keys in memory (docs/signing-modes.md): no KMS call for a token, one Decrypt for each key and execution
 * environment. Keys of KMS, of the mode that a deployment comes from, are left to the KMS signer.
 */
import type { KeyRecord, TokenSigner } from '../endpoints/stores.ts';
import { Outage } from '../outage.ts';
import { describeError, log } from '../telemetry/log.ts';
import { signOnTheSpot, type HeldKeySignature } from './held-key-signature.ts';
import type { KeyRing } from './key-ring.ts';
import type { PrivateKeys } from './private-keys.ts';
import type { SigningPlan } from './signing-plan.ts';

/** The next key is unwrapped that long before it signs, by the first request that comes then. */
const AHEAD_SECONDS = 10 * 60;
/** With another key at hand, a request waits that long for the one that should sign: many times what a healthy Decrypt takes. */
const WAIT_MS = 300;
/** After a Decrypt that failed, requests with another key at hand try again no sooner. */
const RETRY_SECONDS = 5;

export type DelegatedSignerOptions = {
  readonly ring: KeyRing;
  readonly privateKeys: PrivateKeys;
  /** For keys that are not wrapped. */
  readonly kmsSigner: TokenSigner;
  /** On the spot by default, since an execution environment has one request at a time. */
  readonly signature?: HeldKeySignature;
};

export function createDelegatedSigner({ ring, privateKeys, kmsSigner, signature = signOnTheSpot }: DelegatedSignerOptions): TokenSigner {
  let failedAt = -Infinity;
  let pruned: ReadonlySet<string> | undefined;

  const isReady = (record: KeyRecord): boolean => record.wrapped === undefined || privateKeys.held(record.kid) !== undefined;

  const unwrap = async (record: KeyRecord, now: number): Promise<void> => {
    try {
      await privateKeys.unwrap(record);
    } catch (error) {
      failedAt = now;
      throw error;
    }
  };
  /** Nobody waits for it: what fails here is tried again, and told. */
  const unwrapAhead = (next: KeyRecord | undefined, now: number): void => {
    if (next === undefined || next.active_from - now > AHEAD_SECONDS || isReady(next) || now - failedAt < RETRY_SECONDS) return;
    unwrap(next, now).catch((error: unknown) => {
      logFailure(next, error);
    });
  };
  const ready = async ({ signs, instead }: SigningPlan & { readonly signs: KeyRecord }, now: number): Promise<KeyRecord> => {
    if (isReady(signs)) return signs;
    const other = instead.find(isReady);
    if (other === undefined) {
      await unwrap(signs, now);
      return signs;
    }
    return now - failedAt >= RETRY_SECONDS && (await inTime(unwrap(signs, now), signs)) ? signs : other;
  };

  return {
    prepare: (now) => {
      ring.prepare(now);
    },

    async key(algorithm, now) {
      const plan = await ring.plan(algorithm, now);
      if (pruned !== plan.live) privateKeys.keepOnly((pruned = plan.live));
      unwrapAhead(plan.next, now);
      const { kid, alg } = await ready(plan, now);
      return { kid, alg };
    },

    sign(kid, signingInput) {
      const held = privateKeys.held(kid);
      return held === undefined ? kmsSigner.sign(kid, signingInput) : signature(held.alg, held.key, signingInput);
    },
  };
}

/** Whether it was done within the wait; an outage means that it was not. */
async function inTime(work: Promise<void>, record: KeyRecord): Promise<boolean> {
  const done = work.then(
    () => true,
    (error: unknown) => {
      if (!(error instanceof Outage)) throw error;
      logFailure(record, error);
      return false;
    },
  );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, WAIT_MS, false);
  });
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}

function logFailure({ kid }: KeyRecord, error: unknown): void {
  log('ERROR', 'a signing key cannot be unwrapped; another one still signs', {
    detail: { kid },
    ...(error instanceof Outage ? { dependency: error.dependency, throttled: error.throttled } : {}),
    error: describeError(error),
  });
}
