/**
 * What we say: the whole mapping from reason to status, OAuth error code and public description on one screen.
 * Reasons that an attacker must not tell apart share one entry on purpose. Descriptions stay within %x20-21 / %x23-5B / %x5D-7E
 * (RFC 6749 section 5.2) and never repeat input.
 */
import type { AuditEventType } from '../audit/event.ts';
import type { FailureReason } from './failure.ts';

export type WireError = {
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 429;
  /** RFC 6749 section 5.2, RFC 6750 section 3.1, RFC 7591 section 3.2.2, RFC 8707 section 2. */
  readonly error: string;
  readonly description: string;
  /** Scheme of the `WWW-Authenticate` challenge; every 401 has one (RFC 9110 section 15.5.2). */
  readonly challenge?: 'Basic' | 'Bearer';
  /** The audit event of this refusal; absent for requests that are merely malformed. */
  readonly event?: AuditEventType;
};

/** Unknown client, wrong secret and every other failed proof look the same (RFC 6749 section 5.2, invalid_client). */
const INVALID_CLIENT = {
  status: 401,
  error: 'invalid_client',
  description: 'client authentication failed',
  challenge: 'Basic',
  event: 'login_failure',
} as const;
/** Every refresh token that does not serve looks the same (RFC 6749 section 5.2, invalid_grant). */
const INVALID_GRANT = {
  status: 400,
  error: 'invalid_grant',
  description: 'the refresh token is invalid, expired, revoked or belongs to another client',
  event: 'refresh_token_invalid',
} as const;
/** What is wrong with a proof is for the log; its sender learns what to mend in principle (RFC 9449 section 5). */
const invalidDpopProof = (description: string) =>
  ({ status: 400, error: 'invalid_dpop_proof', description, event: 'login_failure' }) as const;
const invalidRequest = (description: string) => ({ status: 400, error: 'invalid_request', description }) as const;

