/**
 * Whether a request may pass. The sequence: bearer token → its form, algorithm, signature, type, issuer, audience and times
 * (`examine`) → revocation → binding → network → route rule (`judge`). Pure: keys, revocations, rules and the time are
 * given. Between the two halves a caller may look up what is known of the token, and nothing else.
 */
import type { Certificate } from '../client-authentication/certificate.ts';
import { inRanges, isCidr } from '../client-authentication/network.ts';
import { ok, refuse, type Result } from '../result.ts';
import { isProven, type Confirmation } from '../tokens/confirmation.ts';
import { verifySignedAccessToken, type AccessTokenClaims } from '../tokens/access-token.ts';
import type { VerificationKey } from '../tokens/jwk.ts';
import { presentedToken } from './bearer.ts';
import { connectionFault, type Connection } from './connection.ts';
import type { CredentialHeaders } from './credential.ts';
import type { Denial, RouteFault } from './denial.ts';
import type { RevocationView, VerifiedToken } from './revocation.ts';
import { ruleFor, type AcceptedMethod, type FactorDemand, type ParsedRouteRule, type RouteRule } from './route-rule.ts';

export type AccessRequest = CredentialHeaders & {
  readonly method: string;
  /** As the gateway has it, not decoded, without stage and query. */
  readonly path: string;
  /** The caller's address by the gateway's own knowledge; undefined where it does not tell. */
  readonly ip: string | undefined;
  /** Of its TLS connection; from the gateway's request context alone, never from a header. */
  readonly certificate?: Certificate | undefined;
  /** Every value of the `DPoP` header; absent = there is none. */
  readonly dpop?: readonly string[];
  /** The URL that the caller asked for, by configuration or by the gateway's own knowledge, never by `Host`; absent where nobody knows. */
  readonly url?: string | undefined;
  /** The key that its proof has been found to show; whoever makes the request out of an event leaves it out. */
  readonly jkt?: string;
  /** What the token was got by. */
  readonly by?: AcceptedMethod | undefined;
};

export type Decision =
  /** `token` is undefined for an anonymous caller of an optional or public route. */
  | ({ readonly allowed: true; readonly token: VerifiedToken | undefined } & OverConnection)
  | ({
      readonly allowed: false;
      readonly denial: Denial;
      /** The token if it is good in itself and only this route refuses it. */
      readonly token: VerifiedToken | undefined;
      /** Whose token it was, as far as its signature vouches for that; for the log. */
      readonly subject: AccessTokenClaims | undefined;
    } & OverConnection);
/** Present where the connection has a certificate, or the token was got by something else. */
type OverConnection = { readonly connection?: Connection };

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
  const presented = presentedToken(request.authorization);
  if (!presented.ok || presented.value === undefined) return presented as Examined;
  const { scheme, token } = presented.value;
  const verified = verifySignedAccessToken({ token, ...examination });
  if (!verified.ok) return verified;
  const { claims } = verified.value;
  return scheme === 'DPoP' && claims.cnf?.['jkt'] === undefined ? refuse({ reason: 'dpop_token_unbound', claims }) : verified;
}

/** The second half: whether the examined token, or nobody, may use this route. */
export function judge(request: JudgedRequest, examined: Examined, revocation: RevocationView, rules: readonly ParsedRouteRule[]): Decision {
  const decision = judgeRoute(request, examined, revocation, rules);
  const { certificate, by } = request;
  return certificate === undefined && by === undefined ? decision : { ...decision, connection: { certificate, by } };
}

type JudgedRequest = Pick<AccessRequest, 'method' | 'path' | 'ip' | 'certificate' | 'by' | 'jkt'>;

