/**
 * What the endpoints remember and sign with: ports, implemented by `storage` and `signing`, one real implementation each.
 * Every call below is one AWS call unless it says otherwise; each throws `Outage` when its dependency fails, throttles or
 * does not answer, after the SDK's own bounded retries. Times: epoch seconds unless the name says otherwise.
 */
import type { Quota, QuotaHits } from '../abuse/quota.ts';
import type { Block } from '../abuse/blocked-networks.ts';
import type { FailureRecord } from '../abuse/lockout.ts';
import type { AuditEvent } from '../audit/event.ts';
import type { ApiKey } from '../clients/api-key.ts';
import type { TrustRule } from '../client-authentication/trust-rule.ts';
import type { Client } from '../clients/client.ts';
import type { SecretUse } from '../clients/secret-use.ts';
import type { ClientSecrets } from '../clients/secrets.ts';
import type { Result } from '../result.ts';
import type { Algorithm } from '../tokens/algorithms.ts';
import type { RsaAlgorithm, VerificationKeys } from '../tokens/jwks.ts';
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
  /** A session of `ownerId`, or of `clientId` when there is no other owner; or its API key, whose id has a form of its own. */
  readonly sid?: string;
  /** An access token that may have been revoked. */
  readonly jti?: string;
  /** The window whose *previous* minute is wanted. */
  readonly window?: RateWindow;
  /** A network whose failed authentications are wanted, and those of `clientId` from it. */
  readonly failingNetwork?: string;
  /** What a certificate may be denied by: that of the connection, or of a token under inspection. */
  readonly certificates?: readonly string[];
  /** Whether the list of blocked networks is wanted too. */
  readonly blocks?: boolean;
  /** A token that may have been kept to be handed out again. */
  readonly issuedToken?: KeptFor;
};
export type Loaded = {
  /** Undefined also for a deleted client (a tombstone). */
  readonly client: Client | undefined;
  /** The record of `ownerId`, or of `clientId` when there is no other owner. */
  readonly owner: Client | undefined;
  readonly session: Session | undefined;
  /** Where `sid` is the id of an API key. An ended one is there until it is purged. */
  readonly apiKey: ApiKey | undefined;
  /** Whether the table holds a revocation of `jti` that still matters at `now`. */
  readonly tokenRevoked: boolean;
  /** Hits of the minute before `window`, 0 when none. */
  readonly previousHits: number;
  readonly failures: Failures;
  /** Those of `certificates` that are denied at `now`; absent where none was asked about. */
  readonly deniedCertificates?: readonly string[];
  /** Undefined where it was not wanted, and where what is stored cannot be read. */
  readonly blocks: readonly Block[] | undefined;
  /** Undefined where none is kept, and where what is stored cannot be read. */
  readonly issuedToken: SealedToken | undefined;
};

/** What a kept token was made for: its client, and everything else that it depends on (src/tokens/reusable-token.ts). */
export type KeptFor = { readonly clientId: string; readonly digest: string };
/** A token as the table has it; `ringKey` is the id of the ring key that it is sealed under. */
export type SealedToken = { readonly ringKey: string; readonly sealed: Uint8Array };
export interface IssuedTokenStore {
  /** One PutItem; of tokens kept for the same the last one stays. @param exp the token's. */
  keep(what: KeptFor, token: SealedToken, exp: number): Promise<void>;
}

/** One client from one network, or without a client the whole network. */
export type FailureSubject = { readonly clientId?: string; readonly network: string };
/** Failed authentications on record; undefined = none, or not asked for. */
export type Failures = { readonly ofClient: FailureRecord | undefined; readonly ofNetwork: FailureRecord | undefined };

export interface FailureStore {
  /**
   * One UpdateItem counts a failure; where it begins a new series in the place of the one that was read, at most two. Answers how many
   * the series has with it: of failures at the same time one is the first.
   */
  count(
    subject: FailureSubject,
    series: { readonly read: FailureRecord | undefined; readonly goesOn: boolean },
    now: number,
  ): Promise<number>;
  /** One conditional UpdateItem counts a failure in advance: of attempts beside each other that read the same record one gets true. */
  claim(subject: FailureSubject, read: FailureRecord, now: number): Promise<boolean>;
  /** One UpdateItem: the client proved its secret from this network at `provenAt`. */
  prove(subject: FailureSubject, provenAt: number, now: number): Promise<void>;
  /** One UpdateItem; answers how often the client has been failed for in this window from everywhere, this time included. */
  countAttack(clientId: string, window: number, now: number): Promise<number>;
  /** One UpdateItem puts the alarm's event on that counter. */
  recordAttack(clientId: string, window: number, event: AuditEvent): Promise<void>;
}

