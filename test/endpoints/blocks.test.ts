import { beforeEach, describe, expect, it } from 'vitest';
import { BLOCKS_KEY } from '../../src/storage/keys.ts';
import type { Answer } from './request.ts';
import { useService, type Registered } from './service-under-test.ts';

const LOCKOUT = JSON.stringify({ failures: 5, window: 900, first_delay: 30, max_delay: 1800, at_once: 400 });
const service = useService({ environment: { LOCKOUT } });
const HERE = '198.51.100.77';
let manager: string;
let client: Registered;
const ask = (ip: string): Promise<Answer> =>
  service.send({ to: 'POST /token', basic: client, form: { grant_type: 'client_credentials' }, ip });
const add = (json: object, more: object = {}): Promise<Answer> =>
  service.send({ to: 'POST /blocks', bearer: manager, json, ip: HERE, ...more });
const list = (more: object = {}): Promise<Answer> => service.send({ to: 'GET /blocks', bearer: manager, ip: HERE, ...more });
const remove = (cidr: string): Promise<Answer> =>
  service.send({ to: 'DELETE /blocks', bearer: manager, query: new URLSearchParams({ cidr }).toString(), ip: HERE });

beforeEach(async () => {
  await service.engine.remove(BLOCKS_KEY);
  service.coldStart();
  client ??= await service.register();
  const admin = await service.register({ scope: 'clients:manage' });
  const answer = await service.send({
    to: 'POST /token',
    basic: admin,
    form: { grant_type: 'client_credentials', scope: 'clients:manage' },
    ip: HERE,
  });
  manager = answer.body.access_token;
  service.log.clear();
  service.calls.clear();
});

describe('a blocked network', () => {
  it('gets the same 403 at every endpoint, whatever client it names, within 5 seconds everywhere', async () => {
    expect((await ask('203.0.113.9')).status).toBe(200);
    expect(await add({ cidr: '203.0.113.0/24', reason: 'guesses' })).toMatchObject({
      status: 201,
      body: { cidr: '203.0.113.0/24', reason: 'guesses', expires_at: expect.stringMatching(/Z$/) },
    });
    service.advance(5);
    const unknown = { client_id: 'unknown', client_secret: 'wrong' };
    const sent = { form: { grant_type: 'client_credentials', token: 'x' }, ip: '203.0.113.9' };
    for (const to of ['POST /token', 'POST /revoke', 'POST /introspect'])
      for (const basic of [client, unknown]) {
        const refused = await service.send({ to, basic, ...sent });
        expect(refused, to).toMatchObject({ status: 403, body: { error: 'access_denied', error_description: 'this network is blocked' } });
      }
    expect((await list({ ip: '203.0.113.9' })).status).toBe(403);
    expect((await ask('203.0.114.9')).status).toBe(200);
  });

  it('costs no call once it is known', async () => {
    await add({ cidr: '203.0.113.0/24' });
    service.advance(5);
    await ask('203.0.113.9');
    service.calls.clear();
    for (let time = 0; time < 5; time += 1) expect((await ask('203.0.113.9')).status).toBe(403);
    expect(service.calls.names().filter((call) => call !== 'Query KEYRING')).toEqual([]);
  });

  it('is one block however it is written, and is removed by any way of writing it', async () => {
    const networks = async () => ((await list()).body.items as { readonly cidr: string }[]).map(({ cidr }) => cidr);
    for (const cidr of ['203.0.113.7/24', '203.0.113.0/24', '::ffff:203.0.113.9/120']) expect((await add({ cidr })).status).toBe(201);
    for (const cidr of ['2001:DB8:0:1::7/64', '2001:db8:0:1:0::/64']) expect((await add({ cidr })).body.cidr).toBe('2001:db8:0:1::/64');
    expect(await networks()).toEqual(['203.0.113.0/24', '2001:db8:0:1::/64']);
    expect((await remove('203.0.113.200/24')).status).toBe(204);
    expect((await remove('2001:0db8:0:1::ffff/64')).status).toBe(204);
    expect(await networks()).toEqual([]);
  });

  it('is removed as well where the list has it with host bits', async () => {
    await add({ cidr: '203.0.113.0/24' });
    const item = (await service.engine.item(BLOCKS_KEY))!;
    const blocks = (item['blocks'] as object[]).map((block) => ({ ...block, cidr: '203.0.113.7/24' }));
    await service.engine.put({ ...BLOCKS_KEY, ...item, blocks });
    expect((await remove('203.0.113.0/24')).status).toBe(204);
    expect((await list()).body.items).toEqual([]);
  });

  it('is let in again by removing the block, and when it ends', async () => {
    await add({ cidr: '203.0.113.9' });
    service.advance(5);
    expect((await ask('203.0.113.9')).status).toBe(403);
    expect((await remove('203.0.113.9')).status).toBe(204);
    service.advance(5);
    expect((await ask('203.0.113.9')).status).toBe(200);
    await add({ cidr: '203.0.113.9', expires_at: new Date((service.now() + 60) * 1000).toISOString() });
    service.advance(59);
    expect((await ask('203.0.113.9')).status).toBe(403);
    service.advance(5);
    expect((await ask('203.0.113.9')).status).toBe(200);
    expect((await list()).body.items).toEqual([]);
  });

  it('is open to AWS principals, who can remove the block', async () => {
    await add({ cidr: HERE, include_own_address: true });
    service.advance(5);
    expect((await list()).status).toBe(403);
    const userArn = 'arn:aws:sts::111122223333:assumed-role/ops/session';
    const removed = await service.send({ to: 'DELETE /iam/blocks', userArn, query: `cidr=${HERE}`, ip: HERE });
    expect(removed.status).toBe(204);
    service.advance(5);
    expect((await list()).status).toBe(200);
  });
});

