/**
 * Failed authentications, and how long they keep their network waiting. A record counts a series: it begins with a failure and is
 * forgotten when nothing more is owed for it, so a failure is never forgiven faster than the limit allows new ones
 * (`failures` in each window): that is what makes the bound on guesses hold, also for guesses that come all at once.
 * Times in epoch seconds.
 */
import type { LockoutSettings } from './lockout-settings.ts';

const DAY_SECONDS = 24 * 60 * 60;
/** A network that fails over so many times the usual number of different ids is slowed as a whole. */
const NETWORK_FACTOR = 4;
/** So many times the usual number of failures of one client within a window, from all networks together, are an attack. */
const ATTACK_FACTOR = 10;
/** Longer than a day, so that the network of a nightly job stays known. */
const PROVEN_SECONDS = 48 * 60 * 60;

/** What the table holds of one client and network, or of one network. */
export type FailureRecord = {
  /** Of this series; 0 where only a success is on record. */
  readonly failures: number;
  readonly startedAt: number;
  readonly lastAt: number;
  /** When the client last proved its secret from this network while failures were on record. */
  readonly provenAt?: number;
};

/** For a network's own record, which counts ids that it failed for rather than failures. */
export const ofWholeNetwork = (settings: LockoutSettings): LockoutSettings => ({
  ...settings,
  failures: settings.failures * NETWORK_FACTOR,
});
/** The count of a client's failures within one window, from wherever, that raises the alarm. */
export const attackThreshold = ({ failures }: LockoutSettings): number => failures * ATTACK_FACTOR;
export const attackWindowOf = (now: number, { windowSeconds }: LockoutSettings): number => Math.floor(now / windowSeconds);

function delaySeconds(failures: number, settings: LockoutSettings): number {
  const doubled = settings.firstDelaySeconds * 2 ** (failures - settings.failures);
  return failures < settings.failures ? 0 : Math.min(doubled, settings.maxDelaySeconds);
}

/** When the series counts no more. Each failure is owed its share of a window, for a day at most. */
export function forgottenAt({ failures, startedAt, lastAt }: FailureRecord, settings: LockoutSettings): number {
  if (failures < settings.failures) return startedAt + settings.windowSeconds;
  const owed = Math.min((settings.windowSeconds * failures) / settings.failures, Math.max(DAY_SECONDS, settings.windowSeconds));
  return lastAt + delaySeconds(failures, settings) + Math.ceil(owed);
}

export type Standing =
  /** Nothing stands against an attempt; a failure is counted afterwards. */
  | { readonly state: 'free' }
  /** One attempt is due, and one alone: it is counted before it is made. */
  | { readonly state: 'due' }
  | { readonly state: 'locked'; readonly until: number };

export function standingOf(record: FailureRecord | undefined, settings: LockoutSettings, now: number): Standing {
  if (!isRemembered(record, settings, now) || record.failures < settings.failures) return { state: 'free' };
  const until = record.lastAt + delaySeconds(record.failures, settings);
  return now < until ? { state: 'locked', until } : { state: 'due' };
}

/** Whether the record's series goes on; a failure else begins a new one. */
export const isRemembered = (record: FailureRecord | undefined, settings: LockoutSettings, now: number): record is FailureRecord =>
  record !== undefined && record.failures > 0 && now < forgottenAt(record, settings);

/** How long the next failure of this series would keep its network waiting. */
export const nextDelaySeconds = ({ failures }: FailureRecord, settings: LockoutSettings): number =>
  Math.max(1, delaySeconds(failures + 1, settings));

export const isRecentProof = (provenAt: number | undefined, now: number): boolean =>
  provenAt !== undefined && now - provenAt < PROVEN_SECONDS;

/**
 * The most guesses at one client's secret that one network gets answered in any 24 hours, unless it has lately proven that secret.
 * In the long run each costs its share of a window, or the longest delay where that is shorter. Beyond that, one series may be under way when the day begins and another when it
 * ends; each holds what came at once before the first count (`atOnce`, which the rate limits bound) and one guess for each doubling.
 */
export function guessesADay(settings: LockoutSettings): number {
  const doublings = Math.ceil(Math.log2(settings.maxDelaySeconds / settings.firstDelaySeconds)) + 1;
  const steady = Math.ceil(DAY_SECONDS * Math.max(settings.failures / settings.windowSeconds, 1 / settings.maxDelaySeconds));
  return steady + 2 * (Math.max(settings.atOnce, settings.failures) + doublings);
}
