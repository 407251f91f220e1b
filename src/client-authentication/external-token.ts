/**
 * A token of an external issuer, judged by trust rules: what it says, whether it serves for a rule, and why not. That it is used once is for
 * whoever remembers. RFC 7523 section 3, RFC 8725.
 */
import { refuse, ok, type Result } from '../result.ts';
import { verifyJwsByAnyOf, type VerificationKeys } from '../tokens/jwks.ts';
import { parseJwsOfAnyKey, type JwsHeader } from '../tokens/jws.ts';
import { parseJsonObject, type JsonObject } from '../tokens/strict-json.ts';
import { claimAt, claimText, conditionText, meets } from './claim-condition.ts';
import { ASSERTION_SKEW_SECONDS } from './client-assertion.ts';
import { AGE_MAX_SECONDS, type TrustRule } from './trust-rule.ts';

/** Nothing of it is to be believed before a rule has matched. */
export type ExternalToken = { readonly text: string; readonly header: JwsHeader; readonly issuer: string; readonly claims: JsonObject };

/** Undefined for what cannot be one. */
export function readExternalToken(text: string): ExternalToken | undefined {
  const jws = parseJwsOfAnyKey(text);
  const claims = jws.ok ? parseJsonObject(jws.value.payload) : undefined;
  const issuer = claims?.['iss'];
  return jws.ok && claims !== undefined && isIssuer(issuer) ? { text, header: jws.value.header, issuer, claims } : undefined;
}

const ISSUER_LENGTH_MAX = 256;

/** A URL, which no client's id looks like. */
const isIssuer = (issuer: unknown): issuer is string =>
  typeof issuer === 'string' && issuer.length <= ISSUER_LENGTH_MAX && /^https?:\/\/[\x21-\x7E]+$/.test(issuer);

/** Why a rule does not take a token; `expected` and `found` for managers' eyes, cut and printable. */
export type Mismatch = { readonly check: string; readonly expected: string; readonly found: string };
export type RuleJudgement = {
  readonly rule: TrustRule;
  /** Empty = the rule takes the token. */
  readonly mismatches: readonly Mismatch[];
};

/** The issuer's keys as a rule has them, or why there are none. */
export type RuleKeys = Result<VerificationKeys, string>;

/** @param now epoch seconds. */
export function judgeByRule(token: ExternalToken, rule: TrustRule, keys: RuleKeys, now: number): RuleJudgement {
  // What is not signed by the issuer says nothing that would be worth comparing.
  const forged = issuerMismatch(token, rule) ?? signatureMismatch(token, keys);
  if (forged !== undefined) return { rule, mismatches: [forged] };
  const mismatches = [typeMismatch(token), audienceMismatch(token, rule), ...timeMismatches(token, rule, now), jtiMismatch(token, rule)];
  return { rule, mismatches: [...mismatches.filter((mismatch) => mismatch !== undefined), ...conditionMismatches(token, rule)] };
}

/** The two are stored under one digest, which is no proof that they are the same. */
const issuerMismatch = ({ issuer }: ExternalToken, rule: TrustRule): Mismatch | undefined =>
  issuer === rule.issuer ? undefined : { check: 'iss', expected: rule.issuer, found: shown(issuer) };

function signatureMismatch({ text }: ExternalToken, keys: RuleKeys): Mismatch | undefined {
  if (!keys.ok) return { check: 'keys', expected: 'the keys of the issuer', found: keys.failure };
  const signed = verifyJwsByAnyOf(text, keys.value);
  return signed.ok ? undefined : { check: 'signature', expected: 'that of a key of the issuer', found: signed.failure.reason };
}

/** What is typed for another purpose (access tokens, logout tokens, proofs) is none of these (RFC 8725 section 3.11). */
const TYPES: readonly (string | undefined)[] = [undefined, 'jwt', 'jose'];

