/**
 * What a route demands of its callers. Rules are an ordered list: the first whose method and path match decides, and a
 * request that none matches is refused.
 */
import { parseName } from '../client-authentication/distinguished-name.ts';
import { ok, refuse, type Result } from '../result.ts';
import { matchesTemplate, parseRouteTemplate, pathSegments, type RouteTemplate } from './route-path.ts';

/** All of these; or one of these lists, all of it; or so many different kinds, whichever. */
export type FactorDemand = readonly string[] | readonly (readonly string[])[] | { readonly any: number };

export type RouteRule = {
  /** An HTTP method in upper case, or `ANY` (also written `*`) for all. */
  readonly method: string;
  /** The route template without the stage: `/items/{id}`, `/files/{proxy+}`. Case matters. */
  readonly path: string;
  /** Scopes that the token must all have. */
  readonly scopes?: readonly string[];
  /** Roles that it must all have. */
  readonly roles?: readonly string[];
  /** Factors that its client must have proven (`amr`). */
  readonly factors?: FactorDemand;
  /**
   * What callers may prove themselves by, in order: of those that one comes with, the first decides. `mtls` is the certificate of the
   * connection alone, without a token. Tokens and API keys when left out.
   */
  readonly methods?: readonly AcceptedMethod[];
  /** What the certificate of the connection must say, whatever the caller proves itself by. */
  readonly certificate?: CertificateDemand;
  /** Whether the token must be bound to a key or certificate (`cnf`) that the caller proves. */
  readonly bound?: boolean;
  /**
   * `required` (default): a token that meets the rule. `optional`: also no token at all, but not an invalid one.
   * `public`: anybody, whatever they send.
   */
  readonly access?: 'required' | 'optional' | 'public';
};

export const ACCEPTED_METHODS = ['jwt', 'api_key', 'mtls'] as const;
export type AcceptedMethod = (typeof ACCEPTED_METHODS)[number];

/** Of its subject `o` (organization) and `cn` (common name), its issuer's distinguished name (RFC 4514), its serial number (hexadecimal). */
export type CertificateDemand = { readonly o?: string; readonly cn?: string; readonly issuer?: string; readonly serial?: string };

/** A rule whose template has been read. */
export type ParsedRouteRule = RouteRule & { readonly template: RouteTemplate };

/** The methods of API Gateway's `ANY`. */
export const HTTP_METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const ACCESS = ['required', 'optional', 'public'];
const MEMBERS = ['method', 'path', 'scopes', 'roles', 'factors', 'methods', 'certificate', 'bound', 'access'];
const CERTIFICATE_MEMBERS = ['o', 'cn', 'issuer', 'serial'];
const SCOPE_TOKEN = /^[\x21\x23-\x5B\x5D-\x7E]+$/;
const RULES_MAX = 500;

/** Reads rules as configuration has them (JSON); the failure says which rule is wrong and how. */
export function parseRouteRules(value: unknown): Result<readonly ParsedRouteRule[], string> {
  if (!Array.isArray(value)) return refuse('must be a JSON array of route rules');
  if (value.length > RULES_MAX) return refuse(`must have at most ${RULES_MAX} rules`);
  const rules: ParsedRouteRule[] = [];
  for (const [index, entry] of value.entries()) {
    const problem = problemOf(entry);
    if (problem !== undefined) return refuse(`has a wrong rule ${index + 1}: ${problem}`);
    const rule = entry as RouteRule;
    rules.push({ ...rule, method: rule.method === '*' ? 'ANY' : rule.method, template: parseRouteTemplate(rule.path) ?? [] });
  }
  return ok(rules);
}

/** The rule that decides a request; undefined when none does, also for a path that could be read in two ways. */
export function ruleFor(
  rules: readonly ParsedRouteRule[],
  request: { readonly method: string; readonly path: string },
): ParsedRouteRule | undefined {
  const segments = pathSegments(request.path);
  if (segments === undefined) return undefined;
  return rules.find((rule) => (rule.method === 'ANY' || rule.method === request.method) && matchesTemplate(rule.template, segments));
}

