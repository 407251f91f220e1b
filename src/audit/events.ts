// One function per audit event, so that every event of a kind has the same members wherever it happens (docs/audit.md).
import type { AuditEvent, AuditEventType } from './event.ts';

/** What every event says about the request it belongs to. */
export type RequestFacts = {
  /** Fresh random id: consumers drop repeats by it. */
  readonly eventId: string;
  readonly ip: string;
  readonly userAgent: string;
  readonly traceId: string;
  /** Epoch milliseconds. */
  readonly nowMs: number;
};
type Subject = Partial<Pick<AuditEvent, 'client_id' | 'sid' | 'jti' | 'amr' | 'reason'>>;

function event(type: AuditEventType, outcome: AuditEvent['outcome'], facts: RequestFacts, subject: Subject): AuditEvent {
  return {
    event_id: facts.eventId,
    event_type: type,
    outcome,
    client_id: subject.client_id ?? '',
    sid: subject.sid ?? '',
    jti: subject.jti ?? '',
    amr: subject.amr ?? '',
    ip: facts.ip,
    user_agent: facts.userAgent,
    reason: subject.reason ?? '',
    trace_id: facts.traceId,
    timestamp: new Date(facts.nowMs).toISOString(),
  };
}

type IssuedSubject = { readonly client_id: string; readonly jti: string; readonly amr: string; readonly sid?: string };
type RefusedSubject = { readonly client_id: string; readonly reason: string; readonly sid?: string; readonly jti?: string };
type ClientSubject = { readonly client_id: string; readonly reason: string };

/** `reason` tells a token that was handed out before (`reused`), and who it was at an external issuer, by which trust rule. */
export const loginSuccess = (facts: RequestFacts, subject: IssuedSubject & { readonly reason?: string }): AuditEvent =>
  event('login_success', 'success', facts, subject);
export const loginFailure = (facts: RequestFacts, subject: RefusedSubject): AuditEvent => event('login_failure', 'failure', facts, subject);
/** `reason` tells a rotation from the replay of one within the grace window. */
export const tokenRefreshed = (facts: RequestFacts, subject: IssuedSubject & { readonly reason: 'rotated' | 'replayed' }): AuditEvent =>
  event('token_refreshed', 'success', facts, subject);
export const tokenRevoked = (
  facts: RequestFacts,
  subject: { readonly client_id: string; readonly jti: string; readonly sid?: string; readonly reason: string },
): AuditEvent => event('token_revoked', 'success', facts, subject);
export const sessionEnded = (
  facts: RequestFacts,
  subject: { readonly client_id: string; readonly sid: string; readonly reason: string },
): AuditEvent => event('session_ended', 'success', facts, subject);
export const clientTokensRevoked = (facts: RequestFacts, subject: ClientSubject): AuditEvent =>
  event('client_tokens_revoked', 'success', facts, subject);
export const refreshTokenReuse = (facts: RequestFacts, subject: RefusedSubject): AuditEvent =>
  event('refresh_token_reuse', 'failure', facts, subject);
export const refreshTokenInvalid = (facts: RequestFacts, subject: RefusedSubject): AuditEvent =>
  event('refresh_token_invalid', 'failure', facts, subject);
export const rateLimitExceeded = (facts: RequestFacts, subject: RefusedSubject): AuditEvent =>
  event('rate_limit_exceeded', 'failure', facts, subject);
/** `reason` says how many failed authentications, from all networks together, raised the alarm. */
export const clientUnderAttack = (facts: RequestFacts, subject: ClientSubject): AuditEvent =>
  event('client_under_attack', 'failure', facts, subject);
/** `reason` says who did it, and behind a space the network. */
export const networkBlocked = (facts: RequestFacts, subject: { readonly reason: string }): AuditEvent =>
  event('network_blocked', 'success', facts, subject);
export const networkUnblocked = (facts: RequestFacts, subject: { readonly reason: string }): AuditEvent =>
  event('network_unblocked', 'success', facts, subject);
/** `reason` says who did it, and behind a space what the certificate is denied by. */
export const certificateDenied = (facts: RequestFacts, subject: { readonly reason: string }): AuditEvent =>
  event('certificate_denied', 'success', facts, subject);
