/**
 * The answer as an IAM policy. API Gateway may keep it and use it for every later request that carries the same token, so it
 * names all routes that the token may use by these rules, not only the one asked for, and nothing beyond them.
 *
 * A policy's `*` also crosses slashes and has no order of precedence, which rules have. So a route is named by a wildcard only
 * together with denials of what the wildcard takes too much, and only where these hurt no other route that the token may use;
 * a route that cannot be named like that is left to requests that ask for it. Never is more allowed than the rules allow.
 */
import { certificateFaultOn, routeFault, type Decision } from './decide.ts';
import { namedRoutes, patternsAllow, type NamedRoutes } from './named-routes.ts';
import type { ParsedRouteRule } from './route-rule.ts';

export type PolicyStatement = {
  readonly Action: 'execute-api:Invoke';
  readonly Effect: 'Allow' | 'Deny';
  readonly Resource: readonly string[];
};
export type PolicyDocument = { readonly Version: '2012-10-17'; readonly Statement: readonly PolicyStatement[] };

/** API Gateway refuses policies that are much longer. */
const POLICY_LENGTH_MAX = 7500;
/** Different sets of usable rules whose policies are remembered; a service has a handful of kinds of clients. */
const REMEMBERED_MAX = 256;

/** What a path in a policy would not mean literally. */
const WILDCARDS = /[*?]|\$\{/;

/** The parts of `arn:aws:execute-api:<region>:<account>:<api>/<stage>/<METHOD>/<path>`. */
export type InvokeArn = { readonly stageArn: string; readonly method: string; readonly path: string };

/** Reads the ARN of the request that the gateway asks about; undefined when it is not one. */
export function parseInvokeArn(arn: string): InvokeArn | undefined {
  const [, stageArn, method, path] = /^(arn:[\w-]+:execute-api:[\w-]*:\d*:\w+\/[\w$.-]+)\/([A-Z]+)(?:\/(.*))?$/s.exec(arn) ?? [];
  return stageArn === undefined || method === undefined ? undefined : { stageArn, method, path: `/${path ?? ''}` };
}

export type PolicyWriter = (arn: InvokeArn, decision: Decision) => PolicyDocument;

/** Writes policies that say of the asked request what was decided, and of every other what the rules say of its token. */
export function createPolicyWriter(rules: readonly ParsedRouteRule[]): PolicyWriter {
  const remembered = new Map<string, NamedRoutes>();
  const routesOf = (usable: readonly boolean[]): NamedRoutes => {
    const key = usable.map(Number).join('');
    const known = remembered.get(key);
    if (known !== undefined) return known;
    const routes = namedRoutes(rules, usable);
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    remembered.set(key, routes);
    return routes;
  };
  return (arn, decision) => {
    const routes = routesOf(rules.map((rule) => usableBy(rule, decision)));
    const asked = `${arn.method}${arn.path}`;
    // Whatever the wildcards say: of the asked request the policy says what was decided.
    const candidates =
      decision.allowed && !WILDCARDS.test(asked)
        ? [routes, { allow: [...routes.allow, asked], deny: routes.deny }, { allow: [asked], deny: [] }]
        : [routes, { allow: [], deny: [] }];
    const fitting = candidates.find(
      (candidate) => lengthOf(arn, candidate) <= POLICY_LENGTH_MAX && patternsAllow(candidate, asked) === decision.allowed,
    );
    return document(arn.stageArn, fitting ?? { allow: [], deny: [] });
  };
}

function usableBy(rule: ParsedRouteRule, { token, connection }: Decision): boolean {
  if (token !== undefined) return routeFault(rule, token, connection) === undefined;
  if (rule.access === 'optional' || rule.access === 'public') return true;
  return connection?.by === 'mtls' && certificateFaultOn(rule, connection) === undefined;
}

const lengthOf = (arn: InvokeArn, { allow, deny }: NamedRoutes): number =>
  [...allow, ...deny].reduce((sum, pattern) => sum + pattern.length + arn.stageArn.length + 4, 200);

function document(stageArn: string, { allow, deny }: NamedRoutes): PolicyDocument {
  const statement = (effect: 'Allow' | 'Deny', patterns: readonly string[]): PolicyStatement => ({
    Action: 'execute-api:Invoke',
    Effect: effect,
    Resource: patterns.map((pattern) => `${stageArn}/${pattern}`),
  });
  // A policy needs a statement; without anything to allow it says so.
  if (allow.length === 0) return { Version: '2012-10-17', Statement: [statement('Deny', ['*'])] };
  return { Version: '2012-10-17', Statement: [statement('Allow', allow), ...(deny.length === 0 ? [] : [statement('Deny', deny)])] };
}