function problemOf(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return 'it is not an object';
  const rule = entry as Readonly<Record<string, unknown>>;
  const stranger = Object.keys(rule).find((member) => !MEMBERS.includes(member));
  // A misspelt demand must not become a rule that demands nothing.
  if (stranger !== undefined) return `it has an unknown member ${JSON.stringify(stranger)}`;
  return routeProblem(rule) ?? demandProblem(rule);
}

function routeProblem(rule: Readonly<Record<string, unknown>>): string | undefined {
  const { method, path } = rule;
  if (typeof method !== 'string' || !['ANY', '*', ...HTTP_METHODS].includes(method))
    return 'method must be ANY or an HTTP method in upper case';
  if (typeof path !== 'string' || parseRouteTemplate(path) === undefined) return 'path must be a route template such as /items/{id}';
  return undefined;
}

type Check = readonly [member: keyof RouteRule, isValid: (value: unknown) => boolean, problem: string];
const DEMANDS: readonly Check[] = [
  ['scopes', (value) => isTextList(value) && value.every((scope) => SCOPE_TOKEN.test(scope)), 'scopes must be a list of scope tokens'],
  ['roles', (value) => isTextList(value), 'roles must be a list of strings'],
  ['factors', (value) => isFactorDemand(value), 'factors must be a list of factors, a list of such lists, or {"any": number}'],
  ['methods', (value) => isMethodList(value), `methods must be a list of some of ${ACCEPTED_METHODS.join(', ')}, each once`],
  ['certificate', (value) => isCertificateDemand(value), 'certificate must have some of o, cn, issuer (RFC 4514) and serial (hexadecimal)'],
  ['bound', (value) => typeof value === 'boolean', 'bound must be true or false'],
  ['access', (value) => ACCESS.includes(value as string), `access must be one of ${ACCESS.join(', ')}`],
];

function demandProblem(rule: Readonly<Record<string, unknown>>): string | undefined {
  for (const [member, isValid, problem] of DEMANDS) if (rule[member] !== undefined && !isValid(rule[member])) return problem;
  const demanding = ['scopes', 'roles', 'factors', 'methods', 'certificate'].some((member) => rule[member] !== undefined);
  if (rule['access'] === 'public' && (demanding || rule['bound'] === true)) return 'a public route cannot demand anything of a token';
  return certificateProblem(rule);
}

/** Nobody knows what a certificate alone may do: whoever means a certain one says which. */
function certificateProblem(rule: Readonly<Record<string, unknown>>): string | undefined {
  const takesCertificate = (rule['methods'] as readonly unknown[] | undefined)?.includes('mtls') === true;
  return takesCertificate && (rule['scopes'] ?? rule['roles']) !== undefined
    ? 'a route that takes a certificate alone cannot demand scopes or roles, which it has none of'
    : undefined;
}

const isTextList = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((element) => typeof element === 'string' && element !== '');

const isMethodList = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length > 0 &&
  new Set(value).size === value.length &&
  value.every((method) => ACCEPTED_METHODS.some((known) => known === method));

function isCertificateDemand(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value as Readonly<Record<string, unknown>>);
  if (entries.length === 0 || !entries.every(([member, text]) => CERTIFICATE_MEMBERS.includes(member) && isTextList([text]))) return false;
  const { issuer, serial } = value as CertificateDemand;
  return (
    (issuer === undefined || parseName(issuer) !== undefined) &&
    (serial === undefined || /^[0-9A-Fa-f]{1,2}(?::?[0-9A-Fa-f]{1,2})*$/.test(serial))
  );
}

function isFactorDemand(value: unknown): value is FactorDemand {
  if (Array.isArray(value)) {
    const demands: readonly unknown[] = value;
    return isTextList(demands) || demands.every((list) => isTextList(list) && list.length > 0);
  }
  const any = (value as { any?: unknown } | null)?.any;
  return Number.isSafeInteger(any) && (any as number) >= 1 && Object.keys(value as object).length === 1;
}
