// Every audit event, by what causes it: in the log, in the outbox of the item that it changed, with exactly the documented fields.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AUDIT_EVENT_FIELDS, AUDIT_EVENT_TYPES, type AuditEvent, type AuditEventType } from '../../src/audit/event.ts';
import { claimsOf } from '../endpoints/access-token.ts';
import type { Answer, Sent } from '../endpoints/request.ts';
import { useService, type Registered } from '../endpoints/service-under-test.ts';

const service = useService();
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const HEADERS = { traceparent: `00-${TRACE}-00f067aa0ba902b7-01`, 'user-agent': 'billing/4.2 \u00e4\u0007' };
const BOTH = { grant_types: ['client_credentials', 'refresh_token'], ip_ranges: ['203.0.113.0/24'] };
const GRANT = { grant_type: 'client_credentials' };
type Tokens = { readonly access_token: string; readonly refresh_token: string };

let client: Registered;
let bearer: string;
const seen = new Set<AuditEventType>();
beforeAll(async () => {
  client = await service.register(BOTH);
  const manager = await service.register({ scope: 'read clients:manage' }, 'manager');
  bearer = (await send({ to: 'POST /token', basic: manager, form: { ...GRANT, scope: 'clients:manage' } })).body.access_token as string;
});
afterAll(() => {
  expect([...seen, ...CAUSED_BY_SCHEDULES].toSorted()).toEqual([...AUDIT_EVENT_TYPES].toSorted());
});

/** No request causes these: see endpoints/upkeep, endpoints/fleet-rotation and signing/key-rotation. */
const CAUSED_BY_SCHEDULES: readonly AuditEventType[] = [
  'secret_rotation_due',
  'secret_rotation_withdrawn',
  'secret_ending',
  'credential_expiring',
  'signing_key_created',
  'signing_key_activated',
  'signing_key_retired',
  'signing_key_revoked',
];

const send = (sent: Sent): Promise<Answer> => service.send({ ...sent, headers: { ...HEADERS, ...sent.headers } });
const start = async (of = client): Promise<Tokens> => (await send({ to: 'POST /token', basic: of, form: GRANT })).body as Tokens;
const refresh = (refresh_token: string, more: Partial<Sent> = { basic: client }): Promise<Answer> =>
  send({ to: 'POST /refresh', form: { refresh_token }, ...more });

/** The events of the log and, of each item that now carries another event than before, of the outbox. */
async function eventsOf(cause: () => Promise<unknown>): Promise<{ logged: readonly AuditEvent[]; stored: readonly AuditEvent[] }> {
  const idsBefore = new Set((await outbox()).map(({ event_id }) => event_id));
  service.log.clear();
  await cause();
  const found = { logged: [...service.audit()], stored: (await outbox()).filter(({ event_id }) => !idsBefore.has(event_id)) };
  for (const event of [...found.logged, ...found.stored]) expectWellFormed(event);
  return found;
}
const outbox = async (): Promise<readonly AuditEvent[]> =>
  (await service.engine.items()).flatMap(({ event }) => (event === undefined ? [] : [event as AuditEvent]));

function expectWellFormed(event: AuditEvent): void {
  expect(Object.keys(event).toSorted()).toEqual([...AUDIT_EVENT_FIELDS].toSorted());
  for (const [field, value] of Object.entries(event)) expect(typeof value, field).toBe('string');
  expect(event.timestamp).toBe(new Date(service.now() * 1000).toISOString());
  expect(event).toMatchObject({ ip: '203.0.113.7', user_agent: 'billing/4.2 ??', trace_id: TRACE });
  expect(event.event_id).toMatch(/^[0-9a-f-]{36}$/);
  expect(AUDIT_EVENT_TYPES).toContain(event.event_type);
  seen.add(event.event_type);
}

