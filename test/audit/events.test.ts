import { expect, it } from 'vitest';
import { AUDIT_EVENT_FIELDS, AUDIT_EVENT_TYPES, type AuditEvent } from '../../src/audit/event.ts';
import * as events from '../../src/audit/events.ts';

const FACTS: events.RequestFacts = {
  eventId: 'e-1',
  ip: '192.0.2.1',
  userAgent: 'agent/1',
  traceId: 'f'.repeat(32),
  nowMs: 1_800_000_000_123,
};
const SUBJECT = { client_id: 'c', sid: 's', jti: 'j', amr: 'client_secret ip', reason: 'rotated' as const };

const MADE: readonly (readonly [string, 'success' | 'failure', (facts: events.RequestFacts, subject: typeof SUBJECT) => AuditEvent])[] = [
  ['login_success', 'success', (facts, subject) => events.loginSuccess(facts, { ...subject, reason: 'reused' })],
  ['login_failure', 'failure', events.loginFailure],
  ['token_refreshed', 'success', events.tokenRefreshed],
  ['token_revoked', 'success', events.tokenRevoked],
  ['session_ended', 'success', events.sessionEnded],
  ['client_tokens_revoked', 'success', events.clientTokensRevoked],
  ['refresh_token_reuse', 'failure', events.refreshTokenReuse],
  ['refresh_token_invalid', 'failure', events.refreshTokenInvalid],
  ['rate_limit_exceeded', 'failure', events.rateLimitExceeded],
  ['client_under_attack', 'failure', events.clientUnderAttack],
  ['network_blocked', 'success', events.networkBlocked],
  ['network_unblocked', 'success', events.networkUnblocked],
  ['certificate_denied', 'success', events.certificateDenied],
  ['certificate_allowed', 'success', events.certificateAllowed],
  ['token_invalid', 'failure', events.tokenInvalid],
  ['client_created', 'success', events.clientCreated],
  ['client_changed', 'success', events.clientChanged],
  ['client_disabled', 'success', events.clientDisabled],
  ['client_enabled', 'success', events.clientEnabled],
  ['client_deleted', 'success', events.clientDeleted],
  ['secret_added', 'success', events.secretAdded],
  ['secret_ended', 'success', events.secretEnded],
  ['secret_rotation_due', 'success', events.secretRotationDue],
  ['secret_rotation_withdrawn', 'success', events.secretRotationWithdrawn],
  ['secret_claimed', 'success', events.secretClaimed],
  ['secret_ending', 'success', events.secretEnding],
  ['credential_expiring', 'success', events.credentialExpiring],
  ['api_key_added', 'success', events.apiKeyAdded],
  ['api_key_ended', 'success', events.apiKeyEnded],
  ['trust_rule_added', 'success', events.trustRuleAdded],
  ['trust_rule_removed', 'success', events.trustRuleRemoved],
  ['signing_key_created', 'success', events.signingKeyCreated],
  ['signing_key_activated', 'success', events.signingKeyActivated],
  ['signing_key_retired', 'success', events.signingKeyRetired],
  ['signing_key_revoked', 'success', events.signingKeyRevoked],
];

it.each(MADE)('%s (%s) says who, from where, why and when', (event_type, outcome, make) => {
  expect(make(FACTS, SUBJECT)).toEqual({
    event_id: 'e-1',
    event_type,
    outcome,
    client_id: 'c',
    sid: 's',
    jti: 'j',
    amr: 'client_secret ip',
    ip: '192.0.2.1',
    user_agent: 'agent/1',
    reason: event_type === 'login_success' ? 'reused' : 'rotated',
    trace_id: 'f'.repeat(32),
    timestamp: '2027-01-15T08:00:00.123Z',
  });
});

it('has a maker for every type', () => {
  expect(MADE.map(([type]) => type)).toEqual(AUDIT_EVENT_TYPES);
});

it('says what is not known with an empty string, so that every event has exactly the documented fields, all of them strings', () => {
  const event = events.loginFailure(FACTS, { client_id: '', reason: 'x' });
  expect(Object.keys(event)).toEqual(AUDIT_EVENT_FIELDS);
  expect(event).toMatchObject({ sid: '', jti: '', amr: '' });
  const bare = events.sessionEnded(FACTS, {} as Parameters<typeof events.sessionEnded>[1]);
  expect(Object.keys(bare)).toEqual(AUDIT_EVENT_FIELDS);
  expect(bare).toMatchObject({ client_id: '', reason: '' });
});
