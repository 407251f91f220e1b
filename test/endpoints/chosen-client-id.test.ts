// POST /clients with a client_id of the caller's choice (import, decision 0017).
import { beforeAll, describe, expect, it } from 'vitest';
import type { Answer } from './request.ts';
import { useService, type Registered } from './service-under-test.ts';

const service = useService();
let bearer: string;
let other: string;
beforeAll(async () => {
  bearer = await managerToken('manager');
  other = await managerToken('other-manager');
});
async function managerToken(name: string): Promise<string> {
  const basic = await service.register({ scope: 'clients:manage' }, name);
  const form = { grant_type: 'client_credentials', scope: 'clients:manage' };
  return (await service.send({ to: 'POST /token', basic, form })).body.access_token as string;
}
const create = (json: unknown, key?: string, as = bearer): Promise<Answer> =>
  service.send({ to: 'POST /clients', bearer: as, json, headers: key === undefined ? {} : { 'idempotency-key': key } });
const works = async (basic: Registered): Promise<boolean> =>
  (await service.send({ to: 'POST /token', basic, form: { grant_type: 'client_credentials' } })).status === 200;
const TAKEN = { status: 409, body: { error: 'conflict' } };

it('is the id of the client, which works', async () => {
  const { status, body } = await create({ client_id: '1h57kf5cpq17m0eml12EXAMPLE', client_name: 'billing' });
  expect([status, body.client_id]).toEqual([201, '1h57kf5cpq17m0eml12EXAMPLE']);
  expect(await works(body as Registered)).toBe(true);
});

it.each([
  ['a character that no key may have', 'a#b'],
  ['nothing', ''],
  ['65 characters', 'a'.repeat(65)],
  ['the form of a secret', 'm2m_cs_x'],
  ['the form of a key, in capitals', 'M2M_AK_x'],
  ['a number', 7],
  ['a list', ['a']],
])('refuses %s', async (_, clientId) => {
  expect(await create({ client_id: clientId })).toMatchObject({ status: 400, body: { error: 'invalid_client_metadata' } });
});

it('null and a missing member let the service make one', async () => {
  for (const json of [{ client_id: null }, {}]) expect((await create(json)).body.client_id).toEqual(expect.stringMatching(/^c_[\w-]{22}$/));
});

describe('an id that is taken', () => {
  it('is refused, and its owner is none the worse: without a key, with another, by another manager, with a body of its own', async () => {
    const { body } = await create({ client_id: 'taken', client_name: 'first' }, 'key-1');
    const before = await service.engine.item({ PK: 'CLIENT#taken', SK: 'CLIENT' });
    const json = { client_id: 'taken', client_name: 'first' };
    expect(await create(json)).toMatchObject(TAKEN);
    expect(await create(json, 'key-2')).toMatchObject(TAKEN);
    expect(await create(json, 'key-1', other)).toMatchObject(TAKEN);
    expect(await create({ ...json, client_name: 'second' }, 'key-1')).toMatchObject({ status: 422 });
    expect(await service.engine.item({ PK: 'CLIENT#taken', SK: 'CLIENT' })).toEqual(before);
    expect(await works(body as Registered)).toBe(true);
  });

  it('that a deleted client had stays refused, also under the key that made it', async () => {
    const json = { client_id: 'buried' };
    await create(json, 'key-3');
    expect((await service.send({ to: 'DELETE /clients/buried', bearer })).status).toBe(204);
    expect(await create(json)).toMatchObject(TAKEN);
    expect(await create(json, 'key-3')).toMatchObject(TAKEN);
  });
});

it('the same request under the same key is one client with one secret, raced and repeated', async () => {
  const json = { client_id: 'imported', client_name: 'imported' };
  const answers = await Promise.all(Array.from({ length: 5 }, () => create(json, 'key-4')));
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  service.coldStart({}, 'clients');
  const again = await create(json, 'key-4');
  expect([again.status, again.text]).toEqual([201, answers[0]?.text]);
  expect(await works(again.body as Registered)).toBe(true);
});

it('one key with two ids makes two clients that do not share a secret', async () => {
  const [one, two] = [await create({ client_id: 'twin-1' }, 'key-5'), await create({ client_id: 'twin-2' }, 'key-5')];
  expect([one.status, two.status]).toEqual([201, 201]);
  expect(one.body.client_secret).not.toBe(two.body.client_secret);
});

it('is not for managers of tags, and does not tell them which ids there are', async () => {
  const basic = await service.register({ scope: 'clients:manage read', manages_tags: ['team'], tags: ['managers'] }, 'restricted');
  const form = { grant_type: 'client_credentials', scope: 'clients:manage' };
  const restricted = (await service.send({ to: 'POST /token', basic, form })).body.access_token as string;
  const answers = await Promise.all(['restricted', 'free'].map((id) => create({ client_id: id, tags: ['team'] }, undefined, restricted)));
  for (const answer of answers) expect(answer).toMatchObject({ status: 403, body: { error: 'access_denied' } });
  expect(answers[0]?.body.error_description).toBe(answers[1]?.body.error_description);
  expect((await create({ tags: ['team'] }, undefined, restricted)).status).toBe(201);
});

it('may look like the id of an API key: the client has its own limits, and is no stranger', async () => {
  const json = { client_id: '507f1f77bcf86cd799439011-prod', rate_limit_per_minute: 150, rate_limit_burst: 0 };
  const basic = (await create(json)).body as Registered;
  const ask = async () =>
    (await service.send({ to: 'POST /token', basic, form: { grant_type: 'client_credentials' }, ip: '198.51.100.3' })).status;
  const seen: number[] = [];
  for (let call = 0; call < 151; call += 1) seen.push(await ask());
  expect([seen.indexOf(429), seen.filter((status) => status === 200)]).toEqual([150, Array(150).fill(200)]);
});