describe('what is issued', () => {
  it('login_success is a log line for an access token alone', async () => {
    const plain = await service.register();
    let token = '';
    const { logged, stored } = await eventsOf(async () => {
      token = (await start(plain)).access_token;
    });
    expect(logged).toMatchObject([
      {
        event_type: 'login_success',
        outcome: 'success',
        client_id: plain.client_id,
        jti: claimsOf(token)['jti'] as string,
        amr: 'client_secret',
        sid: '',
        reason: '',
      },
    ]);
    expect(stored.filter(({ event_type }) => event_type === 'login_success')).toEqual([]);
  });

  it('login_success rides with a new session, under the same id as its log line', async () => {
    let tokens: Tokens | undefined;
    const { logged, stored } = await eventsOf(async () => {
      tokens = await start();
    });
    const { sid, jti } = claimsOf(tokens!.access_token) as { sid: string; jti: string };
    expect(stored).toMatchObject([
      { event_type: 'login_success', outcome: 'success', client_id: client.client_id, sid, jti, amr: 'client_secret ip' },
    ]);
    expect(logged).toEqual(stored);
  });

  it('login_success rides with the rate window in strict audit mode', async () => {
    service.coldStart({ AUDIT_MODE: 'strict' });
    const plain = await service.register();
    const { logged, stored } = await eventsOf(() => start(plain));
    expect(stored).toMatchObject([{ event_type: 'login_success', client_id: plain.client_id }]);
    expect(logged).toEqual(stored);
    service.coldStart();
  });

  it('token_refreshed rides with the rotation; a replay is a log line that says so', async () => {
    const { refresh_token, access_token } = await start();
    const subject = {
      event_type: 'token_refreshed',
      outcome: 'success',
      client_id: client.client_id,
      sid: claimsOf(access_token)['sid'] as string,
      amr: 'client_secret ip',
    };
    const rotated = await eventsOf(() => refresh(refresh_token));
    expect(rotated.stored).toMatchObject([{ ...subject, reason: 'rotated' }]);
    const replayed = await eventsOf(() => refresh(refresh_token));
    expect(replayed).toMatchObject({ logged: [{ ...subject, reason: 'replayed' }], stored: [] });
    expect(replayed.logged[0]?.jti).not.toBe(rotated.stored[0]?.jti);
  });
});

describe('what is ended', () => {
  it('token_revoked rides with the revocation', async () => {
    const { access_token } = await start();
    const { jti, sid } = claimsOf(access_token) as { jti: string; sid: string };
    const { stored } = await eventsOf(() => send({ to: 'POST /revoke', basic: client, form: { token: access_token } }));
    expect(stored).toMatchObject([
      { event_type: 'token_revoked', outcome: 'success', client_id: client.client_id, jti, sid, reason: 'requested_by_client' },
    ]);
  });

  it('session_ended rides with the session', async () => {
    const { refresh_token, access_token } = await start();
    const { stored } = await eventsOf(() => send({ to: 'POST /revoke', basic: client, form: { token: refresh_token } }));
    expect(stored).toMatchObject([
      {
        event_type: 'session_ended',
        outcome: 'success',
        client_id: client.client_id,
        sid: claimsOf(access_token)['sid'] as string,
        reason: 'requested_by_client',
      },
    ]);
  });

  it('client_tokens_revoked rides with the client', async () => {
    const { stored } = await eventsOf(() => send({ to: 'POST /revoke', basic: client, form: { all: 'true' } }));
    expect(stored).toMatchObject([
      { event_type: 'client_tokens_revoked', outcome: 'success', client_id: client.client_id, reason: 'requested_by_client' },
    ]);
  });

  it('refresh_token_reuse rides with the session that it ended, under the same id as its log line', async () => {
    const first = await start();
    const second = (await refresh(first.refresh_token)).body as Tokens;
    await refresh(second.refresh_token);
    const { logged, stored } = await eventsOf(() => refresh(first.refresh_token));
    const event = {
      event_type: 'refresh_token_reuse',
      outcome: 'failure',
      client_id: client.client_id,
      sid: claimsOf(first.access_token)['sid'] as string,
      reason: 'refresh_token_reused',
    };
    expect(stored).toMatchObject([event]);
    expect(logged).toEqual(stored);
  });
});

