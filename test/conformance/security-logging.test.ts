// SECURITY 113 and 114: what is written down, and what never is.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { auditTrail, eventsOf } from '../e2e/audit-trail.ts';
import { basic, bearer, form } from '../e2e/call.ts';
import { decoded, endpointsOf } from '../e2e/endpoints.ts';
import { runningService } from '../e2e/running-service.ts';
import { secretsIn } from '../e2e/secrets-in-text.ts';
import { forged } from '../e2e/signed-tokens.ts';

const service = runningService();
const api = endpointsOf(service);
const { call, token, refresh, revoke, introspect, register } = api;

it('no secret, token or Authorization value is in any log, whatever went wrong', async () => {
  const client = await register({ refresh_client_auth: 'none' });
  const other = await register();
  const first = (await token(client)).body;
  const second = (await refresh(client, first.refresh_token)).body;
  const wrong = `${client.client_secret.slice(0, -1)}x`;
  await Promise.all([
    token({ ...client, client_secret: wrong }),
    token(client, { scope: client.client_secret }),
    token(client, { grant_type: client.client_secret }),
    token(client, { resource: `https://${client.client_secret}` }),
    token({ client_id: client.client_secret, client_secret: client.client_id }),
    token(client, {}, { headers: { 'user-agent': `agent ${first.access_token}`.slice(0, 400), traceparent: client.client_secret } }),
    call('/token', {
      method: 'POST',
      headers: basic(client),
      body: form({ grant_type: 'client_credentials', client_secret: client.client_secret }),
    }),
    call(`/token?client_secret=${client.client_secret}`, { method: 'POST', headers: basic(client) }),
    call(`/${first.access_token}`),
    call('/refresh', { method: 'POST', body: { refresh_token: `${second.refresh_token}x` } }),
    refresh(other, second.refresh_token),
    api.protected(forged(first.access_token)),
    api.protected(second.refresh_token),
    call('/clients', { headers: bearer(first.access_token) }),
    call(`/clients/${second.refresh_token}`, { headers: bearer(await api.managementToken()) }),
    api.manage('POST', '/clients', { client_name: 7, secret: client.client_secret }),
    introspect(client, second.access_token),
    revoke(client, { token: first.access_token }),
  ]);
  await refresh(client, (await refresh(client, second.refresh_token)).body.refresh_token);
  await refresh(client, first.refresh_token);

  const written = ['logs.jsonl', 'audit.jsonl'].map((file) => readFileSync(join(service.dataDir, file), 'utf8')).join('\n');
  const holds = (text: string): boolean => written.includes(text); // a failing match must not print the log
  expect(holds(client.client_id)).toBe(true);
  for (const secret of [
    client.client_secret,
    wrong,
    first.access_token,
    first.refresh_token,
    second.access_token,
    second.refresh_token,
    service.demoAdmin.client_secret,
  ]) {
    expect(holds(secret), secret.slice(0, 16)).toBe(false);
    expect(secret.split('.').filter((part: string) => part.length > 40 && holds(part))).toEqual([]);
  }
  expect(secretsIn(written)).toEqual([]);
});

it('one JSON object a line, with time, level and message; control characters never break a line', async () => {
  const agent = 'agent"}{"level":"FATAL" \u00ff\t';
  await token({ client_id: 'nobody', client_secret: 'x' }, {}, { headers: { 'user-agent': agent } });
  await token(service.demoService, { scope: 'a\r\n{"level":"FATAL"}' });
  const lines = readFileSync(join(service.dataDir, 'logs.jsonl'), 'utf8').trim().split('\n');
  for (const line of lines) {
    const record = JSON.parse(line) as Record<string, unknown>;
    if ('_aws' in record) continue; // a metric
    expect(record).toMatchObject({
      timestamp: expect.stringMatching(/^\d{4}-/),
      level: expect.stringMatching(/^(?:INFO|WARN|ERROR)$/),
      message: expect.any(String),
    });
    expect(line).not.toMatch(/[\u0000-\u001f\u007f]/);
  }
});

it('the event of a request is in the trail before its answer, with who, what, where and why', async () => {
  const client = await register();
  const types = () => eventsOf(service, client.client_id).map(({ event_type }) => event_type);
  const expected = ['client_created'];
  const step = async (type: string, act: () => Promise<unknown>): Promise<void> => {
    await act();
    expected.push(type);
    expect(types()).toEqual(expected);
  };
  let session: any;
  await step('login_success', async () => (session = (await token(client)).body));
  await step('login_failure', () => token({ ...client, client_secret: 'wrong' }));
  await step('token_refreshed', async () => (session = (await refresh(client, session.refresh_token)).body));
  await step('token_revoked', () => revoke(client, { token: session.access_token }));
  await step('session_ended', () => revoke(client, { token: session.refresh_token }));
  await step('refresh_token_invalid', () => refresh(client, session.refresh_token));
  await step('client_tokens_revoked', () => revoke(client, { all: 'true' }));

  const [, success, failure] = eventsOf(service, client.client_id);
  const { sid } = decoded(session.access_token).claims;
  expect(success).toMatchObject({ outcome: 'success', sid, amr: 'client_secret', ip: '127.0.0.1', reason: expect.any(String) });
  expect(failure).toMatchObject({ outcome: 'failure', reason: 'secret_mismatch', trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) });
});

it('an event is in the trail once, although refusals are told twice', () => {
  const ids = auditTrail(service).map(({ event_id }) => event_id);
  expect(new Set(ids).size).toBe(ids.length);
});

it('metrics never have a client for a dimension', () => {
  const lines = readFileSync(join(service.dataDir, 'logs.jsonl'), 'utf8').trim().split('\n');
  const dimensions = lines
    .filter((line) => line.includes('"_aws"'))
    .flatMap((line) => JSON.parse(line)._aws.CloudWatchMetrics.flatMap((metric: any) => metric.Dimensions.flat()));
  expect(dimensions.length).toBeGreaterThan(0);
  expect(dimensions.filter((name: string) => /client|ip|sid|jti|agent/i.test(name))).toEqual([]);
});
