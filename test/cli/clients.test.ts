import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { basicOf, jwtOf, startFakeService, type FakeService } from './fake-service.ts';
import { runM2m, type Setting } from './run-m2m.ts';

let service: FakeService;
beforeEach(async () => void (service = await startFakeService()));
afterEach(() => service.close());
const m2m = (args: readonly string[], setting: Setting = {}) =>
  runM2m(args, { ...setting, env: { DATA_DIR: service.folder, ...setting.env } });

describe('clients create', () => {
  it('registers what the options say and prints one JSON document with id and secret', async () => {
    const { code, stdout, stderr } = await m2m([
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
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ client_id: 'cl_1', client_secret: 'm2m_cs_shown_once', client_name: 'billing' });
    const [token, create] = service.asked;
    expect(token).toMatchObject({ method: 'POST', path: '/token', form: { grant_type: 'client_credentials', scope: 'clients:manage' } });
    expect(token?.authorization).toBe(basicOf('demo-admin', 'secret-of-demo-admin'));
    expect(create).toMatchObject({ method: 'POST', path: '/clients', authorization: `Bearer ${jwtOf('demo-service')}` });
    expect(create?.json).toEqual({ client_name: 'billing', scope: 'read write', grant_types: ['client_credentials', 'refresh_token'] });
  });

  it('sends every option under its metadata name, lifetimes in seconds and counts as numbers', async () => {
    const options = {
      '--default-scope': 'read', '--role': 'user', '--audience': 'https://api.example.com', '--auth-method': 'client_secret_post',
      '--access-token-lifetime': '5m', '--refresh-token-lifetime': '7d', '--refresh-token-idle-lifetime': '3600', '--refresh-client-auth': 'none',
      '--rate-limit-per-minute': '10', '--rate-limit-burst': '3', '--ip-range': '192.0.2.0/24', '--may-introspect': 'any', '--contact': 'ops@example.com',
      '--owner': 'payments', '--tag': 'blue', '--secret-rotation': '90d,36h,2d', '--expires-at': '2027-01-31T00:00:00Z',
    }; // prettier-ignore
    expect((await m2m(['clients', 'create', ...Object.entries(options).flat()])).code).toBe(0);
    expect(service.asked[1]?.json).toEqual({
      default_scope: 'read', roles: ['user'], audiences: ['https://api.example.com'], token_endpoint_auth_method: 'client_secret_post',
      access_token_lifetime: 300, refresh_token_lifetime: 604_800, refresh_token_idle_lifetime: 3600, refresh_client_auth: 'none',
      rate_limit_per_minute: 10, rate_limit_burst: 3, ip_ranges: ['192.0.2.0/24'], may_introspect: 'any', contacts: ['ops@example.com'],
      owner: 'payments', tags: ['blue'], secret_rotation: { every_days: 90, unused_hours: 36, overlap_days: 2 }, client_expires_at: '2027-01-31T00:00:00Z',
    }); // prettier-ignore
  });

  it('tells people that the secret is shown once and how to use it', async () => {
    const { stdout } = await m2m(['clients', 'create', '--name', 'billing']);
    expect(stdout).toMatch(/^client_id +cl_1$/m);
    expect(stdout).toMatch(/^client_secret +m2m_cs_shown_once$/m);
    expect(stdout).toContain('shown only now');
    expect(stdout).toContain('npm run -s m2m -- token --client-id cl_1 --client-secret -');
  });

  it.each([
    [['--access-token-lifetime', 'soon'], '--access-token-lifetime must be a duration, not "soon".'],
    [['--secret-rotation', '36h'], '--secret-rotation must be whole days, not "36h".'],
    [['--secret-rotation', '90d,soon'], '--secret-rotation must be a duration, not "soon".'],
    [['--secret-rotation', '9d,9h,9d,9d'], '--secret-rotation has at most three durations'],
    [['--rate-limit-burst', '1.5'], '--rate-limit-burst must be a whole number, not "1.5".'],
    [['--scope', 'read', '--scope', 'write'], '--scope is given more than once.'],
    [['--nmae', 'x'], 'Unknown option --nmae. Did you mean --name?'],
    [['billing'], 'Unexpected "billing"'],
  ])('refuses %j before it calls anything', async (args, message) => {
    const { code, stdout, stderr } = await m2m(['clients', 'create', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(service.asked).toEqual([]);
  });

  it("shows the service's refusal with its trace id", async () => {
    service.answers.set('POST /clients', {
      status: 400,
      body: { error: 'invalid_client_metadata', error_description: 'scope is wrong', trace_id: 'abc' },
    });
    const { code, stdout, stderr } = await m2m(['clients', 'create', '--name', 'x', '--json']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('invalid_client_metadata: scope is wrong (HTTP 400, trace abc)');
  });
});

describe('clients create, when there is no answer', () => {
  const keys = () => service.asked.filter(({ path }) => path === '/clients').map(({ idempotencyKey }) => idempotencyKey);

  it('sends the same request again under the same key of its own, and another command takes another key', async () => {
    service.answers.set('POST /clients', { status: 503, body: { error: 'temporarily_unavailable' } });
    expect((await m2m(['clients', 'create', '--name', 'x'])).code).toBe(1);
    service.answers.clear();
    expect((await m2m(['clients', 'create', '--name', 'x'])).code).toBe(0);
    const [first, second, third, other] = keys();
    expect([second, third]).toEqual([first, first]);
    expect(first).toMatch(/^"[0-9a-f-]{36}"$/);
    expect(other).not.toBe(first);
  });

  it('sends no other refusal again, and takes a key of yours', async () => {
    service.answers.set('POST /clients', { status: 422, body: { error: 'invalid_request' } });
    await m2m(['clients', 'create', '--name', 'x', '--idempotency-key', 'mine']);
    expect(keys()).toEqual(['"mine"']);
  });
});

describe('clients delete', () => {
  beforeEach(() => void service.clients.set('cl_1', { client_id: 'cl_1' }));

  it('with --yes deletes that client', async () => {
    const { code, stdout } = await m2m(['clients', 'delete', 'cl_1', '--yes', '--json']);
    expect([code, JSON.parse(stdout)]).toEqual([0, { deleted: 'cl_1' }]);
    expect(service.asked.at(-1)).toMatchObject({ method: 'DELETE', path: '/clients/cl_1' });
    expect(service.clients.size).toBe(0);
  });

  it('without a terminal and without --yes does nothing, whatever standard input says', async () => {
    const { code, stdout, stderr } = await m2m(['clients', 'delete', 'cl_1'], { input: 'y\n' });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('say --yes');
    expect(service.asked).toEqual([]);
  });
});

describe('clients list', () => {
  it('follows the pages to the end', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) service.clients.set(name, { client_id: name });
    const { stdout } = await m2m(['clients', 'list', '--json']);
    expect(JSON.parse(stdout).items.map((client: any) => client.client_id)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('shows a table that cannot steer the terminal', async () => {
    service.clients.set('cl_1', {
      client_id: 'cl_1',
      client_name: '\u001b[2Jbilling\u202e',
      scope: 'read',
      roles: ['user'],
      disabled: true,
    });
    const { stdout } = await m2m(['clients', 'list']);
    expect(stdout).toBe('CLIENT ID  NAME          STATE     SCOPE  ROLES\ncl_1       ?[2Jbilling?  disabled  read   user\n');
  });

  it('says how to register one when there is none', async () => {
    expect((await m2m(['clients', 'list'])).stdout).toContain('help clients create');
  });
});

describe('clients show, update, disable, enable', () => {
  beforeEach(
    () =>
      void service.clients.set('cl_1', {
        client_id: 'cl_1',
        client_name: 'billing',
        scope: 'read',
        roles: ['user'],
        ip_ranges: ['192.0.2.0/24'],
        client_id_issued_at: 1_790_000_000,
        updated_at: 'x',
      }),
  );
  const put = () => service.asked.find(({ method }) => method === 'PUT')?.json;

  it('shows one client', async () => {
    expect(JSON.parse((await m2m(['clients', 'show', 'cl_1', '--json'])).stdout)).toMatchObject({
      client_id: 'cl_1',
      client_name: 'billing',
    });
  });

  it('keeps the id within its path segment', async () => {
    await m2m(['clients', 'show', '../token?x=1']);
    expect(service.asked.at(-1)?.path).toBe('/clients/..%2Ftoken%3Fx%3D1');
  });

  it('update sends everything back with the changes and without what is read-only', async () => {
    expect((await m2m(['clients', 'update', 'cl_1', '--scope', 'read write', '--clear', 'ip-range'])).code).toBe(0);
    expect(put()).toEqual({ client_id: 'cl_1', client_name: 'billing', scope: 'read write', roles: ['user'], ip_ranges: null });
  });

  it('update without a change is refused', async () => {
    const { code, stderr } = await m2m(['clients', 'update', 'cl_1']);
    expect(code).toBe(2);
    expect(stderr).toContain('No option says what to change.');
  });

  it.each([
    ['disable', true],
    ['enable', false],
  ])('%s changes that alone', async (verb, disabled) => {
    expect((await m2m(['clients', verb, 'cl_1'])).code).toBe(0);
    expect(put()).toEqual({
      client_id: 'cl_1',
      client_name: 'billing',
      scope: 'read',
      roles: ['user'],
      ip_ranges: ['192.0.2.0/24'],
      disabled,
    });
  });

  it('an unknown client is an error that says where to look', async () => {
    const { code, stderr } = await m2m(['clients', 'disable', 'nobody']);
    expect(code).toBe(1);
    expect(stderr).toContain('there is no such client');
    expect(stderr).toContain('clients list');
  });

  it('a missing id is a usage error', async () => {
    expect(await m2m(['clients', 'show'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('<client_id> is missing.'),
    });
  });
});
