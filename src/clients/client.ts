// A registered client as the service remembers it. Members that RFC 7591 (or DESIGN's client metadata) names keep those names.
import type { IdempotencyDigest } from './idempotency.ts';

export const GRANT_TYPES = ['client_credentials', 'refresh_token'] as const;
export type GrantType = (typeof GRANT_TYPES)[number];

/** Ways to present a secret; a client registered for one may use the other, since both prove the same secret. */
export const TOKEN_ENDPOINT_AUTH_METHODS = ['client_secret_basic', 'client_secret_post'] as const;
export type TokenEndpointAuthMethod = (typeof TOKEN_ENDPOINT_AUTH_METHODS)[number];

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
  /** Of the request that added it; absent = it had no Idempotency-Key. */
  readonly idempotency?: IdempotencyDigest;
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
  /** Registered scopes, in registration order. */
  readonly scope: readonly string[];
  readonly default_scope?: readonly string[];
  readonly roles: readonly string[];
  /** Absent = the issuer alone. */
  readonly audiences?: readonly string[];
  readonly contacts?: readonly string[];
  /** Seconds; absent = the audience's or the service's. */
  readonly access_token_lifetime?: number;
  /** Seconds, absolute. */
  readonly refresh_token_lifetime: number;
  /** Seconds; 0 = none. */
  readonly refresh_token_idle_lifetime: number;
  readonly refresh_client_auth: 'required' | 'none';
  readonly rate_limit_per_minute?: number;
  readonly rate_limit_burst?: number;
  /** CIDRs; empty = any network. */
  readonly ip_ranges: readonly string[];
  /** ARNs of the AWS roles that may act as the client below `/iam`; absent = none. */
  readonly iam_principals?: readonly string[];
  readonly may_introspect: 'own' | 'any';
  readonly tags?: readonly string[];
  readonly owner?: string;
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
