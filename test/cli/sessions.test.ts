import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { basicOf, jwtOf, startFakeService, type FakeService } from './fake-service.ts';
import { runM2m, type Setting } from './run-m2m.ts';

let service: FakeService;
beforeEach(async () => void (service = await startFakeService()));
afterEach(() => service.close());
const m2m = (args: readonly string[], setting: Setting = {}) =>
  runM2m(args, { ...setting, env: { DATA_DIR: service.folder, ...setting.env } });
/** The same service by its URL, as the client of the environment. */
const remote = (args: readonly string[]) =>
  runM2m([...args, '--issuer', service.issuer], { env: { M2M_CLIENT_ID: 'billing', M2M_CLIENT_SECRET: 's' } });
const asked = () => service.asked.map(({ method, path }) => `${method} ${path}`);
const session = (sid: string, minute: number, members: object = {}) => ({
  sid,
  client_id: 'billing',
  scope: 'read write',
  created_at: '2026-11-21T01:00:00Z',
  last_used_at: `2026-11-21T01:0${minute}:00Z`,
  expires_at: '2026-11-28T01:00:00Z',
  ip: '203.0.113.7',
  user_agent: 'billing/4.2',
  binding: null,
  status: 'active',
  ...members,
});

describe('sessions list', () => {
  it('asks as the manager for the client that is named, follows the pages, and shows what was used last first', async () => {
    service.sessions.push(session('a', 1), session('b', 3), session('c', 2));
    const { code, stdout, stderr } = await m2m(['sessions', 'list', '--client', 'billing', '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout).items.map(({ sid }: { sid: string }) => sid)).toEqual(['b', 'c', 'a']);
    const [token, first] = service.asked;
    expect(token?.authorization).toBe(basicOf('demo-admin', 'secret-of-demo-admin'));
    expect(token?.form).toMatchObject({ scope: 'clients:manage' });
    expect(first?.authorization).toBe(`Bearer ${jwtOf('demo-service')}`);
    expect(asked().slice(1)).toEqual(['GET /sessions?client_id=billing&limit=100', 'GET /sessions?client_id=billing&limit=100&cursor=2']);
  });

  it('is a table that cannot steer the terminal', async () => {
    service.sessions.push(session('a', 1, { user_agent: '\u001b[2Jx', status: 'ended' }));
    const [title, line] = (await m2m(['sessions', 'list', '--client', 'billing'])).stdout.split('\n');
    expect(title).toMatch(/^SID +STATUS +LAST USED +EXPIRES +FROM +SCOPE +USER AGENT$/);
    expect(line).toMatch(/^a +ended +2026-11-21T01:01:00Z +2026-11-28T01:00:00Z +203\.0\.113\.7 +read write +\?\[2Jx$/);
  });

  it('without a client is about demo-service, locally', async () => {
    expect((await m2m(['sessions', 'list'])).stdout).toBe('No sessions.\n');
    expect(asked().at(-1)).toBe('GET /sessions?client_id=demo-service&limit=100');
  });

  it('without a client, elsewhere, is about the one that asks, and leaves no session behind', async () => {
    const token = `e30.${Buffer.from(JSON.stringify({ client_id: 'billing', sid: 'mine' })).toString('base64url')}.c2ln`;
    service.answers.set('POST /token', { body: { access_token: token, token_type: 'Bearer', expires_in: 900, scope: 'read' } });
    service.sessions.push(session('a', 1), session('mine', 2));
    const { stdout } = await remote(['sessions', 'list', '--json']);
    expect(JSON.parse(stdout).items.map(({ sid }: { sid: string }) => sid)).toEqual(['a']);
    expect(asked()).toEqual(['POST /token', 'GET /sessions?limit=100', 'POST /revoke']);
    expect(service.asked[0]?.form).not.toHaveProperty('scope');
    expect(service.asked.at(-1)).toMatchObject({ authorization: `Bearer ${token}`, form: { end_session: 'true' } });
  });
});

describe('sessions end', () => {
  it('ends one of the client that is named', async () => {
    const { code, stdout } = await m2m(['sessions', 'end', 'abc', '--client', 'billing', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ ended: 'session', sid: 'abc', client_id: 'billing' });
    expect(asked().at(-1)).toBe('DELETE /sessions/abc?client_id=billing');
  });

  it('ends one of the caller itself, elsewhere', async () => {
    expect((await remote(['sessions', 'end', 'abc'])).stdout).toContain('Session ended.');
    expect(asked()).toEqual(['POST /token', 'DELETE /sessions/abc', 'POST /revoke']);
  });

  it('keeps the sid within its path segment', async () => {
    await m2m(['sessions', 'end', '../clients?x=1', '--client', 'billing']);
    expect(asked().at(-1)).toBe('DELETE /sessions/..%2Fclients%3Fx%3D1?client_id=billing');
  });

  it('says where to look when there is no such session', async () => {
    const body = { error: 'not_found', error_description: 'there is no such session', trace_id: 't1' };
    service.answers.set('DELETE /sessions/abc', { status: 404, body });
    const { code, stdout, stderr } = await m2m(['sessions', 'end', 'abc', '--client', 'billing', '--json']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('there is no such session');
    expect(stderr).toContain('sessions list');
  });

  it('ends everything of a client with --yes', async () => {
    const { code, stdout } = await m2m(['sessions', 'end', '--all', '--client', 'billing', '--yes', '--json']);
    expect({ code, document: JSON.parse(stdout) }).toEqual({ code: 0, document: { ended: 'all', client_id: 'billing' } });
    expect(asked().at(-1)).toBe('DELETE /sessions?client_id=billing');
  });

  it.each([
    [['--all', '--client', 'billing'], 'This ends every session and token of billing. There is no terminal to ask at: say --yes.'],
    [['--all', '--yes'], '--all needs the client: --client ID.'],
    [['abc', '--all', '--client', 'billing', '--yes'], '--all takes no sid'],
    [[], '<sid> is missing.'],
    [['--client', 'billing'], '<sid> is missing.'],
  ])('%j ends nothing and says why', async (args, message) => {
    const { code, stdout, stderr } = await m2m(['sessions', 'end', ...args], { input: 'y\n' });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(service.asked).toEqual([]);
  });
});
