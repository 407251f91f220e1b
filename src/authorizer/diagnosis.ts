/**
 * What is known of a refused request, for the log alone: expected and received values, seconds, which rule. Derived after the
 * decision from what the decision was made of, so that those who pass pay nothing for it. No token and no header in it.
 */
import type { AccessTokenClaims } from '../tokens/access-token.ts';
import type { AccessRequest } from './decide.ts';
import type { Denial } from './denial.ts';
import { ruleFor, type ParsedRouteRule, type RouteRule } from './route-rule.ts';

export type Diagnosis = Readonly<Record<string, string | number | boolean>>;

/** What the request was held against. */
export type Expectations = {
  readonly issuer: string;
  readonly audience: string;
  /** Epoch seconds. */
  readonly now: number;
  readonly rules: readonly ParsedRouteRule[];
};

/** @param claims of the refused token, as far as its signature vouches for them. */
export function diagnose(
  denial: Denial,
  claims: AccessTokenClaims | undefined,
  request: Pick<AccessRequest, 'method' | 'path'>,
  expected: Expectations,
): Diagnosis {
  return {
    ...plainMembers(denial),
    ...(claims === undefined ? {} : aboutToken(denial, claims, expected)),
    ...aboutRoute(denial, claims, request, expected.rules),
  };
}

/** What the denial says of itself, less the claims. */
function plainMembers({ reason: _, ...data }: Denial): Diagnosis {
  const isPlain = (entry: readonly [string, unknown]): entry is [string, string | number] => ['string', 'number'].includes(typeof entry[1]);
  return Object.fromEntries(Object.entries(data).filter(isPlain));
}

function aboutToken({ reason }: Denial, claims: AccessTokenClaims, { issuer, audience, now }: Expectations): Diagnosis {
  switch (reason) {
    case 'issuer_wrong':
      return { expectedIssuer: issuer, receivedIssuer: claims.iss };
    case 'audience_wrong':
      return { expectedAudience: audience, receivedAudience: claims.aud };
    case 'token_expired':
      return { expiredAt: claims.exp, secondsAgo: now - claims.exp };
    case 'token_from_the_future':
      return { issuedAt: claims.iat, secondsAhead: claims.iat - now };
    case 'epoch_raised':
      return { issuedAt: claims.iat, tokenEpoch: claims.epoch };
    case 'network_not_allowed':
      return { allowedNetworks: (claims.ip ?? []).join(' ') };
    default:
      return {};
  }
}

const OF_A_ROUTE: ReadonlySet<Denial['reason']> = new Set<Denial['reason']>([
  'token_missing',
  'route_without_rule',
  'scope_insufficient',
  'role_missing',
  'factor_missing',
  'binding_missing',
]);

/** Which rule decided, counted from 1 as in its configuration, and what the token lacks of it. */
function aboutRoute(
  { reason }: Denial,
  claims: AccessTokenClaims | undefined,
  request: Pick<AccessRequest, 'method' | 'path'>,
  rules: readonly ParsedRouteRule[],
): Diagnosis {
  if (!OF_A_ROUTE.has(reason)) return {};
  const rule = ruleFor(rules, request);
  if (rule === undefined) return { method: request.method, path: request.path };
  return {
    rule: `${rule.method} ${rule.path}`,
    ruleNumber: rules.indexOf(rule) + 1,
    ...(claims === undefined ? {} : lacking(rule, claims)),
  };
}

function lacking({ scopes = [], roles = [], factors }: RouteRule, { scope, roles: held, amr }: AccessTokenClaims): Diagnosis {
  const granted = scope.split(' ');
  return {
    ...texts(
      'missingScopes',
      scopes.filter((token) => !granted.includes(token)),
    ),
    ...texts(
      'missingRoles',
      roles.filter((role) => !held.includes(role)),
    ),
    ...(factors === undefined ? {} : { neededFactors: JSON.stringify(factors), provenFactors: amr.join(' ') }),
  };
}

const texts = (name: string, values: readonly string[]): Diagnosis => (values.length === 0 ? {} : { [name]: values.join(' ') });
