import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditEvent } from '../../src/audit/event.ts';
import { isOverminting, mintings } from '../../bin/m2m/minting.ts';
import { startFakeCloudWatch } from './fake-cloudwatch.ts';
import { runM2m } from './run-m2m.ts';

const START = Date.parse('2026-11-20T12:00:00.000Z');
let made = 0;
const issued = (seconds: number, more: Partial<AuditEvent> = {}): AuditEvent => ({
  event_id: `e${(made += 1)}`, event_type: 'login_success', outcome: 'success', client_id: 'billing', sid: '', jti: `j${made}`, amr: 'client_secret',
  ip: '192.0.2.1', user_agent: 'billing/1.0', reason: '', trace_id: 't', timestamp: new Date(START + seconds * 1000).toISOString(), ...more,
}); // prettier-ignore
const every = (seconds: number, count: number, more: Partial<AuditEvent> = {}) =>
  Array.from({ length: count }, (_, at) => issued(at * seconds, more));

describe('what a client needs', () => {
  it('is one token for each half of a life, for each caller', () => {
    const hour = [...every(10, 360), ...every(10, 360, { ip: '192.0.2.2' })];
    expect(mintings(hour.toReversed(), 900, 3600)).toEqual([
      {
        client_id: 'billing',
        tokens: 720,
        reused: 0,
        callers: 2,
        // At 0, 460, 920 seconds and so on: the first that comes after the half.
        needed: 16,
        month: 3.1104,
        month_beyond_need: 3.0413,
        month_saved_by_reuse: 1.5379,
      },
    ]);
  });

  it('is what it got, where it keeps its token', () => {
    const [one] = mintings(every(600, 6), 900, 3600);
    expect(one).toMatchObject({ tokens: 6, needed: 6, month_beyond_need: 0, month_saved_by_reuse: 0 });
    expect(isOverminting(one!)).toBe(false);
  });

  it('does not count refusals and refreshed tokens, and counts what was handed out again apart', () => {
    const events = [
      ...every(1, 12, { event_type: 'login_failure' }),
      ...every(1, 12, { event_type: 'token_refreshed' }),
      issued(0),
      ...every(1, 12, { reason: 'reused' }),
    ];
    expect(mintings(events, 900, 3600)).toMatchObject([{ tokens: 13, reused: 12, needed: 1, month_saved_by_reuse: 0 }]);
  });

  it('puts first who asks for most beyond it', () => {
    const events = [...every(1, 3, { client_id: 'a' }), ...every(1, 30, { client_id: 'b' }), ...every(600, 40, { client_id: 'c' })];
    expect(mintings(events, 900, 86_400).map(({ client_id }) => client_id)).toEqual(['b', 'a', 'c']);
  });
});

describe('the command', () => {
  let folder = '';
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'm2m-auth-overminting-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const run = (...args: string[]) => runM2m(['clients', 'overminting', ...args], { env: { DATA_DIR: folder } });
  const recently = (events: readonly AuditEvent[]) =>
    events.map((one, at) => ({ ...one, timestamp: new Date(Date.now() - at * 1000).toISOString() }));
  const write = (events: readonly AuditEvent[]) =>
    writeFileSync(join(folder, 'audit.jsonl'), events.map((one) => `${JSON.stringify(one)}\n`).join(''));

  it('shows who asks for far more than it needs, of the local service', async () => {
    write([
      ...recently(every(1, 20)),
      ...recently(every(1, 2, { client_id: 'frugal' })),
      ...every(1, 50, { client_id: 'long-ago', timestamp: '2020-01-01T00:00:00.000Z' }),
    ]);
    const { code, stdout } = await run('--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      lifetime_seconds: 900,
      tokens: 22,
      items: [{ client_id: 'billing', tokens: 20, needed: 1 }],
    });
    expect(JSON.parse((await run('--json', '--all')).stdout).items).toHaveLength(2);
    const text = (await run()).stdout;
    expect(text).toMatch(/CLIENT\s+TOKENS\s+REUSED\s+CALLERS\s+NEEDED/);
    expect(text).toContain('Looked at 22 tokens, taken to live 15 min.');
    expect(text).not.toContain('frugal');
  });

  it('says so when nobody does', async () => {
    write([]);
    expect((await run()).stdout).toBe('No client got far more than it needs. Looked at 0 tokens, taken to live 15 min.\n');
  });

  it('reads the log groups of a deployed service', async () => {
    const logs = await startFakeCloudWatch();
    try {
      logs.groups.set(
        'm2m-auth-service-TokenLogs',
        recently(every(1, 15)).map((audit) => JSON.stringify({ level: 'INFO', message: 'audit', audit })),
      );
      const env = {
        AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs.url,
        AWS_REGION: 'eu-central-1',
        AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'x',
      };
      const { stdout } = await runM2m(['clients', 'overminting', '--stack', 'm2m-auth-service', '--json'], { env });
      expect(JSON.parse(stdout)).toMatchObject({ items: [{ client_id: 'billing', tokens: 15 }] });
      expect(logs.asked.find(({ operation }) => operation === 'FilterLogEvents')?.input).toMatchObject({
        filterPattern: '"login_success"',
      });
    } finally {
      await logs.close();
    }
  });

  it.each([
    [['--issuer', 'https://auth.example.com'], '--stack'],
    [['--lifetime', 'long'], '--lifetime must be a duration'],
    [['--since', 'yesterday'], '--since must be a duration or a time'],
  ])('refuses %j', async (args, message) => {
    expect(await run(...args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
  });
});
