// What an API is told about its caller: strings only, since REST APIs pass nothing else, and never the token itself.
import type { VerifiedToken } from './revocation.ts';

export const CONTEXT_MEMBERS = ['client_id', 'scope', 'roles', 'jti', 'sid', 'aud', 'amr', 'auth_method', 'cnf', 'trace_id'] as const;
export type AuthorizerContext = { readonly [member in (typeof CONTEXT_MEMBERS)[number]]: string };

/** The factors that authenticate a client by themselves; `ip` and `dpop` only add to one of them. */
const AUTHENTICATION_METHODS = ['client_secret', 'private_key_jwt', 'mtls', 'iam', 'federated', 'api_key'];

/** Lists are space-separated, what is not known is empty: an anonymous caller has only a `trace_id`. */
export function authorizerContext(token: VerifiedToken | undefined, traceId: string): AuthorizerContext {
  const claims = token?.claims;
  return {
    client_id: claims?.client_id ?? '',
    scope: claims?.scope ?? '',
    roles: claims?.roles.join(' ') ?? '',
    jti: claims?.jti ?? '',
    sid: claims?.sid ?? '',
    aud: claims?.aud ?? '',
    amr: claims?.amr.join(' ') ?? '',
    auth_method: claims?.amr.find((factor) => AUTHENTICATION_METHODS.includes(factor)) ?? '',
    cnf: claims?.cnf === undefined ? '' : JSON.stringify(claims.cnf),
    trace_id: traceId,
  };
}
