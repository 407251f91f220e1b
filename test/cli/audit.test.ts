import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runM2m } from './run-m2m.ts';

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'm2m-auth-audit-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const audit = (...args: string[]) => runM2m(['audit', ...args], { env: { DATA_DIR: folder } });
const file = () => join(folder, 'audit.jsonl');

const event = (id: string, more: Record<string, string> = {}) => ({
  event_id: id, event_type: 'login_success', outcome: 'success', client_id: 'demo-service', sid: '', jti: '', amr: '', ip: '127.0.0.1',
  user_agent: 'curl', reason: '', trace_id: 't', timestamp: '2026-11-20T12:00:00.000Z', ...more,
}); // prettier-ignore
const write = (...events: object[]) => writeFileSync(file(), events.map((one) => `${JSON.stringify(one)}\n`).join(''));
const ids = (stdout: string) => JSON.parse(stdout).map(({ event_id: id }: any) => id);

it('shows each event once, although delivery may repeat, and skips a line that was cut off', async () => {
  write(event('1'), event('2'), event('1'));
  appendFileSync(file(), '{"event_id":"3","event_ty\n{"event_id":"4"');
  const { code, stdout } = await audit('--json');
  expect(code).toBe(0);
  expect(ids(stdout)).toEqual(['1', '2']);
});

it('filters by client, type and time', async () => {
  const recently = new Date(Date.now() - 60_000).toISOString();
  write(
    event('1'),
    event('2', { client_id: 'x' }),
    event('3', { event_type: 'login_failure' }),
    event('4', { event_type: 'token_revoked', timestamp: recently }),
  );
  expect(ids((await audit('--json', '--client', 'x')).stdout)).toEqual(['2']);
  expect(ids((await audit('--json', '--type', 'login_failure', '--type', 'token_revoked')).stdout)).toEqual(['3', '4']);
  expect(ids((await audit('--json', '--since', '10m')).stdout)).toEqual(['4']);
  expect(ids((await audit('--json', '--since', '2026-11-20T12:00:00Z')).stdout)).toEqual(['1', '2', '3', '4']);
});

it('filters by outcome, and up to a time', async () => {
  write(event('1'), event('2', { outcome: 'failure', event_type: 'login_failure', timestamp: '2026-11-20T13:00:00.000Z' }));
  expect(ids((await audit('--json', '--outcome', 'failure')).stdout)).toEqual(['2']);
  expect(ids((await audit('--json', '--until', '2026-11-20T12:30:00Z')).stdout)).toEqual(['1']);
});

it('shows the last 20, or as many as asked for', async () => {
  write(...Array.from({ length: 30 }, (_, index) => event(String(index))));
  expect(ids((await audit('--json')).stdout)).toHaveLength(20);
  expect(ids((await audit('--json', '-n', '2')).stdout)).toEqual(['28', '29']);
});

it('prints a table for people', async () => {
  write(event('1', { event_type: 'login_failure', reason: 'secret_mismatch' }));
  expect((await audit()).stdout).toBe(
    'TIME                  EVENT          CLIENT        REASON           FROM\n2026-11-20T12:00:00Z  login_failure  demo-service  secret_mismatch  127.0.0.1\n',
  );
});

it('no events yet is an answer, no service is an error', async () => {
  expect(await audit('--json')).toMatchObject({ code: 0, stdout: '[]\n' });
  expect(await audit()).toMatchObject({ code: 0, stdout: expect.stringContaining('No events.') });
  expect(await runM2m(['audit'], { env: { DATA_DIR: join(folder, 'none') } })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('npm start'),
  });
});

it.each([
  [['--type', 'login_failed'], 'Did you mean login_failure?'],
  [['--since', 'yesterday'], '--since must be a duration or a time'],
  [['-n', '0'], '-n must be a whole number from 1'],
  [['--follow', '--json'], '--json prints one document, and --follow never ends.'],
  [['--issuer', 'https://auth.example.com'], 'audit reads logs: name those of a deployed service by --stack'],
  [['--outcome', 'maybe'], '--outcome is success or failure.'],
  [['--until', 'later'], '--until must be a duration or a time'],
])('refuses %j', async (args, message) => {
  expect(await audit(...args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
});

it('--follow shows what was there, then what comes, also when a line arrives in two pieces', async () => {
  write(event('1', { reason: 'first' }));
  const child = spawn(process.execPath, ['bin/m2m.ts', 'audit', '--follow'], { env: { ...process.env, DATA_DIR: folder } });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
  const until = async (text: string) => {
    while (!shown.includes(text)) await sleep(20);
  };
  try {
    await until('first');
    const line = JSON.stringify(event('2', { reason: 'second' }));
    appendFileSync(file(), line.slice(0, 50));
    await sleep(600);
    appendFileSync(file(), `${line.slice(50)}\n`);
    await until('second');
    expect(shown.match(/login_success/g)).toHaveLength(2);
  } finally {
    child.kill();
  }
});
