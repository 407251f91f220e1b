// `npm run -s m2m -- ...` against the running service, as an operator types it.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { runM2m, type Outcome } from '../cli/run-m2m.ts';
import { decoded, endpointsOf } from './endpoints.ts';
import { runningService } from './running-service.ts';
import { cleanEnvironment, PROJECT } from './service-process.ts';

const service = runningService();
const api = endpointsOf(service);
const m2m = (args: readonly string[], input = ''): Promise<Outcome> => runM2m(args, { env: { DATA_DIR: service.dataDir }, input });
async function json(args: readonly string[], input = ''): Promise<any> {
  const { code, stdout, stderr } = await m2m([...args, '--json'], input);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

it('the command of the documentation, by npm: exactly one JSON document on standard output', async () => {
  const words = [
    'clients',
    'create',
    '--name',
    'billing',
    '--scope',
    'read write',
    '--grant',
    'client_credentials',
    '--grant',
    'refresh_token',
    '--json',
  ];
  const { stdout } = await promisify(execFile)('npm', ['run', '-s', 'm2m', '--', ...words], {
    cwd: PROJECT,
    env: cleanEnvironment({ DATA_DIR: service.dataDir }),
  });
  const client = JSON.parse(stdout) as { client_id: string; client_secret: string };
  expect(client).toMatchObject({ client_name: 'billing', scope: 'read write', grant_types: ['client_credentials', 'refresh_token'] });
  expect((await api.token(client)).status).toBe(200);
});

it('a client from its creation to its end', async () => {
  const { client_id, client_secret } = await json(['clients', 'create', '--name', 'short lived', '--scope', 'read']);
  const credentials = ['--client-id', client_id, '--client-secret', client_secret];
  const { access_token } = await json(['token', ...credentials, '--scope', 'read']);
  expect((await api.protected(access_token)).status).toBe(200);
  expect(await json(['introspect', access_token, ...credentials])).toMatchObject({ active: true, client_id, scope: 'read' });
  expect(await json(['introspect', '-', ...credentials], access_token)).toMatchObject({ active: true });

  await json(['revoke', access_token, ...credentials]);
  expect((await api.protected(access_token)).status).toBe(401);
  expect(await json(['introspect', access_token, ...credentials])).toEqual({ active: false });

  await json(['clients', 'disable', client_id]);
  const refused = await m2m(['token', ...credentials, '--json']);
  expect([refused.code, refused.stdout]).toEqual([1, '']);
  expect(refused.stderr).toContain('invalid_client');
  await json(['clients', 'enable', client_id]);
  expect((await json(['token', ...credentials])).expires_in).toBe(900);
  expect(await json(['clients', 'show', client_id])).toMatchObject({ client_id, client_name: 'short lived', disabled: false });

  const events = (await json(['audit', '--client', client_id])) as readonly { event_type: string }[];
  expect(events.map(({ event_type }) => event_type)).toEqual(
    expect.arrayContaining(['client_created', 'login_success', 'token_revoked', 'client_disabled', 'login_failure', 'client_enabled']),
  );
});

it('explains a refusal by the trace id of its answer, which itself says no more than the RFC error', async () => {
  const wrong = await api.token({ ...service.demoService, client_secret: 'wrong' });
  expect(wrong.body).toEqual({ error: 'invalid_client', error_description: expect.any(String), trace_id: expect.any(String) });
  expect((await json(['explain', wrong.body.trace_id])).steps).toMatchObject([
    {
      outcome: 'refused',
      reason: 'secret_mismatch',
      detail: { method: 'client_secret_basic', wellFormed: false },
      client_id: 'demo-service',
    },
  ]);
  const token = await api.accessToken(service.demoService, { scope: 'read' });
  const refused = await api.call('/admin-only', { headers: { authorization: `Bearer ${token}` } });
  expect((await json(['explain', refused.body.trace_id])).steps).toMatchObject([
    {
      endpoint: 'authorizer',
      reason: 'scope_insufficient',
      detail: { rule: 'GET /admin-only', missingScopes: 'admin', missingRoles: 'admin' },
    },
  ]);
  const { stdout } = await m2m(['explain', refused.body.trace_id]);
  expect(stdout).toContain('The token lacks a scope that the route rule demands.');
  expect(stdout + JSON.stringify(refused.body)).not.toContain(token);
});

describe('without a client', () => {
  it('token asks as demo-service', async () => {
    const { stdout } = await m2m(['token', '--scope', 'read', '--raw']);
    expect(decoded(stdout.trim()).claims).toMatchObject({ client_id: 'demo-service', scope: 'read', iss: service.issuer });
  });

  it('a session is refreshed and then revoked', async () => {
    const { refresh_token } = await json(['token']);
    const second = await json(['token', '--refresh-token', '-'], refresh_token);
    await json(['revoke', second.refresh_token]);
    expect((await m2m(['token', '--refresh-token', second.refresh_token])).code).toBe(1);
  });

  it('clients list shows every client', async () => {
    const client = await api.register();
    const list = JSON.stringify(await json(['clients', 'list']));
    for (const id of ['demo-service', 'demo-admin', client.client_id]) expect(list).toContain(id);
  });
});

it('a service that is not there is an error on standard error, with a non-zero exit', async () => {
  const { code, stdout, stderr } = await runM2m(['token', '--json'], { env: { DATA_DIR: '/nonexistent' } });
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain('npm start');
});
