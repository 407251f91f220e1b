// A registered client as the service remembers it. Members that RFC 7591 (or DESIGN's client metadata) names keep those names.
import type { IdempotencyDigest } from './idempotency.ts';
import type { Quota } from '../abuse/quota.ts';
import type { Algorithm } from '../tokens/algorithms.ts';
import type { SecretRotation } from './rotation-terms.ts';

export const GRANT_TYPES = ['client_credentials', 'refresh_token'] as const;
export type GrantType = (typeof GRANT_TYPES)[number];

/** Ways to present a secret; a client registered for one may use the other, since both prove the same secret. */
const SECRET_METHODS = ['client_secret_basic', 'client_secret_post'] as const;
/** A certificate of the TLS connection (RFC 8705 section 2); only where there is a domain that asks for one. */
export const CERTIFICATE_METHODS = ['tls_client_auth', 'self_signed_tls_client_auth'] as const;
/** Of a client's credentials, those of the method that it is registered for serve, and no others. */
export const TOKEN_ENDPOINT_AUTH_METHODS = [...SECRET_METHODS, 'private_key_jwt', ...CERTIFICATE_METHODS] as const;
export type TokenEndpointAuthMethod = (typeof TOKEN_ENDPOINT_AUTH_METHODS)[number];

/** Whether a secret of the client serves. */
export const usesSecrets = ({ token_endpoint_auth_method: method }: Pick<ClientMetadata, 'token_endpoint_auth_method'>): boolean =>
  SECRET_METHODS.some((known) => known === method);

/** A public key that the client signs assertions with: its public members, and what it is for (RFC 7517 section 4). */
export type ClientKey = Readonly<Record<string, string>> & { readonly kid: string };

/** A live credential: what is needed to recognise the secret, never the secret. */
export type SecretDigest = {
  readonly id: string;
  /** Id of the ring key that the digest was made under. */
  readonly pepper: string;
  /** base64url of HMAC-SHA-256(pepper, secret). */
  readonly digest: string;
  /** Epoch seconds. */
  readonly created_at: number;
  /** Epoch seconds; absent = until removed. */
  readonly expires_at?: number;
  /** CIDRs that it may be used from, besides the client's own; absent = any of those. */
  readonly ip_ranges?: readonly string[];
  /** Of the request that added it; absent = it had no Idempotency-Key. */
  readonly idempotency?: IdempotencyDigest;
  /** Since when it may be exchanged for a successor (epoch seconds); from then on it has an end. */
  readonly rotating_since?: number;
  /** When it was said that it ends for want of use, epoch seconds. */
  readonly ending_announced_at?: number;
  /** Id of the secret that it was exchanged for; absent = made by a manager. */
  readonly successor_of?: string;
  /** When a client last took it in exchange, epoch seconds. */
  readonly claimed_at?: number;
  /** The network that it was first taken from, as limits count networks. */
  readonly claimed_network?: string;
};

/** The key of a secret that is gone. */
export type SpentKey = {
  readonly key: string;
  /** Epoch seconds until which a repeat of it is refused. */
  readonly until: number;
};

export type ClientMetadata = {
  readonly client_name?: string;
  readonly grant_types: readonly GrantType[];
  readonly token_endpoint_auth_method: TokenEndpointAuthMethod;
  /** The keys of `private_key_jwt` (RFC 7591 section 2), either these or those that `jwks_uri` publishes; several live at once. */
  readonly jwks?: { readonly keys: readonly ClientKey[] };
  readonly jwks_uri?: string;
  /** The only algorithm of its assertions; absent = that of each key. */
  readonly token_endpoint_auth_signing_alg?: Algorithm;
  /** Registered scopes, in registration order. */
  readonly scope: readonly string[];
  readonly default_scope?: readonly string[];
  readonly roles: readonly string[];
  /** Absent = the issuer alone. */
  readonly audiences?: readonly string[];
  readonly contacts?: readonly string[];
  /** RFC 8705 section 2.1.2: how `tls_client_auth` knows the certificate; exactly one of these five with that method. RFC 4514. */
  readonly tls_client_auth_subject_dn?: string;
  readonly tls_client_auth_san_dns?: string;
  readonly tls_client_auth_san_uri?: string;
  readonly tls_client_auth_san_ip?: string;
  readonly tls_client_auth_san_email?: string;
  /** Of `self_signed_tls_client_auth`: base64url SHA-256 of each certificate's DER (`x5t#S256`). Several, so that one can follow another. */
  readonly tls_client_certificates?: readonly string[];
  /** RFC 8705 section 3.4: its tokens are bound to the certificate of the connection on which it gets them. */
  readonly tls_client_certificate_bound_access_tokens?: boolean;
  /** Seconds; absent = the audience's or the service's. */
  readonly access_token_lifetime?: number;
  /** Seconds, absolute. */
  readonly refresh_token_lifetime: number;
  /** Seconds; 0 = none. */
  readonly refresh_token_idle_lifetime: number;
  readonly refresh_client_auth: 'required' | 'none';
  readonly rate_limit_per_minute?: number;
  readonly rate_limit_burst?: number;
  /** RFC 9449 section 5.2: it gets tokens that are bound to a key alone; absent = where it sends a proof. */
  readonly dpop_bound_access_tokens?: boolean;
  /** Tokens from all networks together, beside the limit by minute; at most one for each kind of window. */
  readonly quotas?: readonly Quota[];
  /** CIDRs; empty = any network. */
  readonly ip_ranges: readonly string[];
  /** ARNs of the AWS roles that may act as the client below `/iam`; absent = none. */
  readonly iam_principals?: readonly string[];
  readonly may_introspect: 'own' | 'any';
  /** A manager's: it manages clients that have one of these tags, and none else. Absent = all. */
  readonly manages_tags?: readonly string[];
  readonly tags?: readonly string[];
  readonly owner?: string;
  /** Whether the same request gets the same token again, for the first half of that token's life; absent = a new one each time. */
  readonly reuse_tokens?: boolean;
  /** Absent = its secrets are exchanged by hand alone. */
  readonly secret_rotation?: SecretRotation;
  readonly disabled: boolean;
  /** Epoch seconds. */
  readonly client_expires_at?: number;
};

export type Client = ClientMetadata & {
  readonly client_id: string;
  readonly secrets: readonly SecretDigest[];
  readonly spent_keys?: readonly SpentKey[];
  /** Of the request that registered it, and the ring key of its first secret; absent = it had no Idempotency-Key. */
  readonly registration?: IdempotencyDigest & { readonly pepper: string };
  /** Raised to end every outstanding token and session of the client at once. */
  readonly epoch: number;
  /** Changes with every change of the record; guards read-modify-write. */
  readonly version: number;
  /** Epoch seconds. */
  readonly client_id_issued_at: number;
  /** Epoch seconds. */
  readonly updated_at: number;
};

/** Whether the client's own end, if it has one, is past. @param now epoch seconds. */
export const hasEnded = ({ client_expires_at: end }: { readonly client_expires_at?: number | undefined }, now: number): boolean =>
  end !== undefined && end <= now;

/** `[A-Za-z0-9_-]{1,64}`: nothing else ever reaches a key of the table. */
export const CLIENT_ID_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;