export const wireErrors = {
  body_too_large: { status: 413, error: 'invalid_request', description: 'the request body is larger than 64 KiB' },
  media_type_unsupported: {
    status: 415,
    error: 'invalid_request',
    description: 'the content type is not supported here; use application/x-www-form-urlencoded',
  },
  media_type_not_json: {
    status: 415,
    error: 'invalid_request',
    description: 'the content type is not supported here; use application/json',
  },
  body_malformed: invalidRequest('the request body is malformed'),
  parameter_repeated: invalidRequest('a parameter is repeated'),
  parameters_too_many: invalidRequest('there are more than 64 parameters'),
  parameters_in_query: invalidRequest('parameters belong in the request body, not in the URI'),
  parameter_missing: invalidRequest('a required parameter is missing'),

  grant_type_unknown: { status: 400, error: 'unsupported_grant_type', description: 'grant_type is not one that this server supports' },
  grant_not_registered: {
    status: 400,
    error: 'unauthorized_client',
    description: 'the client is not registered for this grant type',
    event: 'login_failure',
  },

  several_methods: { ...invalidRequest('more than one client authentication method is used'), event: 'login_failure' },
  client_id_mismatch: { ...invalidRequest('client_id differs from the authenticated client'), event: 'login_failure' },
  client_id_missing: invalidRequest('client_id is missing: it says which client the AWS principal acts as'),
  principal_missing: { status: 403, error: 'access_denied', description: 'this route is for AWS principals', event: 'login_failure' },
  principal_not_administrator: {
    status: 403,
    error: 'access_denied',
    description: 'this AWS principal does not manage clients',
    event: 'login_failure',
  },
  credentials_missing: INVALID_CLIENT,
  credentials_malformed: INVALID_CLIENT,
  unknown_client: INVALID_CLIENT,
  client_disabled: INVALID_CLIENT,
  client_expired: INVALID_CLIENT,
  secret_mismatch: INVALID_CLIENT,
  method_not_registered: INVALID_CLIENT,
  assertion_invalid: INVALID_CLIENT,
  assertion_replayed: INVALID_CLIENT,
  client_keys_unavailable: INVALID_CLIENT,
  api_key_mismatch: INVALID_CLIENT,
  api_key_expired: INVALID_CLIENT,
  principal_mismatch: INVALID_CLIENT,
  network_not_allowed: INVALID_CLIENT,
  certificate_mismatch: INVALID_CLIENT,
  certificate_unusable: INVALID_CLIENT,
  certificate_denied: INVALID_CLIENT,
  certificate_missing: {
    ...invalidRequest('tokens of this client are bound to its certificate: call the mtls_endpoint_aliases of the metadata with it'),
    event: 'login_failure',
  },

  rate_limited: {
    status: 429,
    error: 'slow_down',
    description: 'too many requests; retry after the seconds in Retry-After',
    event: 'rate_limit_exceeded',
  },

  locked_out: {
    status: 429,
    error: 'slow_down',
    description: 'too many failed authentications; retry after the seconds in Retry-After',
    event: 'rate_limit_exceeded',
  },
  network_blocked: { status: 403, error: 'access_denied', description: 'this network is blocked' },
  block_invalid: invalidRequest('a field is invalid'),
  block_of_own_address: {
    status: 409,
    error: 'conflict',
    description: 'the block holds the address that you call from; say include_own_address to block it all the same',
  },
  block_unknown: { status: 404, error: 'not_found', description: 'there is no such block' },
  certificate_invalid: invalidRequest('a field is invalid'),
  certificate_unknown: { status: 404, error: 'not_found', description: 'no such certificate is denied' },
  blocks_too_many: invalidRequest('there are 200 blocks already; remove one first'),

  quota_exceeded: {
    status: 429,
    error: 'slow_down',
    description: 'the quota of this client is used up; retry after the seconds in Retry-After',
    event: 'rate_limit_exceeded',
  },

  scope_malformed: { status: 400, error: 'invalid_scope', description: 'scope is not a list of scope tokens separated by single spaces' },
  scope_not_allowed: {
    status: 400,
    error: 'invalid_scope',
    description: 'a requested scope is not granted to this client',
    event: 'login_failure',
  },
  resource_malformed: { status: 400, error: 'invalid_target', description: 'resource is not an absolute URI without a fragment' },
  resource_not_allowed: {
    status: 400,
    error: 'invalid_target',
    description: 'resource is not an audience of this client',
    event: 'login_failure',
  },

  refresh_token_malformed: INVALID_GRANT,
  refresh_token_forged: INVALID_GRANT,
  refresh_token_foreign: INVALID_GRANT,
  session_unknown: INVALID_GRANT,
  session_ended: INVALID_GRANT,
  session_expired: INVALID_GRANT,
  session_idle: INVALID_GRANT,
  session_of_older_epoch: INVALID_GRANT,
  session_binding_unproven: INVALID_GRANT,
  refresh_token_ahead: INVALID_GRANT,
  refresh_token_reused: { ...INVALID_GRANT, event: 'refresh_token_reuse' },

  dpop_proof_missing: invalidDpopProof('this client or session gets tokens with a DPoP proof alone'),
  dpop_proof_repeated: invalidDpopProof('there is more than one DPoP header'),
  dpop_proof_invalid: invalidDpopProof('the DPoP proof is not one for this request, or is not of this minute'),
  dpop_proof_replayed: invalidDpopProof('the DPoP proof was used before; make one for each request'),
  // RFC 9449 section 8; no news, since every client asks once without.
  dpop_nonce_required: { status: 400, error: 'use_dpop_nonce', description: 'the DPoP proof needs the nonce in DPoP-Nonce' },

  metadata_invalid: { status: 400, error: 'invalid_client_metadata', description: 'a metadata field is invalid' },
  query_invalid: invalidRequest('limit is a whole number from 1 to 100, and cursor is the next of an earlier page'),
  query_parameter_unknown: invalidRequest('the URI has a query parameter that is not known here'),
  session_not_found: { status: 404, error: 'not_found', description: 'there is no such session' },
  client_id_differs: { status: 400, error: 'invalid_client_metadata', description: 'client_id differs from the one in the path' },
  client_unknown: { status: 404, error: 'not_found', description: 'there is no such client' },
  client_id_unusable: {
    status: 400,
    error: 'invalid_client_metadata',
    description: 'client_id must be 1 to 64 letters, digits, _ and -, and not begin with m2m_',
  },
  client_id_taken: {
    status: 409,
    error: 'conflict',
    description: 'client_id belongs to a client, or did until it was deleted; choose another',
  },
  beyond_manager: {
    status: 403,
    error: 'access_denied',
    description: 'a field goes beyond what this manager may give or change',
    event: 'token_invalid',
  },
  client_changed_meanwhile: {
    status: 409,
    error: 'conflict',
    description: 'the client was changed at the same time; read it again and retry',
  },
  secret_unknown: { status: 404, error: 'not_found', description: 'the client has no such secret' },
  secrets_too_many: invalidRequest('the client has 5 live secrets already; end one of them first'),
  rotation_not_registered: {
    status: 400,
    error: 'unauthorized_client',
    description: 'the client is not registered for secret_rotation',
    event: 'login_failure',
  },
  successor_in_use: {
    status: 409,
    error: 'conflict',
    description: 'the new secret was taken and is in use; whoever has it holds the only copy',
    event: 'login_failure',
  },
  secret_terms_invalid: invalidRequest('a field is invalid'),
  api_key_unknown: { status: 404, error: 'not_found', description: 'the client has no such API key' },
  api_keys_too_many: invalidRequest('the client has 50 live API keys already; end one of them first'),
  api_key_terms_invalid: invalidRequest('a field is invalid'),
  external_token_refused: INVALID_CLIENT,
  grant_assertion_refused: {
    status: 400,
    error: 'invalid_grant',
    description: 'the assertion is invalid, expired or used, or no trust rule takes it',
    event: 'login_failure',
  },
  trust_rule_invalid: invalidRequest('a field is invalid'),
  trust_rule_unknown: { status: 404, error: 'not_found', description: 'there is no such trust rule' },
  trust_rules_too_many: invalidRequest('the issuer has 200 rules already, or 20 for this client; remove one first'),
  idempotency_key_malformed: invalidRequest('Idempotency-Key must be 1 to 128 printable ASCII characters, without spaces unless in quotes'),
  idempotency_key_of_another_request: {
    status: 422,
    error: 'invalid_request',
    description: 'this Idempotency-Key was sent with another request body; take a new key for a new request',
  },
  idempotency_key_spent: {
    status: 422,
    error: 'invalid_request',
    description: 'what this Idempotency-Key has made is gone or older than 24 hours; take a new key',
  },

  bearer_missing: { status: 401, error: 'invalid_token', description: 'an access token is required', challenge: 'Bearer' },
  bearer_invalid: {
    status: 401,
    error: 'invalid_token',
    description: 'the access token is invalid, expired or revoked',
    challenge: 'Bearer',
    event: 'token_invalid',
  },
  bearer_proof_invalid: {
    status: 401,
    error: 'invalid_dpop_proof',
    description: 'the DPoP proof is missing, was used before, or is not one for this request and token',
    challenge: 'Bearer',
    event: 'token_invalid',
  },
  bearer_scope_insufficient: {
    status: 403,
    error: 'insufficient_scope',
    description: 'the access token lacks a scope that this request needs',
    challenge: 'Bearer',
    event: 'token_invalid',
  },

  not_found: { status: 404, error: 'not_found', description: 'there is nothing at this path' },
  method_not_allowed: { status: 405, error: 'method_not_allowed', description: 'this path does not take this method; see Allow' },
} as const satisfies Record<FailureReason, WireError>;