it('the list costs a request no call of its own', async () => {
  await ask('203.0.113.9');
  service.advance(5);
  service.calls.clear();
  await ask('203.0.113.9');
  expect(service.calls.names().filter((call) => call !== 'Query KEYRING')).toEqual(['BatchGetItem', 'Sign', 'UpdateItem RATE']);
});

it('a list that cannot be read leaves the one before in force', async () => {
  await add({ cidr: '203.0.113.0/24' });
  service.advance(5);
  expect((await ask('203.0.113.9')).status).toBe(403);
  await service.engine.put({ ...BLOCKS_KEY, version: 7, blocks: 'garbage' });
  service.advance(60);
  expect((await ask('203.0.113.9')).status).toBe(403);
  expect((await ask('203.0.114.9')).status).toBe(200);
});

describe('the list', () => {
  it('says who, why and until when, where the caller is, and how slow guessing is', async () => {
    await add({ cidr: '2001:DB8::/32', reason: 'test' });
    const { body } = await list();
    expect(body).toMatchObject({
      items: [{ cidr: '2001:db8::/32', reason: 'test', created_by: expect.any(String) }],
      next: null,
      caller_address: HERE,
      lockout: { failures: 5, window: 900, first_delay: 30, max_delay: 1800, guesses_a_day: 1294 },
    });
  });
  it('holds a network once, with its last end and reason', async () => {
    await add({ cidr: '203.0.113.0/24', reason: 'one' });
    await add({ cidr: '203.0.113.0/24', reason: 'two' });
    expect((await list()).body.items).toMatchObject([{ reason: 'two' }]);
  });
  it('holds at most 200, however many are added at once', async () => {
    const blocks = Array.from({ length: 199 }, (_, at) => ({
      cidr: `203.0.${at}.0/24`,
      created_at: 1,
      expires_at: service.now() + 99,
      reason: '',
      created_by: 'a',
    }));
    await service.engine.put({ ...BLOCKS_KEY, version: 1, blocks });
    const answers = await Promise.all(['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((cidr) => add({ cidr })));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 400, 400]);
    expect((await list()).body.items).toHaveLength(200);
  });
});

describe('what is refused', () => {
  it.each([
    [{}, 'cidr'],
    [{ cidr: '0.0.0.0/0' }, 'cidr'],
    [{ cidr: 'example.com' }, 'cidr'],
    [{ cidr: 7 }, 'cidr'],
    [{ cidr: '192.0.2.1', reason: 'x'.repeat(101) }, 'reason'],
    [{ cidr: '192.0.2.1', reason: 'a\nb' }, 'reason'],
    [{ cidr: '192.0.2.1', expires_at: 'tomorrow' }, 'expires_at'],
    [{ cidr: '192.0.2.1', expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    [{ cidr: '192.0.2.1', expires_at: '2099-01-01T00:00:00Z' }, 'expires_at'],
    [{ cidr: '192.0.2.1', include_own_address: 'yes' }, 'include_own_address'],
  ])('%j, by the name of the field', async (json, field) => {
    const answer = await add(json);
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect(answer.body.error_description).toMatch(new RegExp(`^${field} `));
  });
  it('a block of the own address, unless it is meant', async () => {
    expect(await add({ cidr: '198.51.100.0/24' })).toMatchObject({ status: 409, body: { error: 'conflict' } });
    expect((await add({ cidr: '198.51.100.0/24', include_own_address: true })).status).toBe(201);
  });
  it('removing what is not there', async () => {
    expect((await remove('203.0.113.0/24')).status).toBe(404);
    expect((await remove('everything')).status).toBe(400);
  });
  it('whoever does not manage all clients', async () => {
    expect((await service.send({ to: 'GET /blocks' })).status).toBe(401);
    const own = (await ask(HERE)).body.access_token;
    for (const to of ['GET /blocks', 'POST /blocks', 'DELETE /blocks']) expect((await service.send({ to, bearer: own })).status).toBe(403);
    const limited = await service.register({ scope: 'clients:manage', manages_tags: ['team-a'] });
    const form = { grant_type: 'client_credentials', scope: 'clients:manage' };
    const { access_token: bearer } = (await service.send({ to: 'POST /token', basic: limited, form })).body;
    expect((await service.send({ to: 'GET /blocks', bearer })).status).toBe(403);
  });
});

it('each change is an event in the same write', async () => {
  await add({ cidr: '203.0.113.0/24' });
  expect(await service.engine.item(BLOCKS_KEY)).toMatchObject({
    event: { event_type: 'network_blocked', reason: expect.stringMatching(/^by:\S+ 203\.0\.113\.0\/24$/) },
  });
  await remove('203.0.113.0/24');
  expect(await service.engine.item(BLOCKS_KEY)).toMatchObject({ blocks: [], event: { event_type: 'network_unblocked' } });
});
