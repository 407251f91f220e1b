// The whole service, started as `npm start` starts it, from this project's own CDK app.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startService, type LocalService } from '../../local/service.ts';
import { cachedAssembly } from '../../local/synth/cached-assembly.ts';
import { fault, startedService, startServiceProcess, type ServiceProcess } from './service-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'm2m-service-'));
const dataDir = (name: string) => join(folder, name);
const audit = (name: string) =>
  readFileSync(join(dataDir(name), 'audit.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string>);

const running = new Set<ServiceProcess>();
async function start(name: string, environment: Record<string, string> = {}): Promise<ServiceProcess> {
  const service = await startedService(dataDir(name), environment);
  running.add(service);
  return service;
}
async function end(service: ServiceProcess, signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL') {
  running.delete(service);
  return service.end(signal);
}
beforeAll(async () => {
  await cachedAssembly();
});
afterEach(() => Promise.all([...running].map((service) => end(service, 'SIGKILL'))));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

type Client = 'demo-service' | 'demo-admin';
type Credentials = ServiceProcess['credentials'];
type Reached = { readonly issuer: string; readonly credentials: Credentials };
const post = (service: Reached, path: string, form: Record<string, string>, client: Client = 'demo-service') => {
  const { client_id: id, client_secret: secret } = service.credentials.clients[client];
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
  return fetch(`${service.issuer}${path}`, { method: 'POST', headers: { authorization }, body: new URLSearchParams(form) });
};
type Tokens = { readonly access_token: string; readonly refresh_token: string };
const tokens = async (service: Reached) => (await (await post(service, '/token', { grant_type: 'client_credentials' })).json()) as Tokens;
const refresh = (service: Reached, token: string) => post(service, '/token', { grant_type: 'refresh_token', refresh_token: token });
const get = (service: Reached, token: string, path = '/protected') =>
  fetch(`${service.issuer}${path}`, { headers: { authorization: `Bearer ${token}` } });

describe('a start', () => {
  it('prints lines that work when pasted, writes the credentials for their owner alone, and ends cleanly', async () => {
    const service = await start('first');
    const output = service.stdout().trim().split('\n');
    expect(output.at(-1)).toBe(`m2m-auth ready on ${service.issuer}`);
    const script = output.filter((line) => !line.startsWith('m2m-auth')).join('\n');
    const pasted = execFileSync('sh', ['-c', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    expect(JSON.parse(pasted.split('HTTP/')[0] ?? '')).toMatchObject({ token_type: 'Bearer', scope: 'read write' });
    expect([...pasted.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '200', '401']);

    expect(Object.keys(service.credentials)).toEqual(['issuer', 'clients', 'aws']);
    expect(Object.keys(service.credentials.aws)).toEqual(['access_key_id', 'secret_access_key', 'region', 'arn']);
    for (const file of ['credentials.json', 'kms.json', 'secrets.json'])
      expect(statSync(join(dataDir('first'), file)).mode & 0o777).toBe(0o600);
    expect(await end(service, 'SIGTERM')).toBe(0);
    expect(readdirSync(dataDir('first'))).not.toContain('service.lock');
  });
  it('finds everything again after kill -9: clients, keys, sessions, revocations, events', async () => {
    const before = await start('killed');
    const kept = await tokens(before);
    const revoked = await tokens(before);
    const rotated = (await (await refresh(before, kept.refresh_token)).json()) as Tokens;
    expect((await post(before, '/revoke', { token: revoked.access_token })).status).toBe(200);
    expect(await end(before, 'SIGKILL')).toBeNull();

    const after = await start('killed', { PORT: new URL(before.issuer).port });
    expect(after.credentials).toEqual(before.credentials);
    expect((await get(after, kept.access_token)).status).toBe(200);
    expect((await get(after, revoked.access_token)).status).toBe(401);
    expect((await refresh(after, rotated.refresh_token)).status).toBe(200);
    const types = audit('killed').map(({ event_type: type }) => type);
    expect(types).toEqual(expect.arrayContaining(['client_created', 'login_success', 'token_refreshed', 'token_revoked']));
    const ids = audit('killed').map(({ event_id: id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
  it('has the trail of a state change on disk before its caller has the answer', async () => {
    const service = await start('trail');
    for (let round = 0; round < 5; round += 1) {
      const { access_token: token } = await tokens(service);
      await post(service, '/revoke', { token });
      expect(audit('trail').filter(({ event_type: type }) => type === 'token_revoked')).toHaveLength(round + 1);
    }
  });
});

describe('a start that cannot be', () => {
  it('says in one line that the data directory or the port is in use, and disturbs nobody', async () => {
    const service = await start('busy');
    const sameDirectory = await startServiceProcess(dataDir('busy'));
    expect(sameDirectory).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^m2m-auth: the data directory .* is in use by m2m-auth, process \d+ at http.*\n$/) as string,
    });
    const samePort = await startServiceProcess(dataDir('other'), { PORT: new URL(service.issuer).port });
    expect(samePort).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^m2m-auth: port \d+ on 127\.0\.0\.1 is in use\..*\n$/) as string,
    });
    expect(readdirSync(folder)).not.toContain('other');
    expect((await get(service, (await tokens(service)).access_token)).status).toBe(200);
  });
  it('says in one line what of the data directory is damaged, and leaves it as it is', async () => {
    await end(await start('damaged'), 'SIGTERM');
    for (const file of ['credentials.json', 'kms.json', 'secrets.json', 'dynamodb/CURRENT']) {
      const path = join(dataDir('damaged'), file);
      const content = readFileSync(path);
      writeFileSync(path, 'damage');
      const ended = await startServiceProcess(dataDir('damaged'));
      expect(ended).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^m2m-auth: the data directory .* is damaged: .*\n$/) as string,
      });
      expect(readFileSync(path, 'utf8')).toBe('damage');
      writeFileSync(path, content);
    }
    const repaired = await start('damaged');
    expect((await get(repaired, (await tokens(repaired)).access_token)).status).toBe(200);
  });
});

