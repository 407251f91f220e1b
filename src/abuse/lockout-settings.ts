// When failed authentications begin to be slowed down. The arithmetic is in lockout.ts.
import { ConfigurationError, json, required, type Environment } from '../environment.ts';

export type LockoutSettings = {
  /** So many failures of one client from one network within the window start a delay. */
  readonly failures: number;
  readonly windowSeconds: number;
  /** The first delay; it doubles with each further failure. */
  readonly firstDelaySeconds: number;
  readonly maxDelaySeconds: number;
  /** Guesses at one secret that the rate limits let through from one network before the first is counted; for the bound alone. */
  readonly atOnce: number;
};

const DAY_SECONDS = 24 * 60 * 60;
/** What each member of the JSON may be; all of them are needed. */
const RANGES = {
  failures: { min: 1, max: 1000 },
  window: { min: 1, max: DAY_SECONDS },
  first_delay: { min: 1, max: DAY_SECONDS },
  max_delay: { min: 1, max: DAY_SECONDS },
  at_once: { min: 1, max: 10_000_000 },
} as const;
type Member = keyof typeof RANGES;

/** `LOCKOUT` is `off`, or JSON such as `{"failures":5,"window":900,"first_delay":30,"max_delay":1800,"at_once":320}`, times in seconds. Undefined = off. */
export function lockoutFrom(environment: Environment): LockoutSettings | undefined {
  if (required(environment, 'LOCKOUT') === 'off') return undefined;
  const value = json(environment, 'LOCKOUT');
  if (typeof value !== 'object' || value === null) throw new ConfigurationError('LOCKOUT', 'must be off or a JSON object');
  for (const name of Object.keys(value)) if (!Object.hasOwn(RANGES, name)) throw new ConfigurationError('LOCKOUT', 'has an unknown member');
  const given = value as Readonly<Record<string, unknown>>;
  const settings = {
    failures: member(given, 'failures'),
    windowSeconds: member(given, 'window'),
    firstDelaySeconds: member(given, 'first_delay'),
    maxDelaySeconds: member(given, 'max_delay'),
    atOnce: member(given, 'at_once'),
  };
  if (settings.maxDelaySeconds < settings.firstDelaySeconds)
    throw new ConfigurationError('LOCKOUT', 'must have a max_delay that is no shorter than first_delay');
  return settings;
}

function member(given: Readonly<Record<string, unknown>>, name: Member): number {
  const value = given[name];
  const { min, max } = RANGES[name];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
    throw new ConfigurationError('LOCKOUT', `must have a ${name} from ${min} to ${max}`);
  return value;
}

/** The environment variable's value for these settings. */
export const lockoutVariable = (settings: LockoutSettings | undefined): string =>
  settings === undefined
    ? 'off'
    : JSON.stringify({
        failures: settings.failures,
        window: settings.windowSeconds,
        first_delay: settings.firstDelaySeconds,
        max_delay: settings.maxDelaySeconds,
        at_once: settings.atOnce,
      });
