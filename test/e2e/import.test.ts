// `clients import` against the running service, interrupted and repeated: nothing half done that a repeat does not complete.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runM2m, type Outcome } from '../cli/run-m2m.ts';
import { bearer, call } from './call.ts';
import { endpointsOf, type Endpoints } from './endpoints.ts';
import { cleanEnvironment, PROJECT, startService, temporaryFolder, type Credentials, type ServiceProcess } from './service-process.ts';

let service: ServiceProcess;
let api: Endpoints;
beforeAll(async () => {
  service = await startService();
  api = endpointsOf(service);
});
afterAll(() => service.stop());

async function fault(what: string, mode: string): Promise<void> {
  const { control } = JSON.parse(readFileSync(join(service.dataDir, 'service.lock'), 'utf8')) as {
    control: { url: string; token: string };
  };
  const answer = await call(control.url, `/fault/${what}/${mode}`, { method: 'POST', headers: bearer(control.token) });
  expect(answer.body).toEqual({ service: what, mode });
}

let folder: string;
let round = 0;
beforeEach(() => {
  folder = temporaryFolder();
  round += 1;
});
const ids = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `import-${round}-${index}`);
/** A CSV of clients with these ids. */
function file(clientIds: readonly string[], scope = 'read'): string {
  const path = join(folder, 'clients.csv');
  writeFileSync(
    path,
    ['client_id,client_name,scope,tags', ...clientIds.map((id) => `${id},Name of ${id},${scope},imported`), ''].join('\n'),
  );
  return path;
}
const secretsFile = () => join(folder, 'secrets.jsonl');
const environment = () => ({ DATA_DIR: service.dataDir });
const m2m = (...args: readonly string[]): Promise<Outcome> => runM2m(['clients', 'import', ...args], { env: environment() });
const importAll = (path: string, ...more: readonly string[]) => m2m(path, '--secrets-file', secretsFile(), '--json', ...more);
const summaryOf = ({ stdout }: Outcome) => (JSON.parse(stdout) as { summary: Record<string, number> }).summary;
/** What the secrets file has, less its header. */
const kept = (): readonly Credentials[] =>
  readFileSync(secretsFile(), 'utf8').trim().split('\n').slice(1).map((line) => JSON.parse(line) as Credentials); // prettier-ignore

/** Each client is there once, and the one secret in the file is the one that works. */
async function expectComplete(clientIds: readonly string[]): Promise<void> {
  const held = kept();
  expect(held.map(({ client_id: id }) => id).toSorted()).toEqual([...clientIds].sort());
  for (const client of held) {
    expect((await api.token(client)).status).toBe(200);
    expect((await api.manage('GET', `/clients/${client.client_id}`)).body.credentials).toHaveLength(1);
  }
}

it('shows first what it would do, then does it, and the second time finds everything as it is', async () => {
  const path = file(ids(5));
  const before = (await api.manage('GET', '/clients?limit=100')).body.items.length;
  const dry = await m2m(path, '--dry-run', '--json');
  expect([dry.code, summaryOf(dry)]).toEqual([0, { create: 5 }]);
  expect((await api.manage('GET', '/clients?limit=100')).body.items).toHaveLength(before);

  const first = await importAll(path);
  expect([first.code, summaryOf(first)]).toEqual([0, { created: 5 }]);
  expect(first.stderr.trim().split('\n')).toHaveLength(5);
  expect(first.stdout + first.stderr).not.toContain('m2m_cs_');
  if (process.platform !== 'win32') expect(statSync(secretsFile()).mode & 0o777).toBe(0o600);
  await expectComplete(ids(5));
  expect(summaryOf(await importAll(path))).toEqual({ same: 5 });
  await expectComplete(ids(5));
  expect((await api.manage('GET', `/clients/${ids(1)[0]}`)).body).toMatchObject({ scope: 'read', tags: ['imported'] });
});

it('changes what differs only when told so, and only what the file says', async () => {
  const [id = ''] = ids(1);
  await importAll(file([id]));
  await api.manage('PUT', `/clients/${id}`, { client_name: `Name of ${id}`, scope: 'read', tags: ['imported'], owner: 'team' });
  const differs = await importAll(file([id], 'read write'));
  expect(JSON.parse(differs.stdout).clients).toMatchObject([{ client_id: id, result: 'differs', differs: ['scope'] }]);
  expect((await api.manage('GET', `/clients/${id}`)).body.scope).toBe('read');
  expect(summaryOf(await importAll(file([id], 'read write'), '--update'))).toEqual({ updated: 1 });
  expect((await api.manage('GET', `/clients/${id}`)).body).toMatchObject({ scope: 'read write', owner: 'team' });
  await expectComplete([id]);
});

