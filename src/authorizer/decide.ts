/**
 * Whether a request may pass. The sequence: bearer token → its form, algorithm, signature, type, issuer, audience and times
 * (`examine`) → revocation → binding → network → route rule (`judge`). Pure: keys, revocations, rules and the time are
 * given. Between the two halves a caller may look up what is known of the token, and nothing else.
 */
import { inRanges, isCidr } from '../client-authentication/network.ts';
import { ok, refuse, type Result } from '../result.ts';
import { verifySignedAccessToken, type AccessTokenClaims } from '../tokens/access-token.ts';
import type { VerificationKey } from '../tokens/jwk.ts';
import { bearerToken } from './bearer.ts';
import type { Denial, RouteFault } from './denial.ts';
import type { RevocationView, VerifiedToken } from './revocation.ts';
import { ruleFor, type FactorDemand, type ParsedRouteRule, type RouteRule } from './route-rule.ts';

export type AccessRequest = {
  readonly method: string;
  /** As the gateway has it, not decoded, without stage and query. */
  readonly path: string;
  /** Every value of the Authorization header. */
  readonly authorization: readonly string[];
  /** The caller's address by the gateway's own knowledge; undefined where it does not tell. */
  readonly ip: string | undefined;
};

export type Decision =
  /** `token` is undefined for an anonymous caller of an optional or public route. */
  | { readonly allowed: true; readonly token: VerifiedToken | undefined }
  | {
      readonly allowed: false;
      readonly denial: Denial;
      /** The token if it is good in itself and only this route refuses it. */
      readonly token: VerifiedToken | undefined;
      /** Whose token it was, as far as its signature vouches for that; for the log. */
      readonly subject: AccessTokenClaims | undefined;
    };

/** A token that was looked at: undefined when none was sent. */
export type Examined = Result<VerifiedToken | undefined, Denial>;

export type Examination = {
  readonly keys: ReadonlyMap<string, VerificationKey>;
  readonly issuer: string;
  readonly audience: string;
  /** Epoch seconds. */
  readonly now: number;
};

/** The first half: the request's token, verified. */
export function examine(request: Pick<AccessRequest, 'authorization'>, examination: Examination): Examined {
  const token = bearerToken(request.authorization);
  return token.ok && token.value !== undefined ? verifySignedAccessToken({ token: token.value, ...examination }) : (token as Examined);
}

/** The second half: whether the examined token, or nobody, may use this route. */
export function judge(
  request: Pick<AccessRequest, 'method' | 'path' | 'ip'>,
  examined: Examined,
  revocation: RevocationView,
  rules: readonly ParsedRouteRule[],
): Decision {
  const rule = ruleFor(rules, request);
  const standing = examined.ok && examined.value !== undefined ? standingOf(examined.value, request, revocation) : examined;
  if (rule?.access === 'public') return { allowed: true, token: standing.ok ? standing.value : undefined };
  if (!standing.ok) return { allowed: false, denial: standing.failure, token: undefined, subject: subjectOf(examined) };
  return standing.value === undefined ? judgeAnonymous(rule) : judgeToken(rule, standing.value);
}

const judgeAnonymous = (rule: RouteRule | undefined): Decision =>
  rule?.access === 'optional'
    ? { allowed: true, token: undefined }
    : { allowed: false, denial: { reason: 'token_missing' }, token: undefined, subject: undefined };

function judgeToken(rule: RouteRule | undefined, token: VerifiedToken): Decision {
  const fault = rule === undefined ? ({ reason: 'route_without_rule' } as const) : routeFault(rule, token);
  return fault === undefined ? { allowed: true, token } : { allowed: false, denial: fault, token, subject: token.claims };
}

function subjectOf(examined: Examined): AccessTokenClaims | undefined {
  if (examined.ok) return examined.value?.claims;
  return 'claims' in examined.failure ? examined.failure.claims : undefined;
}

/** Revocation, binding, network: what holds for the token on every route. */
function standingOf(token: VerifiedToken, request: Pick<AccessRequest, 'ip'>, revocation: RevocationView): Examined {
  const revoked = revocation.faultOf(token);
  if (revoked !== undefined) return refuse(revoked);
  // Neither DPoP proofs nor client certificates are verified here, so a bound token is never proven (RFC 9700 section 2.2.1).
  if (token.claims.cnf !== undefined) return refuse({ reason: 'binding_unproven' });
  if (!networkAllows(token.claims.ip, request.ip)) return refuse({ reason: 'network_not_allowed', ip: request.ip });
  return ok(token);
}

function networkAllows(ranges: readonly string[] | undefined, ip: string | undefined): boolean {
  if (ranges === undefined) return true;
  return ip !== undefined && inRanges(ip, ranges.filter(isCidr));
}

/** What a standing token lacks under one rule, whichever path was asked for; undefined when it meets the rule. */
export function routeFault(rule: RouteRule, { claims }: VerifiedToken): RouteFault | undefined {
  if (rule.access === 'public') return undefined;
  if (rule.scopes !== undefined && !hasScopes(claims.scope, rule.scopes))
    return { reason: 'scope_insufficient', scope: rule.scopes.join(' ') };
  if (rule.roles !== undefined && !includesAll(claims.roles, rule.roles)) return { reason: 'role_missing' };
  if (rule.factors !== undefined && !meetsFactors(rule.factors, claims.amr)) return { reason: 'factor_missing' };
  if (rule.bound === true && claims.cnf === undefined) return { reason: 'binding_missing' };
  return undefined;
}

const includesAll = (have: readonly string[], need: readonly string[]): boolean => need.every((element) => have.includes(element));
const hasScopes = (scope: string, need: readonly string[]): boolean => need.length === 0 || includesAll(scope.split(' '), need);

function meetsFactors(demand: FactorDemand, amr: readonly string[]): boolean {
  if ('any' in demand) return new Set(amr).size >= demand.any;
  const alternatives = demand.filter((alternative) => typeof alternative !== 'string');
  return alternatives.length > 0
    ? alternatives.some((alternative) => includesAll(amr, alternative))
    : includesAll(amr, demand as readonly string[]);
}
