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

/** An AWS principal whom IAM lets in and this service does not. */
export type AdministratorFailure =
  { readonly reason: 'principal_missing' } | { readonly reason: 'principal_not_administrator'; readonly principal: string };

/** A bearer token that came as the caller's credential and does not serve as one (RFC 6750 section 3.1). */
export type BearerFailure =
  | { readonly reason: 'bearer_missing' }
  | { readonly reason: 'bearer_invalid'; readonly fault: string }
  | { readonly reason: 'bearer_scope_insufficient'; readonly scope: string };

/** `problem` in words for the caller. */
export type SecretTermsFailure = { readonly reason: 'secret_terms_invalid'; readonly field: 'expires_at'; readonly problem: string };

/** draft-ietf-httpapi-idempotency-key-header section 2.7. */
export type IdempotencyFailure =
  | { readonly reason: 'idempotency_key_malformed' }
  | { readonly reason: 'idempotency_key_of_another_request' }
  | { readonly reason: 'idempotency_key_spent' };

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
  | AdministratorFailure
  | { readonly reason: 'not_found' }
  | { readonly reason: 'method_not_allowed'; readonly allow: string }
  | { readonly reason: 'query_invalid'; readonly parameter: string }
  | { readonly reason: 'query_parameter_unknown'; readonly parameter: string }
  | { readonly reason: 'session_not_found' }
  | { readonly reason: 'client_unknown' }
  | { readonly reason: 'client_id_differs' }
  | { readonly reason: 'client_changed_meanwhile' }
  | { readonly reason: 'secret_unknown' }
  | { readonly reason: 'secrets_too_many' }
  | SecretTermsFailure
  | IdempotencyFailure;

export type FailureReason = Failure['reason'];