describe('what is refused', () => {
  it.each<[string, string, (wrong: Registered, token: string) => Sent]>([
    ['login_failure', 'secret_mismatch', (wrong) => ({ to: 'POST /token', basic: { ...wrong, client_secret: 'x' }, form: GRANT })],
    ['login_failure', 'scope_not_allowed', (wrong) => ({ to: 'POST /token', basic: wrong, form: { ...GRANT, scope: 'admin' } })],
    [
      'login_failure',
      'resource_not_allowed',
      (wrong) => ({ to: 'POST /token', basic: wrong, form: { ...GRANT, resource: 'https://x.example' } }),
    ],
    [
      'login_failure',
      'secret_mismatch',
      (wrong) => ({ to: 'POST /introspect', basic: { ...wrong, client_secret: 'x' }, form: { token: 'x' } }),
    ],
    [
      'login_failure',
      'secret_mismatch',
      (wrong) => ({ to: 'POST /revoke', basic: { ...wrong, client_secret: 'x' }, form: { token: 'x' } }),
    ],
    [
      'refresh_token_invalid',
      'refresh_token_foreign',
      (wrong, token) => ({ to: 'POST /refresh', basic: wrong, form: { refresh_token: token } }),
    ],
  ])('%s (%s) goes to the log and, the first of a minute, to the outbox', async (event_type, reason, sent) => {
    const wrong = await service.register(BOTH);
    const request = sent(wrong, (await start()).refresh_token);
    const { logged, stored } = await eventsOf(() => send(request));
    expect(logged).toMatchObject([{ event_type, outcome: 'failure', client_id: wrong.client_id, reason }]);
    expect(stored).toEqual(logged);
    const again = await eventsOf(() => send(request));
    expect(again).toMatchObject({ logged: [{ event_type, reason }], stored: [] });
  });

  it.each<[string, string, () => Sent]>([
    [
      'refresh_token_invalid',
      'refresh_token_malformed',
      () => ({ to: 'POST /refresh', basic: client, form: { refresh_token: 'garbage' } }),
    ],
    ['token_invalid', 'token_malformed', () => ({ to: 'GET /clients', bearer: 'garbage' })],
    ['token_invalid', 'not_ours', () => ({ to: 'POST /revoke', bearer: 'garbage' })],
    ['login_failure', 'credentials_malformed', () => ({ to: 'POST /token', headers: { authorization: 'Basic x' }, form: GRANT })],
    ['login_failure', 'several_methods', () => ({ to: 'POST /token', basic: client, form: { ...GRANT, client_secret: 'x' } })],
  ])('%s (%s) by a caller that proves nothing is a log line alone', async (event_type, reason, sent) => {
    const { logged, stored } = await eventsOf(() => send(sent()));
    expect(logged).toMatchObject([{ event_type, outcome: 'failure', client_id: '', reason }]);
    expect(stored).toEqual([]);
  });

  it('token_invalid names the client and the token once they are known', async () => {
    const plain = await service.register();
    const { access_token } = await start(plain);
    const { logged } = await eventsOf(() => send({ to: 'GET /clients', bearer: access_token }));
    expect(logged).toMatchObject([
      {
        event_type: 'token_invalid',
        outcome: 'failure',
        client_id: plain.client_id,
        jti: claimsOf(access_token)['jti'] as string,
        reason: 'bearer_scope_insufficient',
      },
    ]);
  });

  it('rate_limit_exceeded names the client and the network', async () => {
    const limited = await service.register({ rate_limit_per_minute: 1, rate_limit_burst: 0 });
    await start(limited);
    const { logged, stored } = await eventsOf(() => start(limited));
    expect(logged).toMatchObject([
      { event_type: 'rate_limit_exceeded', outcome: 'failure', client_id: limited.client_id, reason: 'rate_limited' },
    ]);
    expect(stored).toEqual(logged);
  });

  it('what is merely malformed is no audit event', async () => {
    const { logged } = await eventsOf(() => send({ to: 'POST /token', basic: client, form: { grant_type: 'x' } }));
    expect(logged).toEqual([]);
  });
});

describe('what becomes of clients', () => {
  const byManager = { outcome: 'success', reason: 'by:manager' };
  it('client_created, _changed, _disabled and _enabled ride with the client and say who did it', async () => {
    let client_id = '';
    const created = await eventsOf(async () => {
      client_id = (await send({ to: 'POST /clients', bearer, json: { scope: 'read' } })).body.client_id as string;
    });
    expect(created.stored).toMatchObject([{ event_type: 'client_created', client_id, ...byManager }]);
    // Which fields, by their names alone.
    const steps: readonly (readonly [string, object, string])[] = [
      ['client_changed', { scope: 'read write' }, ' scope'],
      ['client_disabled', { disabled: true }, ' scope,disabled'],
      ['client_changed', { disabled: true, client_name: 'x' }, ' client_name'],
      ['client_enabled', {}, ' client_name,disabled'],
      ['client_changed', {}, ''],
    ];
    for (const [event_type, json, changed] of steps) {
      const { stored } = await eventsOf(() => send({ to: `PUT /clients/${client_id}`, bearer, json }));
      expect(stored).toMatchObject([{ event_type, client_id, outcome: 'success', reason: `by:manager${changed}` }]);
    }
  });

  it('secret_added, secret_ended and client_deleted do too, and say which secret', async () => {
    const { client_id } = await service.register();
    let id = '';
    const added = await eventsOf(async () => {
      id = (await send({ to: `POST /clients/${client_id}/secrets`, bearer })).body.id as string;
    });
    const ended = await eventsOf(() => send({ to: `DELETE /clients/${client_id}/secrets/${id}`, bearer }));
    const deleted = await eventsOf(() => send({ to: `DELETE /clients/${client_id}`, bearer }));
    const which = { client_id, outcome: 'success', reason: `by:manager ${id}` };
    expect(added.stored).toMatchObject([{ event_type: 'secret_added', ...which }]);
    expect(ended.stored).toMatchObject([{ event_type: 'secret_ended', ...which }]);
    expect(deleted.stored).toMatchObject([{ event_type: 'client_deleted', client_id, ...byManager }]);
  });

  it('trust_rule_added and trust_rule_removed do too, and say which rule', async () => {
    const { client_id } = await service.register();
    let id = '';
    const rule = { client_id, issuer: 'https://idp.example.com', conditions: [{ claim: 'sub', equals: 'ci' }] };
    const added = await eventsOf(async () => {
      id = (await send({ to: 'POST /trust-rules', bearer, json: rule })).body.id as string;
    });
    const removed = await eventsOf(() => send({ to: `DELETE /trust-rules/${id}`, bearer }));
    expect(added.stored).toMatchObject([{ event_type: 'trust_rule_added', client_id, reason: `by:manager ${id}` }]);
    expect(removed.stored).toMatchObject([{ event_type: 'trust_rule_removed', client_id, reason: `by:manager ${id}` }]);
  });

  it('api_key_added and api_key_ended do too, and say by sid which key', async () => {
    const { client_id } = await service.register();
    let sid = '';
    const added = await eventsOf(async () => {
      sid = (await send({ to: `POST /clients/${client_id}/api-keys`, bearer })).body.id as string;
    });
    const ended = await eventsOf(() => send({ to: `DELETE /clients/${client_id}/api-keys/${sid}`, bearer }));
    expect(added.stored).toMatchObject([{ event_type: 'api_key_added', client_id, sid, ...byManager }]);
    expect(ended.stored).toMatchObject([{ event_type: 'api_key_ended', client_id, sid, ...byManager }]);
  });
});

