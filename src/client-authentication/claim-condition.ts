/**
 * Conditions on the claims of somebody else's token: equal to a value, to one of several, or beginning with a text. Values are compared
 * with their type and as they are written; there are no patterns, so that nothing matches more than it shows.
 */
import { ok, refuse, type Result } from '../result.ts';
import type { JsonObject } from '../tokens/strict-json.ts';

export type ClaimValue = string | number | boolean;
/** A claim by its name, or the path to a member of one: names of claims hold dots and slashes of their own. */
export type ClaimName = string | readonly string[];
export type ClaimCondition = { readonly claim: ClaimName } & (
  { readonly equals: ClaimValue } | { readonly one_of: readonly ClaimValue[] } | { readonly prefix: string }
);

const OPERATORS = ['equals', 'one_of', 'prefix'] as const;
const CONDITIONS_MAX = 10;
const VALUES_MAX = 20;
const TEXT_MAX = 256;
const PATH_MAX = 4;
const PREFIX_MIN = 4;

/** Refusals are in words for the caller. */
export function readConditions(value: unknown): Result<readonly ClaimCondition[], string> {
  if (!Array.isArray(value)) return refuse('must be an array');
  if (value.length === 0) return refuse('must not be empty: every token of the issuer would match');
  if (value.length > CONDITIONS_MAX) return refuse(`must have at most ${CONDITIONS_MAX} entries`);
  const conditions: ClaimCondition[] = [];
  for (const [index, entry] of value.entries()) {
    const condition = readCondition(entry);
    if (!condition.ok) return refuse(`entry ${index} ${condition.failure}`);
    if (conditions.some((other) => claimText(other.claim) === claimText(condition.value.claim)))
      return refuse(`entry ${index} is of a claim that has a condition already`);
    conditions.push(condition.value);
  }
  return ok(conditions);
}

function readCondition(entry: unknown): Result<ClaimCondition, string> {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return refuse('must be an object');
  const { claim, ...rest } = entry as JsonObject;
  if (!isClaimName(claim)) return refuse('must have a claim: its name, or the path to a member of it as an array of names');
  const [operator, ...others] = Object.keys(rest);
  const known = OPERATORS.find((candidate) => candidate === operator);
  if (known === undefined || others.length > 0) return refuse(`must have exactly one of ${OPERATORS.join(', ')}`);
  return READERS[known](claim, rest[known]);
}

const READERS: Readonly<Record<(typeof OPERATORS)[number], (claim: ClaimName, value: unknown) => Result<ClaimCondition, string>>> = {
  equals: (claim, value) => (isClaimValue(value) ? ok({ claim, equals: value }) : refuse(`equals ${NOT_A_VALUE}`)),
  one_of: (claim, value) => {
    if (!Array.isArray(value) || value.length === 0 || value.length > VALUES_MAX) return refuse(`one_of must be 1 to ${VALUES_MAX} values`);
    return value.every(isClaimValue) ? ok({ claim, one_of: value }) : refuse(`one_of ${NOT_A_VALUE}`);
  },
  prefix: (claim, value) => {
    if (typeof value !== 'string' || !isClaimValue(value)) return refuse('prefix must be a text');
    // `repo:acme` would also begin `repo:acme-evil`, which somebody else registers.
    const isWhole = value.length >= PREFIX_MIN && /[/:]$/.test(value);
    return isWhole ? ok({ claim, prefix: value }) : refuse(`prefix must have at least ${PREFIX_MIN} characters and end with / or :`);
  },
};

const NOT_A_VALUE = `must be a text of 1 to ${TEXT_MAX} characters without * and ?, which are no wildcards here, a whole number, or true or false`;

function isClaimValue(value: unknown): value is ClaimValue {
  if (typeof value === 'string') return value !== '' && value.length <= TEXT_MAX && !/[\p{Cc}*?]/u.test(value);
  return typeof value === 'boolean' || Number.isSafeInteger(value);
}

const isName = (name: unknown): name is string => typeof name === 'string' && name !== '' && name.length <= 128 && !/\p{Cc}/u.test(name);

/** What the checks of every token settle anyway is no condition. */
const SETTLED = ['iss', 'aud', 'exp', 'nbf', 'iat', 'jti'];

function isClaimName(claim: unknown): claim is ClaimName {
  if (Array.isArray(claim)) return claim.length >= 1 && claim.length <= PATH_MAX && claim.every(isName);
  return isName(claim) && !SETTLED.includes(claim);
}

const pathOf = (claim: ClaimName): readonly string[] => (typeof claim === 'string' ? [claim] : claim);

/** One text for a claim, for people: `sub`, `kubernetes.io › namespace`. */
export const claimText = (claim: ClaimName): string => pathOf(claim).join(' › ');

/** What is at the path; undefined where there is nothing. */
export function claimAt(claims: JsonObject, claim: ClaimName): unknown {
  let value: unknown = claims;
  for (const name of pathOf(claim)) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) return undefined;
    value = (value as JsonObject)[name];
  }
  return value;
}

/** Whether the claims meet the condition: what is not there, and what is a list or an object, meets none. */
export function meets(claims: JsonObject, condition: ClaimCondition): boolean {
  const value = claimAt(claims, condition.claim);
  if ('equals' in condition) return value === condition.equals;
  if ('one_of' in condition) return condition.one_of.some((one) => one === value);
  return typeof value === 'string' && value.startsWith(condition.prefix);
}

/** What is wanted, for people. */
export function conditionText(condition: ClaimCondition): string {
  if ('equals' in condition) return JSON.stringify(condition.equals);
  if ('one_of' in condition) return `one of ${condition.one_of.map((value) => JSON.stringify(value)).join(', ')}`;
  return `beginning with ${JSON.stringify(condition.prefix)}`;
}
