import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RefusedCall, type Call } from '../../bin/m2m/http-call.ts';
import { planImport } from '../../bin/m2m/import/plan.ts';
import { runImport, type Running } from '../../bin/m2m/import/run.ts';
import { readExport } from '../../bin/m2m/import/sources.ts';
import { startFakeService, type FakeService } from './fake-service.ts';
import { runM2m } from './run-m2m.ts';

describe('the command', () => {
  let service: FakeService;
  let folder: string;
  beforeEach(async () => {
    service = await startFakeService();
    folder = mkdtempSync(join(tmpdir(), 'm2m-auth-import-'));
    writeFileSync(join(folder, 'clients.csv'), 'client_id,scope\na,read\nb,write\n');
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true });
    await service.close();
  });
  const m2m = (args: readonly string[], input = '') => runM2m(['clients', 'import', ...args], { env: { DATA_DIR: service.folder }, input });
  const path = (name: string) => join(folder, name);

  it('registers each with its id and a key of its own, keeps the secrets, and shows none', async () => {
    const { code, stdout, stderr } = await m2m([path('clients.csv'), '--secrets-file', path('s')]);
    expect(code).toBe(0);
    const made = service.asked.filter(({ method, path: asked }) => method === 'POST' && asked === '/clients');
    expect(made.map(({ json }) => json)).toEqual(
      expect.arrayContaining([
        { client_id: 'a', scope: 'read' },
        { client_id: 'b', scope: 'write' },
      ]),
    );
    expect(new Set(made.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(2);
    expect(stdout).toContain('2 clients from plain: 2 created.');
    expect(stdout + stderr).not.toContain('m2m_cs_');
    expect(readFileSync(path('s'), 'utf8').match(/m2m_cs_/g)).toHaveLength(2);
  });

  it('reads standard input, and with --json alone answers the secrets', async () => {
    const { stdout } = await m2m(['-', '--json'], '{"client_id":"a"}');
    expect(JSON.parse(stdout)).toMatchObject({
      summary: { created: 1 },
      clients: [{ client_id: 'a', client_secret: 'm2m_cs_shown_once' }],
    });
  });

  it('stops at a service that does not take ids of our choice', async () => {
    service.answers.set('POST /clients', { status: 201, body: { client_id: 'c_other', client_secret: 'm2m_cs_x' } });
    const { code, stdout } = await m2m([path('clients.csv'), '--json']);
    expect([code, JSON.parse(stdout).stopped]).toEqual([1, expect.stringContaining('of a version that does not import')]);
  });

  it.each([
    [['clients.csv'], 'Say where the new secrets go'],
    [['clients.csv', '--dry-run', '--update'], '--dry-run does nothing'],
    [['clients.csv', '--from', 'okta', '--json'], '--from is one of cognito,'],
    [['none.csv', '--json'], 'Cannot read'],
  ])('refuses %j before it calls anything', async ([file = '', ...options], message) => {
    expect(await m2m([path(file), ...options])).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
    expect(service.asked).toEqual([]);
  });
});

describe('the run', () => {
  const rows = planImport(readExport('client_id\na\nb\nc\nd\ne\nf\n', undefined).clients, false);
  const refusal = (status: number, error = '', retryAfterSeconds?: number) =>
    new RefusedCall(`${error} (HTTP ${status})`, '', { status, error, retryAfterSeconds });
  const running = (request: (call: Call) => Promise<any>, more: Partial<Running> = {}): Running => ({
    request, existing: new Map(), secrets: undefined, update: false, dryRun: false, report: () => undefined, ...more,
  }); // prettier-ignore
  const made = ({ json }: Call) => ({ client_id: (json as { client_id: string }).client_id, client_secret: 's' });

  it('waits as long as a limit says, and asks again under the same key', async () => {
    vi.useFakeTimers();
    const keys: (string | undefined)[] = [];
    const request = vi.fn((call: Call) => {
      keys.push(call.idempotencyKey);
      return keys.length === 1 ? Promise.reject(refusal(429, 'slow_down', 30)) : Promise.resolve(made(call));
    });
    const ran = runImport(rows.slice(0, 1), running(request));
    await vi.advanceTimersByTimeAsync(29_000);
    expect(keys).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await ran).outcomes).toMatchObject([{ result: 'created' }]);
    expect(keys[1]).toBe(keys[0]);
    vi.useRealTimers();
  });

  it('never has more than four under way', async () => {
    let now = 0;
    let most = 0;
    await runImport(
      rows,
      running(async (call) => {
        most = Math.max(most, (now += 1));
        await new Promise((resolve) => setTimeout(resolve, 5));
        now -= 1;
        return made(call);
      }),
    );
    expect(most).toBe(4);
  });

  it.each([
    ['an outage', refusal(503, 'temporarily_unavailable')],
    ['a token that is not taken', refusal(401, 'invalid_token')],
    ['a scope that is missing', refusal(403, 'insufficient_scope')],
  ])('%s stops it, and the rest was not reached', async (_, error) => {
    const { outcomes, stopped } = await runImport(
      rows,
      running(() => Promise.reject(error)),
    );
    expect(stopped).toBe(error);
    expect(outcomes.map(({ result }) => result)).toEqual(rows.map(() => 'not reached'));
  });

  it('a client that is refused by itself stops nothing', async () => {
    const request = (call: Call) =>
      made(call).client_id === 'b' ? Promise.reject(refusal(403, 'access_denied')) : Promise.resolve(made(call));
    const { outcomes, stopped } = await runImport(rows, running(request));
    expect(stopped).toBeUndefined();
    expect(outcomes.map(({ result }) => result)).toEqual(['created', 'refused', 'created', 'created', 'created', 'created']);
  });

  it('keeps each secret before it asks for the next', async () => {
    const order: string[] = [];
    const secrets = {
      has: () => false,
      keep: ({ client_id: id }: { client_id: string }) => void order.push(`keep ${id}`),
      close: () => undefined,
    };
    await runImport(
      rows.slice(0, 5),
      running((call) => (order.push(`ask ${made(call).client_id}`), Promise.resolve(made(call))), { secrets }),
    );
    expect(order.indexOf('keep a')).toBeLessThan(order.indexOf('ask e'));
    expect(order.filter((step) => step.startsWith('keep'))).toHaveLength(5);
  });
});