function typeMismatch({ header: { typ } }: ExternalToken): Mismatch | undefined {
  const isPlain = TYPES.includes(typ?.toLowerCase().replace(/^application\//, ''));
  return isPlain ? undefined : { check: 'typ', expected: 'JWT', found: shown(typ) };
}

/** The rule's and no other beside it: what is meant for several could have been passed on by any of them. */
function audienceMismatch({ claims }: ExternalToken, { audience }: TrustRule): Mismatch | undefined {
  const { aud } = claims;
  const only: unknown = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud;
  return only === audience ? undefined : { check: 'aud', expected: `${JSON.stringify(audience)} alone`, found: shown(aud) };
}

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;

function timeMismatches({ claims }: ExternalToken, rule: TrustRule, now: number): readonly Mismatch[] {
  const { exp, nbf = 0, iat } = claims;
  if (!isTime(exp)) return [{ check: 'exp', expected: 'a time', found: shown(exp) }];
  if (!isTime(nbf) || !(iat === undefined || isTime(iat)))
    return [{ check: 'iat', expected: 'times in iat and nbf', found: `${shown(iat)} ${shown(nbf)}` }];
  const found = [endMismatch(exp, now), startMismatch(Math.max(nbf, iat ?? 0), now), ageMismatch({ exp, iat }, rule, now)];
  return found.filter((mismatch) => mismatch !== undefined);
}

const endMismatch = (exp: number, now: number): Mismatch | undefined =>
  now - exp < ASSERTION_SKEW_SECONDS ? undefined : { check: 'exp', expected: 'a time to come', found: `${Math.ceil(now - exp)} s ago` };

const startMismatch = (start: number, now: number): Mismatch | undefined =>
  start - now <= ASSERTION_SKEW_SECONDS
    ? undefined
    : { check: 'nbf', expected: 'a time that has come', found: `in ${Math.ceil(start - now)} s` };

/** Without its beginning, what is left of it is all that bounds its age. */
function ageMismatch(
  { exp, iat }: { readonly exp: number; readonly iat: number | undefined },
  { maximum_age: most }: TrustRule,
  now: number,
): Mismatch | undefined {
  const age = iat === undefined ? exp - now : now - iat;
  if (age <= most + ASSERTION_SKEW_SECONDS) return undefined;
  return { check: 'maximum_age', expected: `at most ${most} s`, found: `${Math.ceil(age)} s` };
}

const JTI_LENGTH_MAX = 256;

const jtiMismatch = ({ claims: { jti } }: ExternalToken, { single_use: singleUse }: TrustRule): Mismatch | undefined =>
  !singleUse || (typeof jti === 'string' && jti !== '' && jti.length <= JTI_LENGTH_MAX)
    ? undefined
    : { check: 'jti', expected: 'one of its own, since the rule lets a token serve once', found: shown(jti) };

const conditionMismatches = ({ claims }: ExternalToken, { conditions }: TrustRule): readonly Mismatch[] =>
  conditions
    .filter((condition) => !meets(claims, condition))
    .map((condition) => ({
      check: `claim ${claimText(condition.claim)}`,
      expected: conditionText(condition),
      found: shown(claimAt(claims, condition.claim)),
    }));

const SHOWN_MAX = 120;

/** Somebody else's text for a log or a screen: JSON, printable ASCII, cut. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const json = JSON.stringify(value).replace(/[^\x20-\x7E]/g, '?');
  return json.length > SHOWN_MAX ? `${json.slice(0, SHOWN_MAX)}...` : json;
}

/** What a token is used once by, and until when that has to be remembered: no rule takes it later. Undefined where it cannot be told. */
export function singleUseOf({ claims }: ExternalToken): { readonly jti: string; readonly until: number } | undefined {
  const { jti, exp, iat } = claims;
  if (typeof jti !== 'string' || !isTime(exp)) return undefined;
  const end = isTime(iat) ? Math.min(exp, iat + AGE_MAX_SECONDS) : exp;
  return { jti, until: Math.ceil(end) + ASSERTION_SKEW_SECONDS };
}

export type RuleChoice = Result<TrustRule, 'issuer_not_trusted' | 'rule_ambiguous' | 'no_rule_matches'>;

/**
 * The rule that takes the token: of several for one client the oldest; of rules for several clients none, unless the request says
 * which client it means (only that client's rules are judged then).
 */
export function chooseRule(judgements: readonly RuleJudgement[]): RuleChoice {
  if (judgements.length === 0) return refuse('issuer_not_trusted');
  const matching = judgements.filter(({ mismatches }) => mismatches.length === 0).map(({ rule }) => rule);
  const [first, ...others] = matching.toSorted((one, other) => one.created_at - other.created_at || (one.id < other.id ? -1 : 1));
  if (first === undefined) return refuse('no_rule_matches');
  return others.every(({ client_id: clientId }) => clientId === first.client_id) ? ok(first) : refuse('rule_ambiguous');
}
