/**
 * What the endpoints remember and sign with: ports, implemented by `storage` and `signing`, one real implementation each.
 * Every call below is one AWS call unless it says otherwise; each throws `Outage` when its dependency fails, throttles or
 * does not answer, after the SDK's own bounded retries. Times: epoch seconds unless the name says otherwise.
 */
import type { AuditEvent } from '../audit/event.ts';
import type { Client } from '../clients/client.ts';
import type { SecretUse } from '../clients/secret-use.ts';
import type { ClientSecrets } from '../clients/secrets.ts';
import type { Algorithm } from '../tokens/algorithms.ts';
import type { Session } from '../tokens/session.ts';

/** One counter: calls of one subject (client id) from one network (IPv4 address or IPv6 /64) to one endpoint in one minute. */
export type RateWindow = {
  readonly endpoint: string;
  readonly subject: string;
  readonly network: string;
  /** Minutes since the epoch. */
  readonly minute: number;
};

export type LoadRequest = {
  readonly clientId?: string;
  /** The client that a token under inspection belongs to, where it is not `clientId` itself. */
  readonly ownerId?: string;
  /** A session of `ownerId`, or of `clientId` when there is no other owner. */
  readonly sid?: string;
  /** An access token that may have been revoked. */
  readonly jti?: string;
  /** The window whose *previous* minute is wanted. */
  readonly window?: RateWindow;
};
export type Loaded = {
  /** Undefined also for a deleted client (a tombstone). */
  readonly client: Client | undefined;
  /** The record of `ownerId`, or of `clientId` when there is no other owner. */
  readonly owner: Client | undefined;
  readonly session: Session | undefined;
  /** Whether the table holds a revocation of `jti` that still matters at `now`. */
  readonly tokenRevoked: boolean;
  /** Hits of the minute before `window`, 0 when none. */
  readonly previousHits: number;
};

export interface RequestStore {
  /** One strongly consistent BatchGetItem of whatever is asked for; unprocessed keys are an outage. */
  load(request: LoadRequest, now: number): Promise<Loaded>;
  /** One UpdateItem `ADD hits 1`; answers the hits of this minute, this call included. */
  countCall(window: RateWindow): Promise<number>;
  /** strict audit mode: one UpdateItem that puts the event of an issued token on the caller's window item. */
  recordIssue(window: RateWindow, event: AuditEvent): Promise<void>;
  /**
   * A refused call, as an outbox item of its own: one conditional put, so that each minute carries at most one event per
   * endpoint, subject and network to the bus. Resolves false when this minute already has one.
   */
  recordDenial(window: RateWindow, event: AuditEvent): Promise<boolean>;
}

export type Rotation = {
  readonly clientId: string;
  readonly sid: string;
  /** The generation that the presented token has; the write needs it to be the stored one and makes it one higher. */
  readonly fromGeneration: number;
  /** Fresh random id of this attempt. */
  readonly rotatedBy: string;
  readonly rotatedAtMs: number;
  /** Ring key of the new generation's MAC. */
  readonly macKey: string;
  /** New idle end; absent = none. */
  readonly idleExpiresAt?: number;
  /** Latest `exp` of the session's access tokens: the new one's, or the stored `last_access_exp` where that is later. */
  readonly accessExp: number;
  readonly ip: string;
  readonly userAgent: string;
  readonly event: AuditEvent;
};
export type RotationOutcome =
  | { readonly rotated: true }
  /** The condition failed and the stored session, read again consistently, was not rotated by us. */
  | { readonly rotated: false; readonly session: Session | undefined };

export interface SessionStore {
  /** One conditional put (`attribute_not_exists`): a `sid` is never reused. */
  create(session: Session, event: AuditEvent): Promise<void>;
  /**
   * One conditional write: active, generation as presented, absolute and idle end not reached. When the condition fails,
   * one consistent read: our own `rotatedBy` there means that a retried write had already succeeded.
   */
  rotate(rotation: Rotation): Promise<RotationOutcome>;
  /**
   * One conditional write ends an active session: status, the feed's index attributes (until the last access token's
   * exp plus a margin), the event. False when it had ended already or does not exist: no second event.
   */
  end(session: { clientId: string; sid: string }, event: AuditEvent, now: number): Promise<boolean>;
}

export type SessionPage = { readonly items: readonly Session[]; readonly next: string | undefined };

/** Sessions as somebody looks at them. One that only waits for DynamoDB to delete it does not exist. */
export interface SessionListing {
  /** One consistent GetItem; undefined for unknown. */
  read(session: { clientId: string; sid: string }, now: number): Promise<Session | undefined>;
  /**
   * One consistent Query: a page of a client's sessions in the order of their ids; `limit` 1 to 100. It may hold fewer than `limit`,
   * or none, and still have a `next`. `cursor` is a former `next`; answers undefined for a cursor that no page gave out.
   */
  list(page: { clientId: string; limit: number; cursor: string | undefined }, now: number): Promise<SessionPage | undefined>;
}

