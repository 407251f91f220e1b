import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFakeService, type FakeService } from './fake-service.ts';
import { runM2m, type Setting } from './run-m2m.ts';

let service: FakeService;
beforeEach(async () => {
  service = await startFakeService();
});
afterEach(() => service.close());
const m2m = (args: readonly string[], setting: Setting = {}) =>
  runM2m(['secrets', ...args], { ...setting, env: { DATA_DIR: service.folder } });
const asked = () => service.asked.filter(({ path }) => path.startsWith('/clients'));

describe('secrets add', () => {
  it('prints the secret once, as one JSON document, and sends a key of its own', async () => {
    const { code, stdout } = await m2m(['add', 'cl_1', '--expires-at', '2027-01-31T00:00:00Z', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ id: 's_1', client_secret: 'm2m_cs_shown_once', expires_at: '2027-01-31T00:00:00Z' });
    expect(asked()).toMatchObject([{ method: 'POST', path: '/clients/cl_1/secrets', json: { expires_at: '2027-01-31T00:00:00Z' } }]);
    expect(asked()[0]?.idempotencyKey).toMatch(/^"[0-9a-f-]{36}"$/);
  });

  it('tells people that it is shown only now', async () => {
    const { stdout } = await m2m(['add', 'cl_1']);
    expect(stdout).toMatch(/^client_secret +m2m_cs_shown_once$/m);
    expect(stdout).toContain('shown only now');
  });

  it('is sent again after a 503, under the same key', async () => {
    service.answers.set('POST /clients/cl_1/secrets', { status: 503, body: { error: 'temporarily_unavailable' } });
    const { code, stderr } = await m2m(['add', 'cl_1']);
    expect(code).toBe(1);
    expect(asked()).toHaveLength(3);
    const [key, ...others] = new Set(asked().map(({ idempotencyKey }) => idempotencyKey));
    expect(others).toEqual([]);
    // Whether it was done is not known: the next command can take the same key up.
    expect(stderr).toContain(`--idempotency-key ${key?.slice(1, -1)}`);
  });
});

describe('secrets list', () => {
  it('shows each with its age and last use, and cannot steer the terminal', async () => {
    const { stdout } = await m2m(['list', 'cl_1']);
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['SECRET', 'CREATED', 'EXPIRES', 'LAST USED', 'FROM', 'USER AGENT'],
      ['s_1', '2026-11-20T12:00:00Z', 'never', '2026-11-20T13:00:00Z', '192.0.2.1', '?[2Jbilling/4'],
      ['s_2', '2026-11-20T12:00:00Z', 'never', '-', '-', '-'],
      [''],
    ]);
  });

  it('is one JSON document', async () => {
    expect(JSON.parse((await m2m(['list', 'cl_1', '--json'])).stdout).items).toHaveLength(2);
  });
});

describe('secrets impact', () => {
  const HOUR = 3_600_000;
  const ago = (hours: number): string => new Date(Date.now() - hours * HOUR).toISOString();
  const secret = (id: string, created: number, used?: number, more: object = {}) => ({
    id,
    created_at: ago(created),
    ...(used === undefined ? {} : { last_used_at: ago(used), last_used_ip: '192.0.2.1', last_used_user_agent: `agent-of-${id}` }),
    ...more,
  });
  const answer = (client: string, items: readonly object[]) =>
    service.answers.set(`GET /clients/${client}/secrets`, { body: { items, next: null } });
  const json = async (args: readonly string[]) =>
    JSON.parse((await m2m(['impact', ...args, '--json'])).stdout).items as Record<string, string>[];

  it('says of each live secret who used it last, and what there is instead', async () => {
    answer('cl_1', [secret('old', 2400, 3), secret('new', 48, 1), secret('gone', 9, 1, { expires_at: ago(1) })]);
    const [old, fresh, ...more] = await json(['cl_1']);
    expect(more).toEqual([]);
    expect(old).toMatchObject({ id: 'old', use: 'in_use', others: 'in_use' });
    expect(old?.['breaks']).toBe('agent-of-old at 192.0.2.1, which used it 3 h ago; a newer one is in use');
    expect(fresh).toMatchObject({ id: 'new', use: 'in_use', others: 'unused' });
  });

  it('tells one that is quiet, one that was never used and the only one', async () => {
    answer('cl_1', [secret('old', 2400, 200), secret('new', 48)]);
    expect((await json(['cl_1'])).map(({ use, others }) => [use, others])).toEqual([
      ['quiet', 'unused'],
      ['never_used', 'unused'],
    ]);
    expect((await json(['cl_1', 'old', '--quiet', '30d'])).map(({ id, use }) => [id, use])).toEqual([['old', 'in_use']]);
    answer('cl_1', [secret('only', 2400)]);
    expect((await m2m(['impact', 'cl_1'])).stdout).toContain('breaks: nobody who was seen: it was never used; it is the only live secret');
  });

  it('cannot steer the terminal', async () => {
    const { stdout } = await m2m(['impact', 'cl_1']);
    expect(stdout).toContain('?[2Jbilling/4 at 192.0.2.1');
  });

  it('goes over all clients, oldest first, and waits where the service says so', async () => {
    service.clients.set('a', { client_id: 'a' }).set('b', { client_id: 'b' }).set('c', { client_id: 'c' });
    answer('a', [secret('young', 24, 1), secret('old', 2400, 1)]);
    answer('b', [secret('older', 2600)]);
    service.answers.set('GET /clients/c/secrets', { status: 429, headers: { 'retry-after': '1' }, body: { error: 'slow_down' } });
    setTimeout(() => answer('c', [secret('oldest', 4000, 1)]), 500);
    expect((await json(['--all'])).map(({ client_id, id }) => `${client_id} ${id}`)).toEqual(['c oldest', 'b older', 'a old']);
    expect((await m2m(['impact', '--all', '--older-than', '400d'])).stdout).toBe('No live secret is that old.\n');
  });

  it.each([
    [[], 'Give a client, or --all.'],
    [['cl_1', '--all'], 'Give a client, or --all.'],
    [['cl_1', '--older-than', '9d'], '--older-than goes with --all.'],
    [['cl_1', 's_9'], 'cl_1 has no live secret s_9.'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await m2m(['impact', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('secrets expire', () => {
  it('ends that secret, within its path', async () => {
    const { code, stdout } = await m2m(['expire', 'cl_1', '../x', '--yes', '--json']);
    expect([code, JSON.parse(stdout)]).toEqual([0, { client_id: 'cl_1', ended: '../x' }]);
    expect(asked()).toMatchObject([{ method: 'DELETE', path: '/clients/cl_1/secrets/..%2Fx' }]);
  });

  it('without a terminal and without --yes does nothing', async () => {
    const { code, stderr } = await m2m(['expire', 'cl_1', 's_1'], { input: 'y\n' });
    expect(code).toBe(2);
    expect(stderr).toContain('This ends the secret s_1 of cl_1');
    expect(service.asked).toEqual([]);
  });

  it('needs both ids', async () => {
    expect(await m2m(['expire', 'cl_1', '--yes'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('<secret_id> is missing') as string,
    });
  });
});
