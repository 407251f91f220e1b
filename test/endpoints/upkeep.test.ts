import { beforeEach, describe, expect, it } from 'vitest';
import { keepUp } from '../../src/endpoints/upkeep.ts';
import { createApiKeyStore } from '../../src/storage/api-key-store.ts';
import { auditEvent } from '../storage/records.ts';
import { useService } from './service-under-test.ts';
import { runUpkeep, upkeepDeps } from './upkeep-run.ts';

const service = useService();
const DAY = 24 * 3600;
const iso = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');

type Outbox = { readonly event_type: string; readonly client_id: string; readonly reason: string };
const events = async (type: string): Promise<readonly string[]> =>
  (await service.engine.items())
    .map(({ event }) => event as Outbox | undefined)
    .filter((event) => event?.event_type === type)
    .map((event) => `${event!.client_id} ${event!.reason}`)
    .sort();
const checkpoint = async () => (await service.engine.item({ PK: 'UPKEEP', SK: 'CHECKPOINT' }))?.['after'];

beforeEach(async () => {
  for (const { PK, SK } of await service.engine.items()) await service.engine.remove({ PK: String(PK), SK: String(SK) });
});

it('leaves five secrets of the same age as they are, and warns that there is no room', async () => {
  const client = await service.register({ secret_rotation: { every_days: 30, overlap_days: 14 } }, 'full');
  const admin = await service.register({ scope: 'clients:manage' });
  const form = { grant_type: 'client_credentials', scope: 'clients:manage' };
  const bearer = (await service.send({ to: 'POST /token', basic: admin, form })).body.access_token as string;
  for (let count = 1; count < 5; count += 1)
    expect((await service.send({ to: 'POST /clients/full/secrets', bearer, json: {} })).status).toBe(201);
  service.advance(30 * DAY);
  service.log.clear();
  await runUpkeep(service);
  expect(await events('secret_rotation_due')).toEqual([]);
  const warnings = service.log.lines().filter(({ level }) => level === 'WARN');
  expect(warnings).toMatchObject([
    {
      message: 'there is no room for the successor of a secret',
      client_id: 'full',
      detail: { live: 5, secrets: expect.stringMatching(/^(s_\S+ ?){5}$/) },
    },
  ]);
  service.advance(300 * DAY);
  await runUpkeep(service);
  const token = { to: 'POST /token', basic: client, form: { grant_type: 'client_credentials' } };
  expect((await service.send(token)).status).toBe(200);
});

describe('warnings of ends', () => {
  it('are given of secrets, API keys and clients, each once for 30, 7 and 1 days', async () => {
    const end = service.now() + 40 * DAY;
    const { client_id: id } = await service.register({ client_expires_at: iso(end) }, 'ending');
    await createApiKeyStore(service.engine).create(
      {
        id: 'key_000000000001',
        client_id: id,
        client_id_issued_at: service.now(),
        status: 'active',
        scope: ['read'],
        expires_at: end - 60,
        rate_limit_per_minute: 60,
        created_at: service.now(),
      },
      auditEvent(),
    );
    await service.register({}, 'endless');
    const given = async () => (await events('credential_expiring')).map((line) => line.split(' ').slice(1, 4).join(' '));
    await runUpkeep(service);
    expect(await given()).toEqual([]);
    const expected: string[] = [];
    for (const [wait, days] of [
      [11, 30],
      [23, 7],
      [5.5, 1],
    ] as const) {
      service.advance(wait * DAY);
      await Promise.all([runUpkeep(service), runUpkeep(service)]);
      await runUpkeep(service);
      expected.push(`api_key key_000000000001 ${days}d`, `client ending ${days}d`);
      expect([...(await given())].sort()).toEqual([...expected].sort());
    }
    const items = (await service.engine.items()).filter(({ SK }) => String(SK).startsWith('WARNED#'));
    expect(items).toHaveLength(6);
    for (const { purge_at } of items) expect(purge_at).toBeGreaterThan(end);
  });

  it('are given anew for another end, and not for a client that is disabled', async () => {
    const register = (more: object, id: string) => service.register({ client_expires_at: iso(service.now() + 20 * DAY), ...more }, id);
    const bearer = async () => {
      const manager = await service.register({ scope: 'clients:manage' });
      const form = { grant_type: 'client_credentials', scope: 'clients:manage' };
      return (await service.send({ to: 'POST /token', basic: manager, form })).body.access_token as string;
    };
    await register({}, 'moving');
    await register({ disabled: true }, 'disabled');
    service.advance(14 * DAY);
    await runUpkeep(service);
    const later = iso(service.now() + 3 * DAY);
    await service.send({ to: 'PUT /clients/moving', bearer: await bearer(), json: { client_expires_at: later } });
    await runUpkeep(service);
    expect(await events('credential_expiring')).toEqual(
      [`moving client moving 7d ${later}`, `moving client moving 7d ${iso(service.now() + 6 * DAY)}`].sort(),
    );
  });
});

it('one client that cannot be read keeps no other from being looked after, and is counted', async () => {
  await service.register({ secret_rotation: { every_days: 1 } }, 'a-client');
  await service.register({}, 'broken');
  await service.register({ secret_rotation: { every_days: 1 } }, 'z-client');
  const key = { PK: 'CLIENT#broken', SK: 'CLIENT' };
  await service.engine.put({ ...(await service.engine.item(key)), ...key, scope: 7 });
  service.advance(DAY);
  expect(await runUpkeep(service)).toEqual({ clients: 3, failed: 1, done: true });
  expect((await events('secret_rotation_due')).map((line) => line.split(' ')[0])).toEqual(['a-client', 'z-client']);
  expect(service.log.lines()).toContainEqual(expect.objectContaining({ level: 'ERROR', client_id: 'broken' }));
});

describe('a run whose time is up', () => {
  it('stops after a page, and the next one goes on there', async () => {
    for (let count = 100; count < 230; count += 1) await service.register({ secret_rotation: { every_days: 1 } }, `c${count}`);
    service.advance(DAY);
    let pages = 0;
    const onePage = { hasTime: () => (pages += 1) === 1 };
    expect(await runUpkeep(service, onePage)).toEqual({ clients: 100, failed: 0, done: false });
    expect(await checkpoint()).toBe('c199');
    expect(await events('secret_rotation_due')).toHaveLength(100);
    pages = 0;
    expect(await runUpkeep(service, onePage)).toEqual({ clients: 30, failed: 0, done: true });
    expect(await checkpoint()).toBeUndefined();
    expect(await events('secret_rotation_due')).toHaveLength(130);
  }, 60_000);

  it('before it began does nothing', async () => {
    expect(await runUpkeep(service, { hasTime: () => false })).toEqual({ clients: 0, failed: 0, done: false });
  });
});

it('a secret that somebody changes at the same time is left to the next run', async () => {
  const { client_id: id } = await service.register({ secret_rotation: { every_days: 1 } });
  service.advance(DAY);
  const deps = upkeepDeps(service.engine);
  const racing = { ...deps, clients: { ...deps.clients, changeSecrets: () => Promise.resolve(false) } };
  const run = { id: 'run', nowMs: service.now() * 1000, hasTime: () => true };
  expect(await keepUp(run, racing)).toEqual({ clients: 1, failed: 0, done: true });
  expect(await events('secret_rotation_due')).toEqual([]);
  await keepUp(run, deps);
  expect(await events('secret_rotation_due')).toEqual([expect.stringContaining(`${id} by:upkeep s_`)]);
});