export const certificateAllowed = (facts: RequestFacts, subject: { readonly reason: string }): AuditEvent =>
  event('certificate_allowed', 'success', facts, subject);
export const tokenInvalid = (facts: RequestFacts, subject: RefusedSubject): AuditEvent => event('token_invalid', 'failure', facts, subject);
export const clientCreated = (facts: RequestFacts, subject: ClientSubject): AuditEvent =>
  event('client_created', 'success', facts, subject);
export const clientChanged = (facts: RequestFacts, subject: ClientSubject): AuditEvent =>
  event('client_changed', 'success', facts, subject);
export const clientDisabled = (facts: RequestFacts, subject: ClientSubject): AuditEvent =>
  event('client_disabled', 'success', facts, subject);
export const clientEnabled = (facts: RequestFacts, subject: ClientSubject): AuditEvent =>
  event('client_enabled', 'success', facts, subject);
export const clientDeleted = (facts: RequestFacts, subject: ClientSubject): AuditEvent =>
  event('client_deleted', 'success', facts, subject);
/** `reason` says also which secret: the id, which is not secret. */
export const secretAdded = (facts: RequestFacts, subject: ClientSubject): AuditEvent => event('secret_added', 'success', facts, subject);
export const secretEnded = (facts: RequestFacts, subject: ClientSubject): AuditEvent => event('secret_ended', 'success', facts, subject);
/** `reason` says which secret, and when it ends. */
export const secretRotationDue = (facts: RequestFacts, subject: ClientSubject): AuditEvent =>
  event('secret_rotation_due', 'success', facts, subject);
export const secretRotationWithdrawn = (facts: RequestFacts, subject: ClientSubject): AuditEvent =>
  event('secret_rotation_withdrawn', 'success', facts, subject);
/** `reason` says which secret was taken in exchange for which. */
export const secretClaimed = (facts: RequestFacts, subject: ClientSubject): AuditEvent =>
  event('secret_claimed', 'success', facts, subject);
/** It ends for want of use; `reason` says when at the earliest. */
export const secretEnding = (facts: RequestFacts, subject: ClientSubject): AuditEvent => event('secret_ending', 'success', facts, subject);
/** `reason` says what kind of credential, which, in how many days and when. */
export const credentialExpiring = (facts: RequestFacts, subject: ClientSubject): AuditEvent =>
  event('credential_expiring', 'success', facts, subject);
type ApiKeySubject = { readonly client_id: string; readonly sid: string; readonly reason: string };
/** `sid` is the key's id, as it is in every event of a token that the key gets. */
export const apiKeyAdded = (facts: RequestFacts, subject: ApiKeySubject): AuditEvent => event('api_key_added', 'success', facts, subject);
export const apiKeyEnded = (facts: RequestFacts, subject: ApiKeySubject): AuditEvent => event('api_key_ended', 'success', facts, subject);
/** `reason` says who did it, and behind a space the rule's id. */
export const trustRuleAdded = (facts: RequestFacts, subject: ClientSubject): AuditEvent =>
  event('trust_rule_added', 'success', facts, subject);
export const trustRuleRemoved = (facts: RequestFacts, subject: ClientSubject): AuditEvent =>
  event('trust_rule_removed', 'success', facts, subject);
/** `reason` says who or what did it, and behind a space the `kid`. */
type SigningKeySubject = { readonly reason: string };
export const signingKeyCreated = (facts: RequestFacts, subject: SigningKeySubject): AuditEvent =>
  event('signing_key_created', 'success', facts, subject);
/** Earlier than planned: what happens by time alone is no event. */
export const signingKeyActivated = (facts: RequestFacts, subject: SigningKeySubject): AuditEvent =>
  event('signing_key_activated', 'success', facts, subject);
export const signingKeyRetired = (facts: RequestFacts, subject: SigningKeySubject): AuditEvent =>
  event('signing_key_retired', 'success', facts, subject);
export const signingKeyRevoked = (facts: RequestFacts, subject: SigningKeySubject): AuditEvent =>
  event('signing_key_revoked', 'success', facts, subject);
