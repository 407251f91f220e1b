// The terms on which a client's secrets are exchanged by schedule (`secret_rotation`, decision 0016).
import { ok, refuse, type Result } from '../result.ts';

/** A client's terms, as it was registered with them. */
export type SecretRotation = {
  /** Age at which a secret is to be exchanged. */
  readonly every_days: number;
  /** A former secret ends after so long without use, once the new one is in use. */
  readonly unused_hours: number;
  /** A former secret ends so long after the exchange was opened, whoever uses it. */
  readonly overlap_days: number;
  /** For so long after it was first taken the new secret is given out again although it is in use. */
  readonly claim_hours: number;
};

const DEFAULTS = { unused_hours: 72, overlap_days: 30, claim_hours: 0 } as const;
const LIMITS = { every_days: [1, 400], unused_hours: [1, 400 * 24], overlap_days: [1, 400], claim_hours: [0, 400 * 24] } as const;

/** The terms that a registration asks for, with what it leaves open; or what is wrong with them, in words for the caller. */
export function readRotationTerms(value: unknown): Result<SecretRotation, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('must be an object with every_days');
  const given = value as Readonly<Record<string, unknown>>;
  const stranger = Object.keys(given).find((name) => !Object.hasOwn(LIMITS, name));
  if (stranger !== undefined) return refuse(`must have no members but ${Object.keys(LIMITS).join(', ')}`);
  const wrong = Object.entries(LIMITS).find(
    ([name, range]) => !isWithin(given[name] ?? (name === 'every_days' ? undefined : range[0]), range),
  );
  if (wrong !== undefined) return refuse(`must have as ${wrong[0]} a whole number from ${wrong[1][0]} to ${wrong[1][1]}`);
  return checkTogether(withDefaults(given as Partial<SecretRotation> & Pick<SecretRotation, 'every_days'>));
}

const isWithin = (value: unknown, [min, max]: readonly [number, number]): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;

/** What is left open adapts to what is not. */
function withDefaults({
  every_days,
  overlap_days,
  unused_hours,
  claim_hours,
}: Partial<SecretRotation> & Pick<SecretRotation, 'every_days'>) {
  const overlap = overlap_days ?? Math.min(DEFAULTS.overlap_days, every_days);
  return {
    every_days,
    unused_hours: unused_hours ?? Math.min(DEFAULTS.unused_hours, overlap * 24),
    overlap_days: overlap,
    claim_hours: claim_hours ?? DEFAULTS.claim_hours,
  };
}

function checkTogether(terms: SecretRotation): Result<SecretRotation, string> {
  // Otherwise secrets would heap up to the most that a client may have, and the next exchange fail.
  if (terms.overlap_days > terms.every_days) return refuse('must not have overlap_days beyond every_days');
  return terms.unused_hours > terms.overlap_days * 24 ? refuse('must not have unused_hours beyond overlap_days') : ok(terms);
}
