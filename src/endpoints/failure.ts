/**
 * Every reason for which an endpoint refuses: what we know, for the log. What we say is in wire-error.ts.
 * Data beside a reason goes to the log only; none of it is a secret or a token.
 */
import type { Diagnosis } from '../authorizer/diagnosis.ts';
import type { AuthenticationFailure } from '../client-authentication/authenticate.ts';
import type { CertificateFailure } from '../client-authentication/mtls.ts';
import type { PresentationFailure } from '../client-authentication/presented.ts';
import type { Quota } from '../abuse/quota.ts';
import type { Excess } from '../clients/delegation.ts';
import type { RegistrationFailure } from '../clients/client-metadata.ts';
import type { RefreshFailure } from '../grants/refresh-token.ts';
import type { ExternalTokenFailure } from './external-caller.ts';
import type { ParameterFailure } from '../http/parameters.ts';
import type { ResourceFailure } from '../tokens/resource.ts';
import type { ScopeFailure } from '../tokens/scope.ts';
import type { DpopFailure } from './dpop.ts';

export type RateFailure = {
  readonly reason: 'rate_limited';
  /** Calls of one client from one network, or all calls of a network that names clients which do not exist. */
  readonly limit: 'calls' | 'unknown_clients';
  /** Burst included; absent for unknown clients. */
  readonly callsPerMinute?: number;
  readonly network: string;
  /** Whole seconds after which one more call would be allowed. */
  readonly retryAfterSeconds: number;
};

/** Too many failed authentications; `cause` where the secret was compared all the same, because the client has proven it from there. */
export type LockoutFailure = {
  readonly reason: 'locked_out';
  readonly network: string;
  readonly retryAfterSeconds: number;
  readonly cause?: AuthenticationFailure['reason'];
};

/** An operator has shut the network out. */
export type BlockedFailure = { readonly reason: 'network_blocked'; readonly network: string };

/** `problem` in words for the caller. */
export type BlockFailure =
  | { readonly reason: 'block_invalid'; readonly field: string; readonly problem: string }
  | { readonly reason: 'block_of_own_address' }
  | { readonly reason: 'block_unknown' }
  | { readonly reason: 'blocks_too_many' };

/** A quota of the client's own is used up. */
export type QuotaFailure = {
  readonly reason: 'quota_exceeded';
  readonly per: Quota['per'];
  readonly limit: number;
  /** Whole seconds until its window ends. */
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
  | { readonly reason: 'bearer_invalid'; readonly fault: string; readonly known?: Diagnosis }
  /** The same for a token whose DPoP proof does not serve (RFC 9449 section 7.1). */
  | { readonly reason: 'bearer_proof_invalid'; readonly fault: string; readonly known?: Diagnosis }
  /** `held`: the token's own scope. */
  | { readonly reason: 'bearer_scope_insufficient'; readonly scope: string; readonly held?: string };

/** `problem` in words for the caller. */
export type SecretTermsFailure = {
  readonly reason: 'secret_terms_invalid';
  readonly field: 'expires_at' | 'ip_ranges';
  readonly problem: string;
};

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
  | CertificateFailure
  | { readonly reason: 'certificate_missing' }
  | { readonly reason: 'certificate_unknown' }
  /** `problem` in words for the caller. */
  | { readonly reason: 'certificate_invalid'; readonly field: string; readonly problem: string }
  | RateFailure
  | LockoutFailure
  | BlockedFailure
  | BlockFailure
  | QuotaFailure
  | ScopeFailure
  | ResourceFailure
  | RefreshFailure
  | DpopFailure
  | RegistrationFailure
  | BearerFailure
  | AdministratorFailure
  | { readonly reason: 'not_found' }
  | { readonly reason: 'method_not_allowed'; readonly allow: string }
  | { readonly reason: 'query_invalid'; readonly parameter: string }
  | { readonly reason: 'query_parameter_unknown'; readonly parameter: string }
  | { readonly reason: 'session_not_found' }
  | { readonly reason: 'client_unknown' }
  | ({ readonly reason: 'beyond_manager' } & Excess)
  | { readonly reason: 'client_id_differs' }
  | { readonly reason: 'client_id_unusable' }
  | { readonly reason: 'client_id_taken'; readonly clientId: string }
  | { readonly reason: 'client_changed_meanwhile' }
  | { readonly reason: 'secret_unknown' }
  | { readonly reason: 'secrets_too_many' }
  | { readonly reason: 'api_key_unknown' }
  | { readonly reason: 'api_keys_too_many' }
  /** `problem` in words for the caller. */
  | { readonly reason: 'api_key_terms_invalid'; readonly field: string; readonly problem: string }
  | { readonly reason: 'rotation_not_registered'; readonly clientId: string }
  | { readonly reason: 'successor_in_use'; readonly secretId: string; readonly successorId: string }
  /** `problem` in words for the caller. */
  | { readonly reason: 'trust_rule_invalid'; readonly field: string; readonly problem: string }
  | { readonly reason: 'trust_rule_unknown' }
  | { readonly reason: 'trust_rules_too_many' }
  | ExternalTokenFailure
  | SecretTermsFailure
  | IdempotencyFailure;

export type FailureReason = Failure['reason'];
