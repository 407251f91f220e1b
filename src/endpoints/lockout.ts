/**
 * Guessing made slow, around the comparison of a secret: before it, is this network to wait; after it, is there a failure to count.
 * Known and unknown clients take the same steps. What is on record comes with the request's own read; only failures write.
 * A network from which the client has lately proven its secret is never kept waiting with the right one (decision 0014).
 */
import {
  attackThreshold,
  attackWindowOf,
  isRecentProof,
  isRemembered,
  nextDelaySeconds,
  ofWholeNetwork,
  standingOf,
  type FailureRecord,
  type Standing,
} from '../abuse/lockout.ts';
import type { CleanRecords } from '../abuse/clean-records.ts';
import type { LockoutSettings } from '../abuse/lockout-settings.ts';
import type { StandingLocks } from '../abuse/standing-locks.ts';
import * as events from '../audit/events.ts';
import type { AuthenticatedClient, AuthenticationFailure } from '../client-authentication/authenticate.ts';
import { networkOf } from '../client-authentication/network.ts';
import { nowSeconds } from '../http/message.ts';
import { Outage } from '../outage.ts';
import { ok, refuse, type Result } from '../result.ts';
import { describeError, log, logAudit } from '../telemetry/log.ts';
import { emitCounter } from '../telemetry/metrics.ts';
import type { LockoutFailure } from './failure.ts';
import type { Failures, FailureStore, Loaded, LoadRequest, SecretUseStore } from './stores.ts';
import { factsOf, type Trail } from './trail.ts';

export type Lockout = {
  readonly settings: LockoutSettings;
  readonly locks: StandingLocks;
  readonly clean: CleanRecords;
  readonly failures: FailureStore;
  readonly secretUses: Pick<SecretUseStore, 'read'>;
};

/** A guess that may be judged, and what is already known of its consequences. */
export type Guess = {
  readonly network: string;
  readonly read: Failures;
  /** Counted before it is made, because it is the one that was due. */
  readonly claimed: { readonly ofClient: boolean; readonly ofNetwork: boolean };
  /** Set where only the right secret gets through, because the client has proven it from here: when the others' wait ends. */
  readonly lockedUntil: number | undefined;
};

const NOTHING_CLAIMED = { ofClient: false, ofNetwork: false };
/** A proof on record is renewed when it is older: one write an hour at most, and only where there were failures. */
const PROOF_RENEWED_SECONDS = 60 * 60;
/** Takes the place of the ids of secrets where there are none, so that an unknown client takes the way a known one does. */
const NO_SECRETS = ['none'];

const lockKey = (clientId: string, network: string): string => `${clientId}#${network}`;

/** Refused a moment ago: still refused, without a call. */
export function standingLock(trail: Trail, network: string, { locks }: Lockout): LockoutFailure | undefined {
  const wait = locks.waitSeconds(lockKey(trail.clientId, network), trail.request.nowMs);
  return wait === undefined ? undefined : lockedOut(trail, network, wait);
}

/** What is on record is read with the request's own read, unless it is known that nothing is, or no secret is compared. */
export function failuresToRead(
  { clientId, request }: Trail,
  network: string,
  lockout: Lockout | undefined,
): Pick<LoadRequest, 'failingNetwork'> {
  if (lockout === undefined || lockout.clean.has(lockKey(clientId, network), request.nowMs)) return {};
  return { failingNetwork: network };
}

/** @param read what was read, with `failuresToRead`. */
export function learnFailures(
  { clientId, request }: Trail,
  read: Pick<LoadRequest, 'failingNetwork'>,
  loaded: Loaded,
  lockout: Lockout | undefined,
): void {
  if (lockout === undefined || read.failingNetwork === undefined) return;
  lockout.clean.learn(lockKey(clientId, read.failingNetwork), loaded.failures, request.nowMs);
}

/** Before the secret is compared. */
export async function weighGuess(trail: Trail, network: string, loaded: Loaded, lockout: Lockout): Promise<Result<Guess, LockoutFailure>> {
  const now = nowSeconds(trail.request);
  const { settings } = lockout;
  const read = loaded.failures;
  const ofClient = standingOf(read.ofClient, settings, now);
  const ofNetwork = standingOf(read.ofNetwork, ofWholeNetwork(settings), now);
  if (ofClient.state === 'free' && ofNetwork.state === 'free')
    return ok({ network, read, claimed: NOTHING_CLAIMED, lockedUntil: undefined });
  const lockedUntil = endOf(ofClient, ofNetwork);
  if (await isProven(trail, network, loaded, lockout)) return ok({ network, read, claimed: NOTHING_CLAIMED, lockedUntil });
  if (lockedUntil !== undefined) {
    lockout.locks.remember(lockKey(trail.clientId, network), lockedUntil);
    return refuse(lockedOut(trail, network, lockedUntil - now));
  }
  return claimTurn(trail, network, read, { ofClient: ofClient.state === 'due', ofNetwork: ofNetwork.state === 'due' }, lockout);
}

/** Once the secret has been compared: the outcome as it is, or 429 where a wrong one must wait. */
export async function settleGuess(
  trail: Trail,
  guess: Guess,
  outcome: Result<AuthenticatedClient, AuthenticationFailure>,
  lockout: Lockout,
): Promise<Result<AuthenticatedClient, AuthenticationFailure | LockoutFailure>> {
  if (!outcome.ok) lockout.clean.forget(lockKey(trail.clientId, guess.network));
  if (outcome.ok) await keepProof(trail, guess, lockout);
  else if (guess.lockedUntil !== undefined)
    return refuse(lockedOut(trail, guess.network, guess.lockedUntil - nowSeconds(trail.request), outcome.failure.reason));
  else await countFailure(trail, guess, outcome.failure.reason !== 'unknown_client', lockout);
  return outcome;
}

