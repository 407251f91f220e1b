import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jwtOf, startFakeService, type FakeService } from './fake-service.ts';
import { runM2m, type Setting } from './run-m2m.ts';

let service: FakeService;
beforeEach(async () => {
  service = await startFakeService();
});
afterEach(() => service.close());
const m2m = (args: readonly string[], setting: Setting = {}) => runM2m(args, { ...setting, env: { DATA_DIR: service.folder } });
const asked = () => service.asked.filter(({ path }) => path.startsWith('/clients'));

describe('api-keys add', () => {
  it('sends the terms that were given and a key of its own, and prints the answer as one JSON document', async () => {
    const terms = ['--name', 'export', '--scope', 'read', '--ip-range', '10.0.0.0/8', '--ip-range', '192.0.2.0/24', '--tag', 'a'];
    const more = ['--expires-at', '2027-01-31T00:00:00Z', '--rate-limit-per-minute', '7', '--json'];
    const { code, stdout } = await m2m(['api-keys', 'add', 'cl_1', ...terms, ...more]);
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { id: 'ak_1', api_key: 'm2m_ak_shown_once' }]);
    expect(asked()).toMatchObject([
      {
        method: 'POST',
        path: '/clients/cl_1/api-keys',
        json: {
          name: 'export',
          scope: 'read',
          expires_at: '2027-01-31T00:00:00Z',
          ip_ranges: ['10.0.0.0/8', '192.0.2.0/24'],
          rate_limit_per_minute: 7,
          tags: ['a'],
        },
      },
    ]);
    expect(asked()[0]?.idempotencyKey).toMatch(/^"[0-9a-f-]{36}"$/);
  });

  it('leaves out what was not given, and tells people that the key is shown only now', async () => {
    const { stdout } = await m2m(['api-keys', 'add', 'cl_1']);
    expect(stdout).toMatch(/^api_key +m2m_ak_shown_once$/m);
    expect(stdout).toContain('shown only now');
    expect(asked()[0]?.json).toEqual({});
  });

  it('refuses a limit that is no number', async () => {
    expect(await m2m(['api-keys', 'add', 'cl_1', '--rate-limit-per-minute', 'many'])).toMatchObject({ code: 2 });
    expect(asked()).toEqual([]);
  });
});

it('api-keys list shows what each may do and when it was last used, and cannot steer the terminal', async () => {
  const { stdout } = await m2m(['api-keys', 'list', 'cl_1']);
  expect(stdout.split('\n')[1]?.split(/ {2,}/)).toEqual([
    'ak_1',
    '?[2Jexport',
    'read',
    'active',
    'never',
    '10.0.0.0/8',
    '2026-11-20T13:00:00Z',
    '192.0.2.1',
  ]);
  expect(JSON.parse((await m2m(['api-keys', 'list', 'cl_1', '--json'])).stdout).items).toHaveLength(1);
});

it('api-keys expire asks before it ends one', async () => {
  expect((await m2m(['api-keys', 'expire', 'cl_1', 'ak_1'])).code).not.toBe(0);
  expect(asked()).toEqual([]);
  expect((await m2m(['api-keys', 'expire', 'cl_1', 'ak_1', '--yes', '--json'])).stdout).toContain('"ended": "ak_1"');
  expect(asked()).toMatchObject([{ method: 'DELETE', path: '/clients/cl_1/api-keys/ak_1' }]);
});

describe('token --api-key', () => {
  it('asks with the key alone, from standard input too', async () => {
    const { stdout } = await m2m(['token', '--api-key', '-', '--raw'], { input: 'm2m_ak_key\n' });
    expect(stdout).toBe(`${jwtOf('demo-service')}\n`);
    expect(service.asked).toMatchObject([
      { path: '/token', authorization: '', apiKey: 'm2m_ak_key', form: { grant_type: 'client_credentials' } },
    ]);
  });

  it.each([['--client', 'demo-admin'], ['--client-id', 'a'], ['--refresh-token', 'x'], ['--iam']])('excludes %s', async (...options) => {
    expect(await m2m(['token', '--api-key', 'm2m_ak_key', ...options])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('exclude each other') as string,
    });
    expect(service.asked).toEqual([]);
  });
});

it('secrets add --ip-range limits the secret', async () => {
  await m2m(['secrets', 'add', 'cl_1', '--ip-range', '10.0.0.0/8']);
  expect(asked()[0]?.json).toEqual({ ip_ranges: ['10.0.0.0/8'] });
});