function judgeRoute(request: JudgedRequest, examined: Examined, revocation: RevocationView, rules: readonly ParsedRouteRule[]): Decision {
  const rule = ruleFor(rules, request);
  const standing = examined.ok && examined.value !== undefined ? standingOf(examined.value, request, revocation) : examined;
  if (rule?.access === 'public') return { allowed: true, token: standing.ok ? standing.value : undefined };
  if (!standing.ok) return { allowed: false, denial: standing.failure, token: undefined, subject: subjectOf(examined) };
  return standing.value === undefined ? judgeAnonymous(rule) : judgeToken(rule, standing.value, request);
}

const judgeAnonymous = (rule: RouteRule | undefined): Decision =>
  rule?.access === 'optional'
    ? { allowed: true, token: undefined }
    : { allowed: false, denial: { reason: 'token_missing' }, token: undefined, subject: undefined };

function judgeToken(rule: RouteRule | undefined, token: VerifiedToken, connection: Connection): Decision {
  const fault = rule === undefined ? ({ reason: 'route_without_rule' } as const) : routeFault(rule, token, connection);
  return fault === undefined ? { allowed: true, token } : { allowed: false, denial: fault, token, subject: token.claims };
}

/** A caller that has come with a certificate and proves itself by it alone. */
export function judgeCertificate(
  request: Pick<AccessRequest, 'method' | 'path' | 'certificate'>,
  rules: readonly ParsedRouteRule[],
): Decision {
  const connection: Connection = { certificate: request.certificate, by: 'mtls' };
  const rule = ruleFor(rules, request);
  const fault = rule === undefined ? ({ reason: 'route_without_rule' } as const) : certificateFaultOn(rule, connection);
  return fault === undefined
    ? { allowed: true, token: undefined, connection }
    : { allowed: false, denial: fault, token: undefined, subject: undefined, connection };
}

/** What a certificate alone lacks under one rule. It is bound to its connection by nature, and it is one factor. */
export function certificateFaultOn(rule: RouteRule, connection: Connection): RouteFault | undefined {
  if (rule.methods?.includes('mtls') !== true) return { reason: 'method_not_accepted' };
  if (rule.factors !== undefined && !meetsFactors(rule.factors, ['mtls'])) return { reason: 'factor_missing' };
  return connectionFault(rule, connection);
}

function subjectOf(examined: Examined): AccessTokenClaims | undefined {
  if (examined.ok) return examined.value?.claims;
  return 'claims' in examined.failure ? examined.failure.claims : undefined;
}

/** Revocation, binding, network: what holds for the token on every route. */
function standingOf(
  token: VerifiedToken,
  request: Pick<AccessRequest, 'ip' | 'certificate' | 'jkt'>,
  revocation: RevocationView,
): Examined {
  const revoked = revocation.faultOf(token);
  if (revoked !== undefined) return refuse(revoked);
  // RFC 8705 section 3: the certificate of this very connection. RFC 9449 section 7.2: a key, which a token by itself never proves.
  if (token.claims.cnf !== undefined && !isProven(token.claims.cnf, provenOn(request))) return refuse({ reason: 'binding_unproven' });
  if (!networkAllows(token.claims.ip, request.ip)) return refuse({ reason: 'network_not_allowed', ip: request.ip });
  return ok(token);
}

const provenOn = ({ certificate, jkt }: Pick<AccessRequest, 'certificate' | 'jkt'>): Confirmation => ({
  ...(certificate && { 'x5t#S256': certificate.thumbprint }),
  ...(jkt !== undefined && { jkt }),
});

function networkAllows(ranges: readonly string[] | undefined, ip: string | undefined): boolean {
  if (ranges === undefined) return true;
  return ip !== undefined && inRanges(ip, ranges.filter(isCidr));
}

/** What a standing token lacks under one rule, whichever path was asked for; undefined when it meets the rule. */
export function routeFault(rule: RouteRule, token: VerifiedToken, connection: Connection = {}): RouteFault | undefined {
  if (rule.access === 'public') return undefined;
  return tokenFault(rule, token) ?? connectionFault(rule, connection);
}

function tokenFault(rule: RouteRule, { claims }: VerifiedToken): RouteFault | undefined {
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
