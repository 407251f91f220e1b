/**
 * How the router behind a verifier may read a request. API Gateway takes a path by the letter and HEAD for HEAD; Express and its like take
 * `/Orders` for `/orders` and answer HEAD by what there is for GET. Where that would be the route of another rule, no rule fits.
 */
import type { RouteTemplate } from '../authorizer/route-path.ts';
import { ruleFor, type ParsedRouteRule } from '../authorizer/route-rule.ts';

type Route = { readonly method: string; readonly path: string };

/** @returns whether a request comes to the same rule however a router reads it. A rule for HEAD itself is meant as it says. */
export function createRouterReading(rules: readonly ParsedRouteRule[]): (asked: Route) => boolean {
  const folded = rules.map((rule) => ({ ...rule, template: inLowerCase(rule.template) }));
  return ({ method, path }) => {
    const index = indexFor(rules, { method, path });
    const lower = path.toLowerCase();
    if (indexFor(folded, { method, path: lower }) !== index) return false;
    return method !== 'HEAD' || rules[index]?.method === 'HEAD' || indexFor(folded, { method: 'GET', path: lower }) === index;
  };
}

function indexFor(rules: readonly ParsedRouteRule[], asked: Route): number {
  const rule = ruleFor(rules, asked);
  return rule === undefined ? -1 : rules.indexOf(rule);
}

const inLowerCase = (template: RouteTemplate): RouteTemplate =>
  template.map((part) => (part.kind === 'literal' ? { ...part, text: part.text.toLowerCase() } : part));