export type BlockList = {
  readonly blocks: readonly Block[];
  /** Counted up by every change; 0 before the first. */
  readonly version: number;
};
export interface BlockStore {
  /** One consistent GetItem. */
  read(): Promise<BlockList>;
  /** One conditional put; false when `version` is no longer the stored one. */
  replace(change: { readonly version: number; readonly blocks: readonly Block[] }, event: AuditEvent): Promise<boolean>;
}

/** A certificate that serves for nothing any more. */
export type DeniedCertificate = {
  /** As certificateIds calls it (src/client-authentication/certificate.ts). */
  readonly id: string;
  /** What the operator wrote: the thumbprint, or serial number and issuer. */
  readonly certificate: string;
  readonly reason: string;
  readonly created_by: string;
  /** Epoch seconds. */
  readonly created_at: number;
  readonly expires_at: number;
};
export interface CertificateStore {
  /** One put, which takes the place of what was denied under the same id. */
  deny(denied: DeniedCertificate, event: AuditEvent): Promise<void>;
  /** One conditional UpdateItem; false when it is not denied at `now`. */
  letIn(id: string, event: AuditEvent, now: number): Promise<boolean>;
  /** One consistent Query. */
  list(now: number): Promise<readonly DeniedCertificate[]>;
}

export interface RequestStore {
  /** One strongly consistent BatchGetItem of whatever is asked for; unprocessed keys are an outage. */
  load(request: LoadRequest, now: number): Promise<Loaded>;
  /** One UpdateItem `ADD hits 1`; answers the hits of this minute, this call included. */
  countCall(window: RateWindow): Promise<number>;
  /** strict audit mode: one UpdateItem that puts the event of an issued token on the caller's window item. */
  recordIssue(window: RateWindow, event: AuditEvent): Promise<void>;
  /**
   * Counts a token against the quotas of its client: one conditional UpdateItem, which counts all of them or none. Answers what is
   * counted then, this token included; where a quota is used up, nothing is counted, and one consistent read says what there is.
   * @param now epoch seconds.
   */
  countQuota(clientId: string, quotas: readonly Quota[], now: number): Promise<{ readonly counted: boolean; readonly hits: QuotaHits }>;
  /** The same whether or not a quota is used up: one UpdateItem. */
  countBeyondQuota(clientId: string, quotas: readonly Quota[], now: number): Promise<QuotaHits>;
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

export type ApiKeyPage = { readonly items: readonly ApiKey[]; readonly next: string | undefined };

export interface ApiKeyStore {
  /** One conditional put; false when the id is taken (also by an ended key). */
  create(apiKey: ApiKey, event: AuditEvent): Promise<boolean>;
  /** One consistent GetItem; an ended key is there until it is purged. */
  read(key: { clientId: string; id: string }, now: number): Promise<ApiKey | undefined>;
  /**
   * One conditional write ends an active key: status, no digest any more, the feed's index attributes, the event. False when it had
   * ended already or does not exist: no second event.
   */
  end(key: { clientId: string; id: string }, event: AuditEvent, now: number): Promise<boolean>;
  /** One consistent Query: how many keys of the client still serve, those of a deleted client that had its id left out. */
  countLive(client: Pick<Client, 'client_id' | 'client_id_issued_at'>, now: number): Promise<number>;
  /** One consistent Query: a page of the client's keys that have not been ended, as for sessions. */
  list(page: { clientId: string; limit: number; cursor: string | undefined }, now: number): Promise<ApiKeyPage | undefined>;
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
   * the feed. False for an unknown client and for one that is deleted already. @param readVersion only if that is still the version.
   */
  remove(clientId: string, event: AuditEvent, now: number, readVersion?: number): Promise<boolean>;
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
  readonly kind: 'jti' | 'sid' | 'client' | 'kid' | 'cert';
  /** The token's jti, the session's sid, the client's id, the signing key's kid or what a certificate is denied by. */
  readonly id: string;
  /** For `client`: tokens with a lower epoch are revoked. */
  readonly epoch?: number;
  /** Epoch milliseconds at which it was written. */
  readonly atMs: number;
  /** Epoch seconds after which it no longer matters. */
  readonly until: number;
};
export interface FeedStore {
  /** All entries written at or after `sinceMs`, and before `beforeMs` where it is given, oldest first; one Query a page, all pages. */
  since(sinceMs: number, beforeMs?: number): Promise<readonly FeedEntry[]>;
  /** The signing keys that are no longer trusted, whenever that was written: one consistent Query of the `KEYRING` partition. */
  distrustedKeys(): Promise<readonly FeedEntry[]>;
  /** The denied certificates, whenever that was written: one consistent Query of the `CERTS` partition. */
  deniedCertificates(): Promise<readonly FeedEntry[]>;
}

/** A signing key as the ring records it: `KEYRING` / `KEY#<kid>`. Its state follows from the times alone. */
export type KeyRecord = {
  /** RFC 7638 thumbprint of a key of KMS; of a wrapped one chosen at random before it is made. */
  readonly kid: string;
  readonly alg: Algorithm;
  /** Of the KMS key that signs, or that wraps. */
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
  /** From when nobody trusts it: it neither signs nor is published nor verifies. Absent = trusted. */
  readonly distrusted_at?: number;
  /** When its private key was given up. */
  readonly discarded_at?: number;
  /** Delegated signing alone; absent = KMS signs with the key `arn`. */
  readonly wrapped?: WrappedKey;
};
/** The private key of a pair that KMS made and wrapped (delegated signing): only KMS can unwrap it, and only for this issuer and `kid`. */
export type WrappedKey = {
  /** base64url. */
  readonly ciphertext: string;
  /** ARN of the symmetric KMS key; another Region's replica of it, with the same key id, unwraps as well. */
  readonly wrapping_key: string;
  /** The issuer in the encryption context. */
  readonly issuer: string;
};
export interface KeyRecordStore {
  /** One consistent Query of the `KEYRING` partition. */
  readAll(): Promise<readonly KeyRecord[]>;
  /** One conditional put; someone else having recorded the same kid is success too. */
  record(key: KeyRecord, event: AuditEvent): Promise<void>;
}

/** The ring as the rotation changes it. Every change is one conditional write; false = it was done before, or the key is unknown. */
export interface KeyLifeStore extends Pick<KeyRecordStore, 'readAll'> {
  /**
   * One conditional update: nobody else makes keys until `endRun`, or until `until` where that never comes. Answers for which algorithms
   * a run that was cut off may have made a key and not recorded it; undefined = somebody else makes keys.
   */
  beginRun(run: string, now: number, until: number): Promise<readonly Algorithm[] | undefined>;
  /** One conditional update; nothing happens when the run is no longer the latest. @param unsure what the next `beginRun` answers. */
  endRun(run: string, unsure: readonly Algorithm[]): Promise<void>;
  /** One conditional put. */
  add(key: KeyRecord, event: AuditEvent): Promise<boolean>;
  /** Signs already from `activeFrom` on, which must be earlier than before. */
  activate(kid: string, activeFrom: number, event: AuditEvent): Promise<boolean>;
  retire(kid: string, times: { readonly retires_at: number; readonly removed_at: number }, event: AuditEvent): Promise<boolean>;
  /** Trusted by nobody from now on, and in the feed until `until`. */
  distrust(kid: string, now: number, until: number, event: AuditEvent): Promise<boolean>;
  /** Its private key is given up, and the record is kept only until `purgeAt`. */
  discard(kid: string, now: number, purgeAt: number): Promise<boolean>;
}

/** A value that serves once. */
export type OneTimeValue = {
  readonly use: 'client_assertion' | 'dpop' | 'federated';
  /** The client, issuer or key within which the value is unique: a URL without fragment, or a word. */
  readonly of: string;
  readonly value: string;
  /** Epoch seconds from which the value is refused whatever is on record; until then it is on record. */
  readonly until: number;
};
export interface OneTimeStore {
  /**
   * One conditional put; true for exactly one of all who spend the same value. To be called last, once everything else has been checked.
   * @param usedBy a fresh random id of this attempt: a write that is repeated because its answer was lost is still the first.
   */
  spend(value: OneTimeValue, usedBy: string, now: number): Promise<boolean>;
}

/** Why there is no document, however often one asks. */
export type DocumentFault =
  | 'url_not_allowed'
  | 'address_not_public'
  | 'host_unknown'
  | 'certificate_wrong'
  | 'redirected'
  | 'status_unexpected'
  | 'encoded'
  | 'too_large';
export type PublicDocument = {
  readonly body: Uint8Array;
  /** `max-age` of Cache-Control (RFC 9111 section 5.2.2.1), seconds. */
  readonly maxAgeSeconds: number | undefined;
};
/** One GET of what somebody registered, and of nothing but the public internet; at most 2 s and 64 KiB. An answer that may yet come is an `Outage`. */
export type FetchPublicDocument = (url: string) => Promise<Result<PublicDocument, DocumentFault>>;

export type JwksFault = DocumentFault | 'not_a_jwks';
/** Keys that others publish: normally from memory, by one GET where they are old or `kid` is not among them (at most one in 30 s for that). */
export interface JwksSource {
  /**
   * @param wanted `kid` as the token names it, empty where it names none; `rsaAlgorithm` of keys that do not say theirs.
   * Throws `Outage` where the publisher does not answer and nothing usable is in memory.
   */
  keys(
    wanted: { readonly url: string; readonly kid: string; readonly rsaAlgorithm: RsaAlgorithm },
    nowMs: number,
  ): Promise<Result<VerificationKeys, JwksFault>>;
}

export type IssuerFault = DocumentFault | 'metadata_malformed' | 'metadata_of_another_issuer';
/** Where external issuers publish their keys (OpenID Connect Discovery 1.0 section 4). */
export interface IssuerDiscovery {
  /** Normally from memory, else by one GET. Throws `Outage` where the issuer does not answer and nothing usable is in memory. */
  jwksUri(issuer: string, nowMs: number): Promise<Result<string, IssuerFault>>;
}

export type TrustRulePage = { readonly items: readonly TrustRule[]; readonly next: string | undefined };
export interface TrustRuleStore {
  /** One consistent Query: the rules of an issuer, or of those one client's. */
  ofIssuer(issuer: string, clientId: string | undefined): Promise<readonly TrustRule[]>;
  /** One conditional put; false when the id is taken. */
  create(rule: TrustRule, event: AuditEvent): Promise<boolean>;
  /** One consistent GetItem; undefined for unknown and removed ones. */
  read(id: string): Promise<TrustRule | undefined>;
  /** One conditional write, and a read where its condition failed: true also for one that was removed before, without a second event. */
  remove(id: string, event: AuditEvent, now: number): Promise<boolean>;
  /** One Query of the listing index and one BatchGetItem; as for clients. */
  list(page: { limit: number; cursor: string | undefined }): Promise<TrustRulePage | undefined>;
}

/** Signs access tokens. `key` says beforehand what the header must name. */
export interface TokenSigner {
  /** Has the ring read again where it is a few seconds old, beside the reads of the request: `key` then need not wait. Never throws. */
  prepare(now: number): void;
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
  key(
    id: string,
    use:
      | 'refresh-token-mac'
      | 'client-secret-digest'
      | 'api-key-digest'
      | 'idempotent-secret'
      | 'successor-secret'
      | 'dpop-nonce'
      | 'issued-token-seal',
    now: number,
  ): Promise<Uint8Array | undefined>;
}

/** A credential of a client, or the client itself, that ends at a time. */
export type ExpiryWarning = {
  readonly clientId: string;
  readonly kind: 'client_secret' | 'api_key' | 'client';
  readonly id: string;
  /** Epoch seconds. */
  readonly endsAt: number;
  readonly days: number;
};

/** What the scheduled upkeep of credentials needs besides the clients and the uses of their secrets. */
export interface UpkeepStore {
  /** One Query of the listing index: ids of clients in their order, behind `after`; `limit` 1 to 100. */
  clientIds(page: { readonly after: string | undefined; readonly limit: number }): Promise<readonly string[]>;
  /** One consistent GetItem: the last client that was looked after, where the last pass stopped before the end. */
  checkpoint(): Promise<string | undefined>;
  /** One PutItem. Passes that run beside each other may set each other back: what they do twice, they do once. */
  saveCheckpoint(after: string | undefined): Promise<void>;
  /** One BatchGetItem: those warnings that were given before; no call for none. */
  given(warnings: readonly ExpiryWarning[]): Promise<readonly ExpiryWarning[]>;
  /** One conditional put, which carries the event; false when it was given before: no second event. */
  warn(warning: ExpiryWarning, event: AuditEvent): Promise<boolean>;
}