describe('what is kept out', () => {
  it('network_blocked and network_unblocked ride with the list and say which network', async () => {
    const json = { cidr: '198.51.100.0/24' };
    const blocked = await eventsOf(() => send({ to: 'POST /blocks', bearer, json }));
    const query = new URLSearchParams({ cidr: json.cidr }).toString();
    const unblocked = await eventsOf(() => send({ to: 'DELETE /blocks', bearer, query }));
    expect(blocked.stored).toMatchObject([{ event_type: 'network_blocked', outcome: 'success' }]);
    expect(unblocked.stored).toMatchObject([{ event_type: 'network_unblocked', outcome: 'success' }]);
    for (const { reason } of [...blocked.stored, ...unblocked.stored]) expect(reason).toContain(`by:manager ${json.cidr}`);
  });

  it('certificate_denied and certificate_allowed ride with the certificate and say which', async () => {
    const thumbprint = 'A'.repeat(43);
    let id = '';
    const denied = await eventsOf(async () => {
      id = (await send({ to: 'POST /denied-certificates', bearer, json: { 'x5t#S256': thumbprint } })).body.id as string;
    });
    const query = new URLSearchParams({ id }).toString();
    const allowed = await eventsOf(() => send({ to: 'DELETE /denied-certificates', bearer, query }));
    expect(denied.stored).toMatchObject([{ event_type: 'certificate_denied', outcome: 'success' }]);
    expect(allowed.stored).toMatchObject([{ event_type: 'certificate_allowed', outcome: 'success' }]);
    for (const { reason } of [...denied.stored, ...allowed.stored]) expect(reason).toContain(`by:manager ${id}`);
  });

  it('client_under_attack is told once for a window, whoever guesses', async () => {
    service.coldStart({ LOCKOUT: JSON.stringify({ failures: 5, window: 900, first_delay: 30, max_delay: 1800, at_once: 400 }) });
    const victim = await service.register();
    const basic = { ...victim, client_secret: 'wrong' };
    service.log.clear();
    for (let guess = 0; guess < 60; guess += 1) await service.send({ to: 'POST /token', basic, form: GRANT, ip: `192.0.2.${guess}` });
    const told = service.audit().filter(({ event_type }) => event_type === 'client_under_attack');
    expect(told).toMatchObject([{ client_id: victim.client_id }]);
    seen.add('client_under_attack');
    service.coldStart();
  });
});

describe('what clients do for themselves', () => {
  it('secret_claimed rides with the client that was given its next secret', async () => {
    const rotating = await service.register({ secret_rotation: { every_days: 30 } });
    const { stored } = await eventsOf(() =>
      send({ to: `POST /clients/${rotating.client_id}/secrets/rotation`, basic: rotating, form: { exchange: 'now' } }),
    );
    expect(stored.filter(({ event_type }) => event_type === 'secret_claimed')).toMatchObject([
      { client_id: rotating.client_id, outcome: 'success' },
    ]);
  });
});