export interface RevocationStore {
  /**
   * One conditional put of `REVOKED#<jti>`, kept until `exp` plus leeway, in the feed's index. False when it was there
   * already: no second event. The caller has verified the token and checked that it has not expired.
   */
  revokeToken(token: { jti: string; exp: number; clientId: string; reason: string }, event: AuditEvent, now: number): Promise<boolean>;
}

export type ClientPage = { readonly items: readonly Client[]; readonly next: string | undefined };

export interface ClientStore {
  /** One consistent GetItem; undefined for unknown and for deleted. */
  read(clientId: string): Promise<Client | undefined>;
  /** One conditional put; false when the id is taken (also by a deleted client). */
  create(client: Client, event: AuditEvent): Promise<boolean>;
  /**
   * One conditional update of everything but secrets and keys of requests, `from` (as read) to `to`; false when `from.version` is no longer the
   * stored version. A higher epoch in `to` also enters the feed. The store counts `version` up itself.
   */
  replace(change: { readonly from: Client; readonly to: Client }, event: AuditEvent): Promise<boolean>;
  /**
   * One conditional update of the secrets, `from` as read; false when `from.version` is no longer the stored version. The store
   * counts `version` up itself.
   */
  changeSecrets(change: { readonly from: Client; readonly to: ClientSecrets }, event: AuditEvent, now: number): Promise<boolean>;
  /**
   * Deletes a client, in one write that cannot lose a race: what stays is a tombstone without secrets, epoch one higher and in
   * the feed. False for an unknown client and for one that is deleted already.
   */
  remove(clientId: string, event: AuditEvent, now: number): Promise<boolean>;
  /**
   * Ends everything of a client, in one write that cannot lose a race: epoch one higher, feed attributes, event.
   * Answers the new epoch, or undefined for an unknown client.
   */
  raiseEpoch(clientId: string, event: AuditEvent, now: number): Promise<number | undefined>;
  /**
   * One Query of the listing index and one BatchGetItem; `limit` 1 to 100. `cursor` is a former `next`, undefined for the first
   * page; answers undefined for a cursor that no page gave out.
   */
  list(page: { limit: number; cursor: string | undefined }): Promise<ClientPage | undefined>;
}

export interface SecretUseStore {
  /** One conditional update: the first use within 5 minutes is written, whichever environment saw it; no event. */
  record(clientId: string, secretId: string, use: SecretUse): Promise<void>;
  /** One BatchGetItem, at most 100 ids, answering by secret id; no call for none. */
  read(clientId: string, secretIds: readonly string[]): Promise<ReadonlyMap<string, SecretUse>>;
}

/** One entry of the revocation feed's index, as read back. */
export type FeedEntry = {
  readonly kind: 'jti' | 'sid' | 'client';
  /** The token's jti, the session's sid or the client's id. */
  readonly id: string;
  /** For `client`: tokens with a lower epoch are revoked. */
  readonly epoch?: number;
  /** Epoch milliseconds at which it was written. */
  readonly atMs: number;
  /** Epoch seconds after which it no longer matters. */
  readonly until: number;
};
export interface FeedStore {
  /** All entries written at or after `sinceMs`, oldest first; one Query a page, all pages. */
  since(sinceMs: number): Promise<readonly FeedEntry[]>;
}

/** A signing key as the ring records it: `KEYRING` / `KEY#<kid>`. Its state follows from the times alone. */
export type KeyRecord = {
  /** RFC 7638 thumbprint. */
  readonly kid: string;
  readonly alg: Algorithm;
  readonly arn: string;
  /** Public members only (kty, n, e | crv, x, y), RFC 7517. */
  readonly jwk: Readonly<Record<string, string>>;
  readonly created_at: number;
  /** From when it may sign. */
  readonly active_from: number;
  /** From when it signs no more; absent = not planned. */
  readonly retires_at?: number;
  /** From when it is no longer published; absent = not planned. */
  readonly removed_at?: number;
};
export interface KeyRecordStore {
  /** One consistent Query of the `KEYRING` partition. */
  readAll(): Promise<readonly KeyRecord[]>;
  /** One conditional put; someone else having recorded the same kid is success too. */
  record(key: KeyRecord): Promise<void>;
}

/** Signs access tokens. `key` says beforehand what the header must name. */
export interface TokenSigner {
  /** The key that signs for this algorithm now; cached, so normally no call. */
  key(algorithm: Algorithm, now: number): Promise<{ readonly kid: string; readonly alg: Algorithm }>;
  /** One KMS Sign. `signingInput` is the JWS signing input (RFC 7515 section 5.1); answers the JOSE-form signature. */
  sign(kid: string, signingInput: Uint8Array): Promise<Uint8Array>;
}

/** The ring of MAC keys and peppers (one Secrets Manager value, cached 5 minutes). */
export interface SecretRing {
  /** Id of the key that mints now (the newest that has been in the ring for 10 minutes). */
  currentId(now: number): Promise<string>;
  /**
   * The 32-byte key derived (HKDF-SHA-256) from ring key `id` for one `use` alone; undefined for an unknown id, after at
   * most one refetch in 30 s.
   */
  key(id: string, use: 'refresh-token-mac' | 'client-secret-digest' | 'idempotent-secret', now: number): Promise<Uint8Array | undefined>;
}
