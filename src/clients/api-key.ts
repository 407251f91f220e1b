// An API key as the service remembers it: what is needed to recognise it, and what it may do. Never the key.
import type { IdempotencyDigest } from './idempotency.ts';

export const API_KEY_STATUSES = ['active', 'ended'] as const;

/** What its manager says of a key. */
export type ApiKeyTerms = {
  readonly name?: string;
  /** The most that its tokens may hold; what the client has lost since is left out of them. */
  readonly scope: readonly string[];
  /** Epoch seconds; absent = until it is ended. */
  readonly expires_at?: number;
  /** CIDRs; absent = wherever the client may call from. */
  readonly ip_ranges?: readonly string[];
  readonly rate_limit_per_minute: number;
  readonly tags?: readonly string[];
};

export type ApiKey = ApiKeyTerms & {
  readonly id: string;
  readonly client_id: string;
  /** When the client was registered: a client that is given a deleted one's id does not get its keys. Epoch seconds. */
  readonly client_id_issued_at: number;
  readonly status: (typeof API_KEY_STATUSES)[number];
  /** Id of the ring key that the digest was made under; absent once the key has ended. */
  readonly pepper?: string;
  /** base64url of HMAC-SHA-256(pepper, key); absent once the key has ended. */
  readonly digest?: string;
  /** Epoch seconds. */
  readonly created_at: number;
  /** Of the request that made it; absent = it had no Idempotency-Key. */
  readonly idempotency?: IdempotencyDigest;
};

/** Whether the key itself still serves, whatever becomes of its client. @param now epoch seconds. */
export const isLiveApiKey = ({ status, expires_at: end }: Pick<ApiKey, 'status' | 'expires_at'>, now: number): boolean =>
  status === 'active' && (end === undefined || end > now);
