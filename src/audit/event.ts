/**
 * The audit event: one shape for the log line, the outbox map on an item, the bus and docs/audit.md.
 * All members are strings and always present (empty when unknown), because the pipe copies them by name.
 */
export const AUDIT_EVENT_TYPES = [
  'login_success',
  'login_failure',
  'token_refreshed',
  'token_revoked',
  'session_ended',
  'client_tokens_revoked',
  'refresh_token_reuse',
  'refresh_token_invalid',
  'rate_limit_exceeded',
  'client_under_attack',
  'network_blocked',
  'network_unblocked',
  'certificate_denied',
  'certificate_allowed',
  'token_invalid',
  'client_created',
  'client_changed',
  'client_disabled',
  'client_enabled',
  'client_deleted',
  'secret_added',
  'secret_ended',
  'secret_rotation_due',
  'secret_rotation_withdrawn',
  'secret_claimed',
  'secret_ending',
  'credential_expiring',
  'api_key_added',
  'api_key_ended',
  'trust_rule_added',
  'trust_rule_removed',
  'signing_key_created',
  'signing_key_activated',
  'signing_key_retired',
  'signing_key_revoked',
] as const;
export type AuditEventType = (typeof AUDIT_EVENT_TYPES)[number];

export const AUDIT_EVENT_FIELDS = [
  'event_id',
  'event_type',
  'outcome',
  'client_id',
  'sid',
  'jti',
  'amr',
  'ip',
  'user_agent',
  'reason',
  'trace_id',
  'timestamp',
] as const;

export type AuditEvent = {
  readonly [field in Exclude<(typeof AUDIT_EVENT_FIELDS)[number], 'event_type' | 'outcome'>]: string;
} & { readonly event_type: AuditEventType; readonly outcome: 'success' | 'failure' };