function lockedOut(trail: Trail, network: string, retryAfterSeconds: number, cause?: AuthenticationFailure['reason']): LockoutFailure {
  // Whoever has proven nothing is not told a limit: one that differs from the usual would tell that the client exists.
  trail.verdict = undefined;
  return { reason: 'locked_out', network, retryAfterSeconds, ...(cause === undefined ? {} : { cause }) };
}

function endOf(...standings: readonly Standing[]): number | undefined {
  const ends = standings.flatMap((standing) => (standing.state === 'locked' ? [standing.until] : []));
  return ends.length === 0 ? undefined : Math.max(...ends);
}

/** Whether the client has proven its secret from this network lately: on record, or by the last use of one of its secrets. */
async function isProven(trail: Trail, network: string, { client, apiKey, failures }: Loaded, lockout: Lockout): Promise<boolean> {
  const now = nowSeconds(trail.request);
  if (isRecentProof(failures.ofClient?.provenAt, now)) return true;
  const ids = [...(client?.secrets ?? []), ...(apiKey === undefined ? [] : [apiKey])].map(({ id }) => id);
  const uses = await lockout.secretUses.read(trail.clientId, ids.length === 0 ? NO_SECRETS : ids);
  const proofs = [...uses.values()].filter(({ ip, last_used_at: at }) => networkOf(ip) === network && isRecentProof(at, now));
  if (proofs.length === 0 || client === undefined) return false;
  await recordProof(trail, network, Math.max(...proofs.map(({ last_used_at: at }) => at)), lockout);
  return true;
}

/** Of all that come when the wait is over, one is let through, counted in advance. */
async function claimTurn(
  trail: Trail,
  network: string,
  read: Failures,
  due: Guess['claimed'],
  { settings, failures }: Lockout,
): Promise<Result<Guess, LockoutFailure>> {
  const now = nowSeconds(trail.request);
  const subject = { clientId: trail.clientId, network };
  if (due.ofClient && read.ofClient !== undefined && !(await failures.claim(subject, read.ofClient, now)))
    return refuse(lockedOut(trail, network, nextDelaySeconds(read.ofClient, settings)));
  if (due.ofNetwork && read.ofNetwork !== undefined && !(await failures.claim({ network }, read.ofNetwork, now)))
    return refuse(lockedOut(trail, network, nextDelaySeconds(read.ofNetwork, ofWholeNetwork(settings))));
  return ok({ network, read, claimed: due, lockedUntil: undefined });
}

/** A success where failures are on record: from now on they keep nobody waiting who has the secret. */
async function keepProof(trail: Trail, { network, read: { ofClient }, claimed }: Guess, lockout: Lockout): Promise<void> {
  const now = nowSeconds(trail.request);
  const onRecord = claimed.ofNetwork || (ofClient !== undefined && ofClient.failures > 0);
  if (!onRecord || now - (ofClient?.provenAt ?? 0) < PROOF_RENEWED_SECONDS) return;
  await recordProof(trail, network, now, lockout);
}

/** Nothing fails with it: a proof that was not written is written by the next success. */
async function recordProof(trail: Trail, network: string, provenAt: number, { failures }: Lockout): Promise<void> {
  try {
    await failures.prove({ clientId: trail.clientId, network }, provenAt, nowSeconds(trail.request));
  } catch (error) {
    if (!(error instanceof Outage)) throw error;
    log('WARN', 'the proof of a secret was not written', {
      endpoint: trail.endpoint,
      client_id: trail.clientId,
      trace_id: trail.request.traceId,
      error: describeError(error),
    });
  }
}

async function countFailure(trail: Trail, guess: Guess, clientExists: boolean, lockout: Lockout): Promise<void> {
  const { settings, failures, locks } = lockout;
  const now = nowSeconds(trail.request);
  const { network, read, claimed } = guess;
  const { clientId } = trail;
  const countId = async (): Promise<void> => {
    const counted = claimed.ofClient ? undefined : await failures.count({ clientId, network }, seriesOf(read.ofClient, settings, now), now);
    // The network's own count is of the ids that it fails for, each of which has one first failure, however many come at once.
    if (counted === 1 && !claimed.ofNetwork)
      await failures.count({ network }, seriesOf(read.ofNetwork, ofWholeNetwork(settings), now), now);
  };
  const [counted] = await Promise.allSettled([countId(), countAttack(trail, clientExists, lockout)]);
  if (counted.status === 'fulfilled') return;
  // Uncounted guesses must not be free: this environment at least makes their network wait.
  if (!isRecentProof(read.ofClient?.provenAt, now)) locks.remember(lockKey(clientId, network), now + settings.firstDelaySeconds);
  throw counted.reason;
}

const seriesOf = (read: FailureRecord | undefined, settings: LockoutSettings, now: number) => ({
  read,
  goesOn: isRemembered(read, settings, now),
});

/** From all networks together, for the alarm alone: whoever guesses from many places is seen, and the client is never refused for it. */
async function countAttack(trail: Trail, clientExists: boolean, { settings, failures }: Lockout): Promise<void> {
  const { clientId, request } = trail;
  const now = nowSeconds(request);
  const window = attackWindowOf(now, settings);
  try {
    // Exactly one of all the failures of a window is this one.
    if ((await failures.countAttack(clientId, window, now)) !== attackThreshold(settings) || !clientExists) return;
    const event = events.clientUnderAttack(factsOf(trail), { client_id: clientId, reason: `${attackThreshold(settings)} failures` });
    logAudit(event);
    await failures.recordAttack(clientId, window, event);
  } catch (error) {
    if (!(error instanceof Outage)) throw error;
    emitCounter('attack_not_counted', request.nowMs);
  }
}