it('leaves alone a client of somebody else with that id, and one that was deleted', async () => {
  const [other = '', deleted = '', fine = ''] = ids(3);
  await api.manage('POST', '/clients', { client_id: other, client_name: 'not yours' });
  await api.manage('POST', '/clients', { client_id: deleted });
  await api.manage('DELETE', `/clients/${deleted}`);
  const { code, stdout } = await importAll(file([other, deleted, fine]));
  expect(code).toBe(1);
  expect(JSON.parse(stdout).clients.map(({ result }: { result: string }) => result)).toEqual(['differs', 'refused', 'created']);
  expect((await api.manage('GET', `/clients/${other}`)).body.client_name).toBe('not yours');
  await expectComplete([fine]);
});

describe('interrupted', () => {
  /** The import as a process that is killed when the file has so many lines, or right after it began to ask. */
  async function killedAt(path: string, lines: number): Promise<void> {
    const args = ['bin/m2m.ts', 'clients', 'import', path, '--secrets-file', secretsFile()];
    const child = spawn(process.execPath, args, { cwd: PROJECT, env: cleanEnvironment(environment()), stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('close', resolve));
    const linesNow = () => (existsSync(secretsFile()) ? readFileSync(secretsFile(), 'utf8').split('\n').length - 1 : 0);
    while (linesNow() < lines && child.exitCode === null) await sleep(1);
    child.kill('SIGKILL');
    await ended;
  }

  it.each([1, 2, 9, 20])('by kill -9 after %i lines and run again, it has every client once, with its secret', async (lines) => {
    const path = file(ids(30));
    await killedAt(path, lines);
    const again = await importAll(path);
    expect(again.code).toBe(0);
    await expectComplete(ids(30));
  });

  it('with the last line of the secrets file cut off, and with the whole file lost, it gets the secrets again', async () => {
    const path = file(ids(4));
    await importAll(path);
    const first = kept();
    writeFileSync(secretsFile(), readFileSync(secretsFile(), 'utf8').slice(0, -30), { mode: 0o600 });
    expect(summaryOf(await importAll(path))).toEqual({ completed: 1, same: 3 });
    expect(kept().toSorted(byId)).toEqual(first.toSorted(byId));
    rmSync(secretsFile());
    expect(summaryOf(await importAll(path))).toEqual({ completed: 4 });
    expect(kept().toSorted(byId)).toEqual(first.toSorted(byId));
  });
  const byId = (one: Credentials, other: Credentials): number => (one.client_id < other.client_id ? -1 : 1);
});

describe('while a backend fails', () => {
  const backends = ['dynamodb', 'kms', 'secretsmanager'] as const;
  it.each(backends.flatMap((backend) => (['throttle', 'down', 'slow'] as const).map((mode) => [backend, mode] as const)))(
    '%s %s: it stops and says so, or goes through, and run again it is complete',
    async (backend, mode) => {
      const path = file(ids(16));
      const running = importAll(path);
      // In the middle of it: a process takes a while to start.
      while (!existsSync(secretsFile())) await sleep(1);
      await fault(backend, mode);
      const hit = await running;
      await fault(backend, 'ok');
      if (hit.code !== 0) expect(JSON.parse(hit.stdout).stopped).toContain('temporarily_unavailable');
      const again = await importAll(path);
      expect([again.code, again.stdout]).toEqual([0, expect.any(String)]);
      await expectComplete(ids(16));
    },
    60_000,
  );

  it('from the start: nothing is made, and the error says what to do', async () => {
    await fault('dynamodb', 'down');
    const { code, stdout, stderr } = await importAll(file(ids(2)));
    await fault('dynamodb', 'ok');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('Try again.');
  }, 30_000);
});

describe('the secrets file', () => {
  it('of another service, of others, of something else or behind a link is left alone', async () => {
    const path = file(ids(1));
    const refused = async (content: string, mode = 0o600): Promise<string> => {
      rmSync(secretsFile(), { force: true });
      writeFileSync(secretsFile(), content, { mode });
      const { code, stderr } = await importAll(path);
      expect([code, readFileSync(secretsFile(), 'utf8')]).toEqual([2, content]);
      return stderr;
    };
    expect(await refused('{"m2m_auth_import":1,"issuer":"https://other.example"}\n')).toContain(
      'it has the secrets of https://other.example',
    );
    expect(await refused('my notes\n')).toContain('it is not one of an import');
    expect(await refused('my notes')).toContain('it is not one of an import');
    if (process.platform !== 'win32')
      expect(await refused(`{"m2m_auth_import":1,"issuer":"${service.issuer}"}\n`, 0o644)).toContain('others may read it');
    rmSync(secretsFile());
    symlinkSync(join(folder, 'elsewhere'), secretsFile());
    expect((await importAll(path)).code).toBe(2);
    expect(existsSync(join(folder, 'elsewhere'))).toBe(false);
    expect((await api.manage('GET', `/clients/${ids(1)[0]}`)).status).toBe(404);
  });
});
