// Typical records, as the service would store them.
import type { AuditEvent } from '../../src/audit/event.ts';
import type { Client } from '../../src/clients/client.ts';
import type { RateWindow, Rotation } from '../../src/endpoints/stores.ts';
import type { Session } from '../../src/tokens/session.ts';

export const NOW = 1_800_000_000;

export const auditEvent = (members: Partial<AuditEvent> = {}): AuditEvent => ({
  event_id: '3f1c8a52-6c0a-4b59-9d0e-6a1f0c1d2e3f',
  event_type: 'token_refreshed',
  outcome: 'success',
  client_id: 'billing-service-7Q2mXk',
  sid: 'Zm9vYmFyYmF6cXV4cXV1eA',
  jti: 'AbCdEfGhIjKlMnOpQrStUv',
  amr: 'client_secret',
  ip: '203.0.113.57',
  user_agent: 'billing/4.2 (linux; x64) node-fetch/3.3.2',
  reason: '',
  trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
  timestamp: '2027-01-15T08:00:00.000Z',
  ...members,
});

export const client = (members: Partial<Client> = {}): Client => ({
  client_id: 'billing-service-7Q2mXk',
  client_name: 'Billing',
  grant_types: ['client_credentials', 'refresh_token'],
  token_endpoint_auth_method: 'client_secret_basic',
  scope: ['read', 'write'],
  roles: ['user'],
  refresh_token_lifetime: 604_800,
  refresh_token_idle_lifetime: 0,
  refresh_client_auth: 'required',
  ip_ranges: [],
  may_introspect: 'own',
  disabled: false,
  secrets: [{ id: 's1', pepper: 'k1', digest: 'n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg', created_at: NOW }],
  epoch: 1,
  version: 1,
  client_id_issued_at: NOW,
  updated_at: NOW,
  ...members,
});

export const session = (members: Partial<Session> = {}): Session => ({
  client_id: 'billing-service-7Q2mXk',
  sid: 'Zm9vYmFyYmF6cXV4cXV1eA',
  status: 'active',
  generation: 1,
  mac_key: 'k1',
  scope: ['read', 'write'],
  audience: 'https://abcdef1234.execute-api.eu-central-1.amazonaws.com',
  amr: ['client_secret'],
  epoch: 1,
  created_at: NOW,
  last_used_at: NOW,
  expires_at: NOW + 604_800,
  last_access_exp: NOW + 900,
  ip: '203.0.113.57',
  user_agent: 'billing/4.2 (linux; x64) node-fetch/3.3.2',
  ...members,
});

export const rotation = (members: Partial<Rotation> = {}): Rotation => ({
  clientId: 'billing-service-7Q2mXk',
  sid: 'Zm9vYmFyYmF6cXV4cXV1eA',
  fromGeneration: 1,
  rotatedBy: 'o0cKxJ8mQ2eYb1sT9uVw3A',
  rotatedAtMs: (NOW + 60) * 1000 + 123,
  macKey: 'k2',
  accessExp: NOW + 960,
  ip: '203.0.113.58',
  userAgent: 'billing/4.3',
  event: auditEvent({ event_id: 'rotation-event' }),
  ...members,
});

export const rateWindow = (members: Partial<RateWindow> = {}): RateWindow => ({
  endpoint: 'token',
  subject: 'billing-service-7Q2mXk',
  network: '203.0.113.57',
  minute: NOW / 60,
  ...members,
});
