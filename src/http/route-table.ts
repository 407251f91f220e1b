/**
 * Every route of the issuer's HTTP API and the function behind it: the one list that the CDK app, the 405 answers
 * and the documentation read. A route that is not served yet is not in it.
 */
export type FunctionName = 'token' | 'refresh' | 'revoke' | 'introspect' | 'jwks' | 'clients' | 'sessions';
export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'DELETE';
export type Route = {
  readonly method: HttpMethod;
  readonly path: string;
  readonly function: FunctionName;
  /** `iam`: API Gateway itself lets only AWS principals through whose policies allow the call (SigV4). */
  readonly authorization: 'none' | 'iam';
};

const OPEN_ROUTES: readonly Omit<Route, 'authorization'>[] = [
  { method: 'POST', path: '/token', function: 'token' }, // RFC 6749 section 3.2
  { method: 'POST', path: '/refresh', function: 'refresh' },
  { method: 'POST', path: '/revoke', function: 'revoke' }, // RFC 7009
  { method: 'POST', path: '/introspect', function: 'introspect' }, // RFC 7662
  { method: 'GET', path: '/.well-known/oauth-authorization-server', function: 'jwks' }, // RFC 8414
  { method: 'GET', path: '/.well-known/openid-configuration', function: 'jwks' }, // where most gateways look
  { method: 'GET', path: '/.well-known/jwks.json', function: 'jwks' }, // RFC 7517
  { method: 'GET', path: '/revocations', function: 'jwks' },
  { method: 'GET', path: '/health', function: 'jwks' },
  { method: 'POST', path: '/clients', function: 'clients' }, // RFC 7591
  { method: 'GET', path: '/clients', function: 'clients' },
  { method: 'GET', path: '/clients/{client_id}', function: 'clients' }, // RFC 7592
  { method: 'PUT', path: '/clients/{client_id}', function: 'clients' },
  { method: 'DELETE', path: '/clients/{client_id}', function: 'clients' },
  { method: 'POST', path: '/clients/{client_id}/secrets', function: 'clients' },
  { method: 'GET', path: '/clients/{client_id}/secrets', function: 'clients' },
  { method: 'DELETE', path: '/clients/{client_id}/secrets/{secret_id}', function: 'clients' },
  { method: 'POST', path: '/clients/{client_id}/secrets/rotation', function: 'clients' },
  { method: 'POST', path: '/clients/{client_id}/api-keys', function: 'clients' },
  { method: 'GET', path: '/clients/{client_id}/api-keys', function: 'clients' },
  { method: 'DELETE', path: '/clients/{client_id}/api-keys/{api_key_id}', function: 'clients' },
  { method: 'GET', path: '/trust-rules', function: 'clients' },
  { method: 'POST', path: '/trust-rules', function: 'clients' },
  { method: 'POST', path: '/trust-rules/test', function: 'clients' },
  { method: 'GET', path: '/trust-rules/{rule_id}', function: 'clients' },
  { method: 'DELETE', path: '/trust-rules/{rule_id}', function: 'clients' },
  { method: 'GET', path: '/blocks', function: 'clients' },
  { method: 'POST', path: '/blocks', function: 'clients' },
  { method: 'DELETE', path: '/blocks', function: 'clients' },
  { method: 'GET', path: '/denied-certificates', function: 'clients' },
  { method: 'POST', path: '/denied-certificates', function: 'clients' },
  { method: 'DELETE', path: '/denied-certificates', function: 'clients' },
  { method: 'GET', path: '/sessions', function: 'sessions' },
  { method: 'DELETE', path: '/sessions', function: 'sessions' },
  { method: 'DELETE', path: '/sessions/{sid}', function: 'sessions' },
];

/** Functions whose routes exist once more below `/iam`, where the caller is an AWS principal. */
const IAM_FUNCTIONS: ReadonlySet<FunctionName> = new Set(['token', 'revoke', 'introspect', 'clients', 'sessions']);

/** Its caller exchanges the secret that it sends, and an AWS principal sends none. */
const WITHOUT_IAM = '/clients/{client_id}/secrets/rotation';

export const ROUTES: readonly Route[] = [
  ...OPEN_ROUTES.map((route) => ({ ...route, authorization: 'none' as const })),
  ...OPEN_ROUTES.filter((route) => IAM_FUNCTIONS.has(route.function) && route.path !== WITHOUT_IAM).map((route) => ({
    ...route,
    path: `/iam${route.path}`,
    authorization: 'iam' as const,
  })),
];

/** Whatever no route above takes: a JSON 404, or 405 with `Allow` for a known path. API Gateway's `$default` route. */
export const DEFAULT_ROUTE_FUNCTION: FunctionName = 'jwks';
