// Every reason for which a protected route refuses a caller, and what it says then (RFC 6750 section 3).
import type { TokenFault } from '../tokens/access-token.ts';
import type { BearerFault } from './bearer.ts';

/** Why a token that was valid when it was issued is so no more. */
export type RevocationFault = {
  readonly reason:
    'token_revoked' | 'session_ended' | 'session_unknown' | 'client_unknown' | 'client_disabled' | 'epoch_raised' | 'key_distrusted';
};

/** What a valid token lacks on this route. */
export type RouteFault =
  | { readonly reason: 'route_without_rule' }
  | { readonly reason: 'scope_insufficient'; readonly scope: string }
  | { readonly reason: 'role_missing' }
  | { readonly reason: 'factor_missing' }
  | { readonly reason: 'binding_missing' };

export type Denial =
  | { readonly reason: 'token_missing' }
  | BearerFault
  | TokenFault
  | RevocationFault
  /** A token bound to a key or certificate came without the proof (RFC 9449 section 7.1, RFC 8705 section 3). */
  | { readonly reason: 'binding_unproven' }
  /** `ip` is undefined where the gateway does not tell it. */
  | { readonly reason: 'network_not_allowed'; readonly ip: string | undefined }
  | RouteFault
  | { readonly reason: 'keys_unavailable'; readonly dependency: string }
  | { readonly reason: 'revocation_unavailable'; readonly dependency: string };

export type DenialReason = Denial['reason'];

type Refusal = {
  readonly status: 401 | 403 | 503;
  /** RFC 6750 section 3.1; absent where no token was sent. */
  readonly error?: 'invalid_token' | 'insufficient_scope' | 'temporarily_unavailable';
  readonly description?: string;
};

const INVALID_TOKEN = { status: 401, error: 'invalid_token', description: 'the access token is invalid, expired or revoked' } as const;
const INSUFFICIENT = { status: 403, error: 'insufficient_scope', description: 'the access token does not allow this request' } as const;
const UNAVAILABLE = {
  status: 503,
  error: 'temporarily_unavailable',
  description: 'the access token cannot be checked at the moment',
} as const;

/** The whole mapping on one screen. What is wrong with a token is for the log; its sender learns only that it is not taken. */
const REFUSALS = {
  token_missing: { status: 401 },
  authorization_not_bearer: { status: 401 },
  authorization_repeated: INVALID_TOKEN,
  authorization_malformed: INVALID_TOKEN,

  token_too_long: INVALID_TOKEN,
  token_malformed: INVALID_TOKEN,
  header_member_invalid: INVALID_TOKEN,
  key_unknown: INVALID_TOKEN,
  algorithm_mismatch: INVALID_TOKEN,
  signature_wrong: INVALID_TOKEN,
  type_wrong: INVALID_TOKEN,
  claims_malformed: INVALID_TOKEN,
  claim_invalid: INVALID_TOKEN,
  issuer_wrong: INVALID_TOKEN,
  audience_wrong: INVALID_TOKEN,
  token_expired: INVALID_TOKEN,
  token_from_the_future: INVALID_TOKEN,

  token_revoked: INVALID_TOKEN,
  session_ended: INVALID_TOKEN,
  session_unknown: INVALID_TOKEN,
  client_unknown: INVALID_TOKEN,
  client_disabled: INVALID_TOKEN,
  epoch_raised: INVALID_TOKEN,
  key_distrusted: INVALID_TOKEN,

  binding_unproven: INVALID_TOKEN,
  network_not_allowed: INVALID_TOKEN,

  route_without_rule: INSUFFICIENT,
  scope_insufficient: INSUFFICIENT,
  role_missing: INSUFFICIENT,
  factor_missing: INSUFFICIENT,
  binding_missing: INSUFFICIENT,

  keys_unavailable: UNAVAILABLE,
  revocation_unavailable: UNAVAILABLE,
} as const satisfies Record<DenialReason, Refusal>;

/** A refusal as HTTP says it; handlers that check tokens themselves build their answer from this. */
export type BearerRefusal = Refusal & {
  /** Value of `WWW-Authenticate` (RFC 6750 section 3); absent for a 503. */
  readonly challenge?: string;
};

const REALM = 'Bearer realm="m2m-auth"';

export function bearerRefusal(denial: Denial): BearerRefusal {
  const refusal: Refusal = REFUSALS[denial.reason];
  if (refusal.status === 503) return refusal;
  // RFC 6750 section 3.1: a request without authentication information gets no error code.
  if (refusal.error === undefined) return { ...refusal, challenge: REALM };
  const scope = denial.reason === 'scope_insufficient' ? `, scope="${denial.scope}"` : '';
  return { ...refusal, challenge: `${REALM}, error="${refusal.error}", error_description="${refusal.description}"${scope}` };
}
