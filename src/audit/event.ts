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
  'token_invalid',
  'client_created',
  'client_changed',
  'client_disabled',
  'client_enabled',
  'client_deleted',
  'secret_added',
  'secret_ended',
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