describe('a backend that misbehaves', () => {
  it('is a 503 while it lasts and nothing afterwards', async () => {
    const service = await start('faults');
    for (const backend of ['dynamodb', 'kms'])
      for (const mode of ['down', 'throttle']) {
        expect(await fault(dataDir('faults'), backend, mode)).toMatchObject({ code: 0, stdout: `${backend} ${mode}\n` });
        expect((await post(service, '/token', { grant_type: 'client_credentials' })).status).toBe(503);
        await fault(dataDir('faults'), backend, 'ok');
        expect((await post(service, '/token', { grant_type: 'client_credentials' })).status).toBe(200);
      }
  });
  it('cannot be asked for where nothing runs, or by a name that does not exist', async () => {
    expect(await fault(dataDir('nothing'), 'kms', 'down')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no m2m-auth runs on') as string,
    });
    expect(await fault(dataDir('nothing'), 'sqs', 'down')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('usage: npm run -s fault') as string,
    });
  });
});

describe('a malformed knob', () => {
  it('is named on standard error, and callers get 503', async () => {
    const service = await start('knob', { RATE_LIMIT_PER_MINUTE: 'many' });
    expect((await post(service, '/token', { grant_type: 'client_credentials' })).status).toBe(503);
    expect(service.stderr()).toMatch(/"level":"FATAL".*RATE_LIMIT_PER_MINUTE/);
  });
});

describe('least privilege', () => {
  let service: LocalService | undefined;
  afterEach(() => service?.stop());

  /** This project's assembly without one action in one function's role. */
  async function assemblyWithout(functionPath: string, action: string): Promise<string> {
    const directory = join(folder, `without-${action.replace(':', '-')}`);
    cpSync((await cachedAssembly()).directory, directory, { recursive: true });
    const file = join(directory, 'm2m-auth-service.template.json');
    const template = JSON.parse(readFileSync(file, 'utf8')) as {
      Resources: Record<string, { Type: string; Properties: { PolicyDocument?: { Statement: { Action: unknown }[] } } }>;
    };
    const document = Object.entries(template.Resources).find(
      ([id, { Type }]) => Type === 'AWS::IAM::Policy' && id.includes(functionPath),
    )?.[1].Properties.PolicyDocument;
    if (!document) throw new Error(`no policy for ${functionPath}`);
    expect(document.Statement.some(({ Action: granted }) => [granted].flat().includes(action))).toBe(true);
    document.Statement = document.Statement.map((statement) => ({
      ...statement,
      Action: [statement.Action].flat().filter((granted) => granted !== action),
    })).filter(({ Action: granted }) => granted.length > 0);
    writeFileSync(file, JSON.stringify(template));
    return directory;
  }

  it.each(['kms:Sign', 'dynamodb:BatchGetItem', 'secretsmanager:GetSecretValue'])(
    'without %s the token function cannot do its work, and the operator reads why',
    async (action) => {
      const assembly = await assemblyWithout('FunctionsToken', action);
      const problems: string[] = [];
      service = await startService(
        { host: '127.0.0.1', port: 0, dataDir: dataDir(`without-${action}`), knobs: {}, environments: 1, assembly },
        (line) => problems.push(line),
      );
      expect((await post(service, '/token', { grant_type: 'client_credentials' })).status).toBe(503);
      expect(problems.join('\n')).toContain(`is not authorized to perform: ${action}`);
      expect((await fetch(`${service.issuer}/health`)).status).toBe(200);
    },
  );
});
