/**
 * Every reason for which an endpoint refuses: what we know, for the log. What we say is in wire-error.ts.
 * Data beside a reason goes to the log only; none of it is a secret or a token.
 */
import type { AuthenticationFailure } from '../client-authentication/authenticate.ts';
import type { PresentationFailure } from '../client-authentication/presented.ts';
import type { RegistrationFailure } from '../clients/client-metadata.ts';
import type { RefreshFailure } from '../grants/refresh-token.ts';
import type { ParameterFailure } from '../http/parameters.ts';
import type { ResourceFailure } from '../tokens/resource.ts';
import type { ScopeFailure } from '../tokens/scope.ts';

export type RateFailure = {
  readonly reason: 'rate_limited';
  /** Whole seconds after which one more call would be allowed. */
  readonly retryAfterSeconds: number;
};

export type GrantFailure =
  | { readonly reason: 'parameter_missing'; readonly parameter: string }
  | { readonly reason: 'grant_type_unknown' }
  | { readonly reason: 'grant_not_registered'; readonly grantType: string };

/** A bearer token that came as the caller's credential and does not serve as one (RFC 6750 section 3.1). */
export type BearerFailure =
  | { readonly reason: 'bearer_missing' }
  | { readonly reason: 'bearer_invalid'; readonly fault: string }
  | { readonly reason: 'bearer_scope_insufficient'; readonly scope: string };

export type Failure =
  | ParameterFailure
  | GrantFailure
  | PresentationFailure
  | AuthenticationFailure
  | RateFailure
  | ScopeFailure
  | ResourceFailure
  | RefreshFailure
  | RegistrationFailure
  | BearerFailure
  | { readonly reason: 'not_found' }
  | { readonly reason: 'method_not_allowed'; readonly allow: string }
  | { readonly reason: 'query_invalid'; readonly parameter: string }
  | { readonly reason: 'client_unknown' }
  | { readonly reason: 'client_id_differs' }
  | { readonly reason: 'client_changed_meanwhile' };

export type FailureReason = Failure['reason'];
