// A REST API's Lambda authorizer: identity sources, the call, the policy, and the remembered result.
import type { InvocationResult } from '../functions/environment.ts';
import type { AuthorizerSpec } from '../template/rest-api.ts';
import { evaluatePolicy } from './policy.ts';
import { firstHeader, type GatewayRequest } from './request.ts';

/** Strings, as REST integrations and gateway responses see them. */
export type AuthorizerContext = Readonly<Record<string, string>>;
export type Authorization =
  | { readonly allowed: true; readonly context: AuthorizerContext }
  | { readonly allowed: false; readonly response: 'UNAUTHORIZED' | 'ACCESS_DENIED' | 'AUTHORIZER_FAILURE' | 'AUTHORIZER_CONFIGURATION_ERROR'; readonly context: AuthorizerContext };

export type AuthorizerCall = {
  readonly request: GatewayRequest;
  readonly methodArn: string;
  /** The event of a REQUEST authorizer, less what every authorizer gets. */
  readonly event: object;
};
export type Authorizer = (call: AuthorizerCall) => Promise<Authorization>;
type Invoke = (event: string) => Promise<InvocationResult>;

type Policy = { readonly document: unknown; readonly context: AuthorizerContext };
type Remembered = { readonly policy: Policy; readonly untilMs: number };
const CACHE_MAX = 10_000;

export function createAuthorizer(spec: AuthorizerSpec, invoke: Invoke | undefined): Authorizer {
  const cache = new Map<string, Remembered>();
  const refusal = (response: Exclude<Authorization, { allowed: true }>['response'], context: AuthorizerContext = {}): Authorization => ({
    allowed: false,
    response,
    context,
  });
  const decide = ({ document, context }: Policy, methodArn: string): Authorization => {
    const decision = evaluatePolicy(document, methodArn);
    if (decision === undefined) return refusal('AUTHORIZER_CONFIGURATION_ERROR');
    return decision === 'allow' ? { allowed: true, context } : refusal('ACCESS_DENIED', context);
  };
  const remember = (key: string, policy: Policy): void => {
    if (cache.size >= CACHE_MAX) cache.clear();
    cache.set(key, { policy, untilMs: Date.now() + spec.cacheSeconds * 1000 });
  };

  return async ({ request, methodArn, event }) => {
    const identity = spec.identitySources.map((source) => identityValue(source, request));
    // Sources that are named must be there; without any, the function sees every request.
    if (identity.some((value) => value === undefined || value === '')) return refusal('UNAUTHORIZED');
    const [token = ''] = identity;
    if (spec.type === 'TOKEN' && !tokenFits(spec.validationExpression, token)) return refusal('UNAUTHORIZED');
    const cacheable = spec.cacheSeconds > 0 && identity.length > 0;
    const key = JSON.stringify(identity);
    const known = cacheable ? cache.get(key) : undefined;
    if (known && known.untilMs > Date.now()) return decide(known.policy, methodArn);

    const own = spec.type === 'TOKEN' ? { type: 'TOKEN', methodArn, authorizationToken: token } : { ...event, type: 'REQUEST', methodArn };
    const result = await invoke?.(JSON.stringify(own));
    if (!result) return refusal('AUTHORIZER_CONFIGURATION_ERROR');
    if (!result.ok) return refusal(result.kind === 'thrown' && result.errorMessage === 'Unauthorized' ? 'UNAUTHORIZED' : 'AUTHORIZER_FAILURE');
    const policy = policyFrom(result.payload);
    if (!policy) return refusal('AUTHORIZER_CONFIGURATION_ERROR');
    if (cacheable) remember(key, policy);
    return decide(policy, methodArn);
  };
}

function tokenFits(expression: string | undefined, token: string | undefined): boolean {
  return token !== undefined && (expression === undefined || new RegExp(`^(?:${expression})$`).test(token));
}

/** `method.request.header.Authorization`, `method.request.querystring.x`, `context.identity.sourceIp`. */
function identityValue(source: string, request: GatewayRequest): string | undefined {
  const [, kind, name = ''] = /^method\.request\.(header|querystring)\.(.+)$/.exec(source) ?? [];
  if (kind === 'header') return firstHeader(request, name.toLowerCase());
  if (kind === 'querystring') return new URLSearchParams(request.query).get(name) ?? undefined;
  if (source === 'context.identity.sourceIp') return request.sourceIp;
  return undefined;
}

/** Undefined for an answer that API Gateway refuses: no principal, no policy, or a context that is not flat. */
function policyFrom(payload: unknown): Policy | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  const { principalId, policyDocument, context = {} } = payload as { principalId?: unknown; policyDocument?: unknown; context?: unknown };
  if (typeof principalId !== 'string' || typeof context !== 'object' || context === null) return undefined;
  const flat: Record<string, string> = { principalId };
  for (const [name, value] of Object.entries(context)) {
    if (value === null || value === undefined) continue;
    if (!['string', 'number', 'boolean'].includes(typeof value)) return undefined;
    flat[name] = String(value);
  }
  return { document: policyDocument, context: flat };
}
