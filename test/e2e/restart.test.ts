// What survives `kill -9`, and starts that must fail: with a message, a non-zero exit, and nothing lost (issue: local run).
import { chmodSync, cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditTrail } from './audit-trail.ts';
import { endpointsOf, expectOk } from './endpoints.ts';
import { failingStart, portOf, startService, temporaryFolder, type ServiceProcess } from './service-process.ts';

let dataDir: string;
let service: ServiceProcess;
beforeAll(async () => {
  dataDir = temporaryFolder();
  service = await startService({ dataDir });
});
afterAll(async () => {
  await service.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Path to content of every file below. */
function contentOf(folder: string): ReadonlyMap<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => join(entry.parentPath, entry.name)).map((file) => [relative(folder, file), readFileSync(file, 'base64')]),
  );
}

it('sessions, revocations, clients, keys and the audit trail survive kill -9', async () => {
  const before = endpointsOf(service);
  const client = await before.register({ client_name: 'survivor' });
  const [alive, revoked, ended] = [
    expectOk(await before.token(client)).body,
    expectOk(await before.token(client)).body,
    expectOk(await before.token(client)).body,
  ];
  expectOk(await before.revoke(client, { token: revoked.access_token }));
  expectOk(await before.revoke(client, { token: ended.refresh_token }));
  const leaving = await before.register();
  const late = await before.accessToken(leaving);
  expectOk(await before.manage('PUT', `/clients/${leaving.client_id}`, { scope: 'read', disabled: true }));
  const { keys } = (await before.call('/.well-known/jwks.json')).body;
  const events = auditTrail(service);

  // In the middle of work: these may be answered or not.
  const underWay = Array.from({ length: 20 }, () => before.token(client).catch(() => undefined));
  await service.kill();
  await Promise.all(underWay);
  service = await startService({ dataDir, port: portOf(service) });

  const after = endpointsOf(service);
  expect((await after.call('/.well-known/jwks.json')).body.keys).toEqual(keys);
  expect((await after.protected(alive.access_token)).status).toBe(200);
  for (const { access_token } of [revoked, ended]) expect((await after.protected(access_token)).status).toBe(401);
  expect((await after.protected(late)).status).toBe(401);
  expect((await after.token(leaving)).status).toBe(401);
  expect((await after.refresh(client, ended.refresh_token)).status).toBe(400);
  expect((await after.refresh(client, alive.refresh_token)).status).toBe(200);
  expect((await after.manage('GET', `/clients/${client.client_id}`)).body.client_name).toBe('survivor');
  expect(auditTrail(service).slice(0, events.length)).toEqual(events);
});

it('an orderly stop finishes what is under way and exits with 0', async () => {
  const api = endpointsOf(service);
  const underWay = Array.from({ length: 10 }, () => api.token(service.demoService));
  await new Promise((resolve) => setTimeout(resolve, 20));
  const stopped = service.stop();
  const answers = await Promise.allSettled(underWay);
  expect(await stopped).toBe(0);
  for (const answer of answers) if (answer.status === 'fulfilled') expect(answer.value.status).toBe(200);
  service = await startService({ dataDir, port: portOf(service) });
});

describe('a start that cannot be', () => {
  it('on a data directory in use: says whose it is, and leaves the other alone', async () => {
    const { code, stdout, stderr } = await failingStart({ dataDir });
    expect(code).toBeGreaterThan(0);
    expect(stderr).toMatch(new RegExp(`^m2m-auth: .*${dataDir}.* in use .*${service.pid}.*DATA_DIR`));
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).not.toContain('ready');
    expect((await endpointsOf(service).token(service.demoService)).status).toBe(200);
  });

  it('on a busy port: says which, and makes no data directory', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const folder = join(temporaryFolder(), 'not-made');
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await failingStart({ dataDir: folder, port });
    server.close();
    expect(code).toBeGreaterThan(0);
    expect(stderr).toMatch(new RegExp(`^m2m-auth: port ${port} .*in use.*PORT`));
    expect(statSync(folder, { throwIfNoEntry: false })).toBeUndefined();
    rmSync(join(folder, '..'), { recursive: true, force: true });
  });

  it('on a read-only directory, or a file in its place: says so', async () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o555);
    const readOnly = await failingStart({ dataDir: folder });
    expect(readOnly.code).toBeGreaterThan(0);
    expect(readOnly.stderr).toMatch(/^m2m-auth: the data directory .* (?:read-only|cannot be written to)/);
    expect(readdirSync(folder)).toEqual([]);
    chmodSync(folder, 0o755);
    const file = join(folder, 'file');
    writeFileSync(file, 'mine');
    const inPlace = await failingStart({ dataDir: file });
    expect([inPlace.code, readFileSync(file, 'utf8')]).toEqual([1, 'mine']);
    rmSync(folder, { recursive: true, force: true });
  });
});

describe('a damaged data directory', () => {
  let original: string;
  beforeAll(async () => {
    await service.stop();
    original = temporaryFolder();
    cpSync(dataDir, original, { recursive: true });
  });
  afterAll(async () => {
    service = await startService({ dataDir });
    rmSync(original, { recursive: true, force: true });
  });
  const inDatabase = (folder: string, pattern: RegExp): string =>
    join(folder, 'dynamodb', readdirSync(join(folder, 'dynamodb')).find((name) => pattern.test(name)) ?? '');
  const DAMAGES: Readonly<Record<string, (folder: string) => void>> = {
    'without credentials.json': (folder) => rmSync(join(folder, 'credentials.json')),
    'with kms.json cut off': (folder) => truncateSync(join(folder, 'kms.json'), 100),
    'with other text in secrets.json': (folder) => writeFileSync(join(folder, 'secrets.json'), '{"a":1}'),
    'without the database': (folder) => rmSync(join(folder, 'dynamodb'), { recursive: true }),
    'without the list of the database': (folder) => rmSync(inDatabase(folder, /^MANIFEST/)),
    'with an empty state.json': (folder) => writeFileSync(join(folder, 'state.json'), ''),
  };

  it('that is mended serves what it served before', async () => {
    const folder = temporaryFolder();
    cpSync(original, folder, { recursive: true });
    rmSync(join(folder, 'kms.json'));
    expect((await failingStart({ dataDir: folder })).code).toBe(1);
    cpSync(join(original, 'kms.json'), join(folder, 'kms.json'));
    const mended = await startService({ dataDir: folder });
    const api = endpointsOf(mended);
    expect((await api.manage('GET', '/clients')).body.items.map(({ client_name }: { client_name: string }) => client_name)).toContain(
      'survivor',
    );
    expect((await api.protected(await api.accessToken(mended.demoService))).status).toBe(200);
    await mended.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(Object.entries(DAMAGES))('%s: says so, exits with 1 and changes nothing', async (_, damage) => {
    const folder = temporaryFolder();
    cpSync(original, folder, { recursive: true });
    damage(folder);
    const before = contentOf(folder);
    const { code, stdout, stderr } = await failingStart({ dataDir: folder });
    expect(code).toBe(1);
    expect(stdout).not.toContain('ready');
    expect(stderr).toMatch(new RegExp(`^m2m-auth: the data directory ${folder} is damaged: .*Nothing was changed`));
    const after = contentOf(folder);
    // LevelDB moves its log into a table whenever it is opened; everything else stays as it is.
    const changed = [...before.keys()].filter((file) => after.get(file) !== before.get(file));
    expect(changed.filter((file) => !file.startsWith('dynamodb'))).toEqual([]);
    rmSync(folder, { recursive: true, force: true });
  });
});
