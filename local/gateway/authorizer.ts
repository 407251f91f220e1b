// A REST API's Lambda authorizer: identity sources, the call, the policy, and the remembered result.
import type { InvocationResult } from '../functions/environment.ts';
import type { AuthorizerSpec } from '../template/rest-api.ts';
import { isObject } from '../template/template.ts';
import { evaluatePolicy } from './policy.ts';
import { firstHeader, type GatewayRequest } from './request.ts';

/** Strings, as REST integrations and gateway responses see them. */
export type AuthorizerContext = Readonly<Record<string, string>>;
export type Authorization =
  | { readonly allowed: true; readonly context: AuthorizerContext }
  | {
      readonly allowed: false;
      readonly response: 'UNAUTHORIZED' | 'ACCESS_DENIED' | 'AUTHORIZER_FAILURE' | 'AUTHORIZER_CONFIGURATION_ERROR';
      readonly context: AuthorizerContext;
    };

export type AuthorizerCall = {
  readonly request: GatewayRequest;
  readonly methodArn: string;
  /** The event of a REQUEST authorizer, less what every authorizer gets. */
  readonly event: object;
};
export type Authorizer = (call: AuthorizerCall) => Promise<Authorization>;
type Invoke = (event: string) => Promise<InvocationResult>;

type Policy = { readonly document: unknown; readonly context: AuthorizerContext };
type Refusal = Exclude<Authorization, { allowed: true }>['response'];
const refusal = (response: Refusal, context: AuthorizerContext = {}): Authorization => ({ allowed: false, response, context });

export function createAuthorizer(spec: AuthorizerSpec, invoke: Invoke | undefined): Authorizer {
  const cache = createCache(spec.identitySources.length > 0 ? spec.cacheSeconds : 0);
  return async ({ request, methodArn, event }) => {
    const identity = identityOf(spec, request);
    if (!identity) return refusal('UNAUTHORIZED');
    const key = JSON.stringify(identity);
    const known = cache.get(key);
    if (known) return decide(known, methodArn);
    const token = { type: 'TOKEN', methodArn, authorizationToken: identity[0] };
    const result = await invoke?.(JSON.stringify(spec.type === 'TOKEN' ? token : { ...event, type: 'REQUEST', methodArn }));
    if (result && !result.ok) return refusal(isUnauthorized(result) ? 'UNAUTHORIZED' : 'AUTHORIZER_FAILURE');
    const policy = result && policyFrom(result.payload);
    if (!policy) return refusal('AUTHORIZER_CONFIGURATION_ERROR');
    cache.set(key, policy);
    return decide(policy, methodArn);
  };
}

function decide({ document, context }: Policy, methodArn: string): Authorization {
  const decision = evaluatePolicy(document, methodArn);
  if (decision === undefined) return refusal('AUTHORIZER_CONFIGURATION_ERROR');
  return decision === 'allow' ? { allowed: true, context } : refusal('ACCESS_DENIED', context);
}

const isUnauthorized = (result: Extract<InvocationResult, { ok: false }>): boolean =>
  result.kind === 'thrown' && result.errorMessage === 'Unauthorized';

const CACHE_MAX = 10_000;

/** Results by identity, for as long as the TTL says; 0 = nothing is remembered. */
function createCache(seconds: number) {
  const entries = new Map<string, { readonly policy: Policy; readonly untilMs: number }>();
  return {
    get: (key: string): Policy | undefined => {
      const entry = entries.get(key);
      return entry && entry.untilMs > Date.now() ? entry.policy : undefined;
    },
    set: (key: string, policy: Policy): void => {
      if (seconds <= 0) return;
      if (entries.size >= CACHE_MAX) entries.clear();
      entries.set(key, { policy, untilMs: Date.now() + seconds * 1000 });
    },
  };
}

/** Sources that are named must be there, and a token must look like one; without any, the function sees every request. */
function identityOf(spec: AuthorizerSpec, request: GatewayRequest): readonly string[] | undefined {
  const identity = spec.identitySources.map((source) => identityValue(source, request) ?? '');
  const fits = (token: string): boolean =>
    spec.validationExpression === undefined || new RegExp(`^(?:${spec.validationExpression})$`).test(token);
  if (identity.includes('')) return undefined;
  return spec.type === 'TOKEN' && !fits(identity[0] ?? '') ? undefined : identity;
}

/** `method.request.header.Authorization`, `method.request.querystring.x`, `context.identity.sourceIp`. */
function identityValue(source: string, request: GatewayRequest): string | undefined {
  const [, kind, name = ''] = /^method\.request\.(header|querystring)\.(.+)$/.exec(source) ?? [];
  if (kind === 'header') return firstHeader(request, name.toLowerCase());
  if (kind === 'querystring') return new URLSearchParams(request.query).get(name) ?? undefined;
  if (source === 'context.identity.sourceIp') return request.sourceIp;
  return undefined;
}

/** Undefined for an answer that API Gateway refuses: no principal, or a context that is not flat. */
function policyFrom(payload: unknown): Policy | undefined {
  if (!isObject(payload)) return undefined;
  const { principalId, policyDocument, context = {} } = payload;
  if (typeof principalId !== 'string' || !isObject(context)) return undefined;
  const values = Object.entries(context).filter(([, value]) => value !== null);
  if (values.some(([, value]) => typeof value === 'object')) return undefined;
  return {
    document: policyDocument,
    context: { principalId, ...Object.fromEntries(values.map(([name, value]) => [name, String(value)])) },
  };
}
