// Every reason for which a protected route refuses a caller, and what it says then (RFC 6750 section 3).
import type { AccessTokenClaims, TokenFault } from '../tokens/access-token.ts';
import type { ProofFault } from '../tokens/dpop.ts';
import { challenge, challengeOfBoth, type Scheme } from './challenge.ts';
import type { CredentialFault } from './credential.ts';

/** Why a token that was valid when it was issued is so no more. */
export type RevocationFault = {
  readonly reason:
    'token_revoked' | 'session_ended' | 'session_unknown' | 'client_unknown' | 'client_disabled' | 'epoch_raised' | 'key_distrusted';
};

/** Why there is no token for an API key. */
export type ApiKeyFault =
  /** The issuer refused it, just now or a few seconds ago. */
  { readonly reason: 'api_key_refused' } | { readonly reason: 'api_key_unavailable'; readonly dependency: string };

/** What a valid token lacks on this route. */
export type RouteFault =
  | { readonly reason: 'route_without_rule' }
  | { readonly reason: 'scope_insufficient'; readonly scope: string }
  | { readonly reason: 'role_missing' }
  | { readonly reason: 'factor_missing' }
  | { readonly reason: 'binding_missing' }
  /** The rule's `methods` and `certificate`. */
  | { readonly reason: 'method_not_accepted' }
  | { readonly reason: 'certificate_not_accepted' };

/** What makes a certificate worth nothing, whatever else was sent. */
export type ConnectionFault =
  | { readonly reason: 'certificate_unusable'; readonly fault: string }
  | { readonly reason: 'certificate_denied'; readonly thumbprint: string };

export type Denial =
  | { readonly reason: 'token_missing' }
  | CredentialFault
  | ApiKeyFault
  | TokenFault
  | RevocationFault
  | ConnectionFault
  /** A token bound to a key or certificate came without the proof (RFC 9449 section 7.1, RFC 8705 section 3). */
  | { readonly reason: 'binding_unproven' }
  | (ProofFault & { readonly claims: AccessTokenClaims })
  /** `dpop_url_unknown`: neither the gateway nor the configuration says which URL was asked for, as for TOKEN authorizers. */
  | {
      readonly reason: 'dpop_proof_missing' | 'dpop_url_unknown' | 'dpop_key_wrong' | 'dpop_token_unbound' | 'dpop_proof_replayed';
      readonly claims: AccessTokenClaims;
    }
  | { readonly reason: 'proofs_unavailable'; readonly dependency: string }
  /** `ip` is undefined where the gateway does not tell it. */
  | { readonly reason: 'network_not_allowed'; readonly ip: string | undefined }
  | RouteFault
  | { readonly reason: 'keys_unavailable'; readonly dependency: string }
  | { readonly reason: 'revocation_unavailable'; readonly dependency: string };

export type DenialReason = Denial['reason'];

type Refusal = {
  readonly status: 401 | 403 | 503;
  /** RFC 6750 section 3.1; absent where no token was sent. */
  readonly error?: 'invalid_token' | 'invalid_dpop_proof' | 'insufficient_scope' | 'temporarily_unavailable';
  readonly description?: string;
};

const INVALID_TOKEN = { status: 401, error: 'invalid_token', description: 'the access token is invalid, expired or revoked' } as const;
/** RFC 9449 section 7.1. */
const INVALID_PROOF = {
  status: 401,
  error: 'invalid_dpop_proof',
  description: 'the DPoP proof is missing, was used before, or is not one for this request and token',
} as const;
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
  credentials_several: INVALID_TOKEN,
  api_key_malformed: INVALID_TOKEN,
  api_key_refused: INVALID_TOKEN,

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
  dpop_token_unbound: INVALID_TOKEN,
  dpop_key_wrong: INVALID_TOKEN,
  dpop_proof_missing: INVALID_PROOF,
  dpop_proof_repeated: INVALID_PROOF,
  dpop_proof_invalid: INVALID_PROOF,
  dpop_proof_replayed: INVALID_PROOF,
  dpop_url_unknown: INVALID_PROOF,
  dpop_nonce_required: INVALID_PROOF,
  network_not_allowed: INVALID_TOKEN,
  certificate_unusable: INVALID_TOKEN,
  certificate_denied: INVALID_TOKEN,

  route_without_rule: INSUFFICIENT,
  scope_insufficient: INSUFFICIENT,
  role_missing: INSUFFICIENT,
  factor_missing: INSUFFICIENT,
  binding_missing: INSUFFICIENT,
  method_not_accepted: INSUFFICIENT,
  certificate_not_accepted: INSUFFICIENT,

  keys_unavailable: UNAVAILABLE,
  revocation_unavailable: UNAVAILABLE,
  proofs_unavailable: UNAVAILABLE,
  api_key_unavailable: UNAVAILABLE,
} as const satisfies Record<DenialReason, Refusal>;

/** A refusal as HTTP says it; handlers that check tokens themselves build their answer from this. */
export type BearerRefusal = Refusal & {
  /** Value of `WWW-Authenticate` (RFC 6750 section 3); absent for a 503. */
  readonly challenge?: string;
};

/** @param scheme that the caller used. */
export function bearerRefusal(denial: Denial, scheme: Scheme = 'Bearer'): BearerRefusal {
  const refusal: Refusal = REFUSALS[denial.reason];
  if (refusal.status === 503) return refusal;
  // RFC 6750 section 3.1: a request without authentication information gets no error code.
  if (refusal.error === undefined) return { ...refusal, challenge: challenge('Bearer') };
  if (denial.reason === 'binding_unproven' && scheme === 'Bearer') return { ...refusal, challenge: challengeOfBoth(refusal) };
  const needed = denial.reason === 'scope_insufficient' ? { scope: denial.scope } : {};
  return { ...refusal, challenge: challenge(refusal.error === 'invalid_dpop_proof' ? 'DPoP' : scheme, { ...refusal, ...needed }) };
}
