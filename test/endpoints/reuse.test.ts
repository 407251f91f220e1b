// Clients that get the same token again (`reuse_tokens`): what they get, when they get another one, and what it costs.
import { beforeEach, describe, expect, it } from 'vitest';
import { claimsOf, headerOf, verified } from './access-token.ts';
import type { Answer, Sent } from './request.ts';
import { useService, type Registered } from './service-under-test.ts';

const service = useService({ environment: { RATE_LIMIT_PER_MINUTE: '0' } });
const GRANT = { grant_type: 'client_credentials' };
const thrifty = (more: object = {}): Promise<Registered> => service.register({ reuse_tokens: true, ...more });
const ask = (basic: Registered, form: object = {}, more: Partial<Sent> = {}): Promise<Answer> =>
  service.send({ to: 'POST /token', basic, form: { ...GRANT, ...form }, ...more });
const token = async (...sent: Parameters<typeof ask>): Promise<string> => {
  const answer = await ask(...sent);
  expect(answer.status).toBe(200);
  return answer.body.access_token as string;
};
const keptItems = async ({ client_id }: Registered) =>
  (await service.engine.items()).filter(({ PK }) => String(PK).startsWith(`ISSUED#${client_id}#`));
const changeItem = async (key: { PK: string; SK: string }, attributes: Record<string, unknown>) =>
  service.engine.put({ ...(await service.engine.item(key)), ...key, ...attributes });
const change = (client: Registered, attributes: Record<string, unknown>) =>
  changeItem({ PK: `CLIENT#${client.client_id}`, SK: 'CLIENT' }, attributes);
/** Each in an execution environment of its own, or in one that is warm. */
const environments = [
  ['warm', () => undefined],
  ['cold', () => service.coldStart()],
] as const;

beforeEach(() => service.coldStart());

describe.each(environments)('in a %s environment', (_, next) => {
  it('the same request gets the same token for the first half of its life, and then a new one', async () => {
    const client = await thrifty();
    const first = await ask(client);
    expect(first.body).toMatchObject({ expires_in: 900, token_type: 'Bearer', scope: 'read write' });
    for (const [pause, left] of [
      [0, 900],
      [449, 451],
      [1, 450],
    ] as const) {
      service.advance(pause);
      next();
      const again = await ask(client);
      expect(again.body).toEqual({ ...first.body, expires_in: left });
      expect(again.headers).toMatchObject({ 'cache-control': 'no-store' });
    }
    service.advance(1);
    next();
    const another = await ask(client);
    expect(another.body.expires_in).toBe(900);
    expect(another.body.access_token).not.toBe(first.body.access_token);
    await verified(service, another.body.access_token as string);
    next();
    expect(await token(client)).toBe(another.body.access_token);
  });

  it('a revoked token is never handed out again', async () => {
    const client = await thrifty();
    const first = await token(client);
    expect((await service.send({ to: 'POST /revoke', basic: client, form: { token: first } })).status).toBe(200);
    next();
    const second = await token(client);
    expect(second).not.toBe(first);
    next();
    expect(await token(client)).toBe(second);
  });

  it('nor is any after everything of the client was revoked', async () => {
    const client = await thrifty();
    const first = await token(client);
    expect((await service.send({ to: 'POST /revoke', basic: client, form: { all: 'true' } })).status).toBe(200);
    next();
    const second = await token(client);
    expect(claimsOf(second)['epoch']).toBe(Number(claimsOf(first)['epoch']) + 1);
    next();
    expect(await token(client)).toBe(second);
  });

  it('a client that is disabled gets none, whatever it got before', async () => {
    const client = await thrifty();
    await token(client);
    await change(client, { disabled: true });
    next();
    expect((await ask(client)).status).toBe(401);
  });

  it.each([
    ['scope', { scope: ['read'] }],
    ['roles', { roles: ['other'] }],
    ['audiences', { audiences: ['https://api.example'] }],
    ['networks', { ip_ranges: ['0.0.0.0/0'] }],
    ['a shorter lifetime', { access_token_lifetime: 300 }],
    ['an end of its own', { client_expires_at: 2_000_000_000 }, 2_000_000_000],
  ])('a change of %s means a token that says so', async (_name, attributes, end?: number) => {
    if (end !== undefined) service.advance(end - service.now() - 600);
    const client = await thrifty();
    const first = await token(client);
    await change(client, attributes);
    next();
    const second = await token(client);
    expect(second).not.toBe(first);
    expect(claimsOf(second)['exp'] - service.now()).toBeLessThanOrEqual(end === undefined ? 900 : 600);
  });

  it('a signing key that signs no more, because nobody may trust it, signed none that is handed out', async () => {
    const client = await thrifty();
    const first = await token(client);
    const key = { PK: 'KEYRING', SK: `KEY#${String(headerOf(first)['kid'])}` };
    const record = (await service.engine.item(key))!;
    await service.engine.put({ ...record, distrusted_at: service.now() });
    service.advance(15);
    next();
    // Without another key there is no token at all: what matters is that the former one is not given.
    expect((await ask(client)).status).toBe(503);
    await service.engine.put(record);
    service.advance(15);
  });
});

describe('the same token is given only for the same', () => {
  it('scope and audience', async () => {
    const client = await thrifty({ audiences: ['https://issuer.example', 'https://api.example'] });
    const requests = [{}, { scope: 'read' }, { resource: 'https://api.example' }, { scope: 'read', resource: 'https://api.example' }];
    const first = await Promise.all(requests.map((form) => token(client, form)));
    expect(new Set(first).size).toBe(4);
    service.coldStart();
    expect(await Promise.all(requests.map((form) => token(client, form)))).toEqual(first);
    // As granted: asked for by name it is what is given without a word.
    expect(await token(client, { scope: 'read write' })).toBe(first[0]);
  });

  it('client', async () => {
    const [one, other] = [await thrifty(), await thrifty()];
    expect(await token(one)).not.toBe(await token(other));
  });

  it('credential: a second secret gets a token of its own, and an ended one gets none', async () => {
    const client = await thrifty();
    const other = await thrifty();
    const key = { PK: `CLIENT#${client.client_id}`, SK: 'CLIENT' };
    const [own, second] = [
      (await service.engine.item(key))!['secrets'] as object[],
      (await service.engine.item({ ...key, PK: `CLIENT#${other.client_id}` }))!['secrets'] as object[],
    ];
    await change(client, { secrets: [...own, ...second] });
    const [first, next] = [await token(client), await token({ ...client, client_secret: other.client_secret })];
    expect(next).not.toBe(first);
    expect(await token(client)).toBe(first);
    await change(client, { secrets: second });
    expect((await ask(client)).status).toBe(401);
    expect(await token({ ...client, client_secret: other.client_secret })).toBe(next);
  });
});

describe('a token handed out again', () => {
  it('is on record each time, with its id and the reason', async () => {
    const client = await thrifty();
    const first = claimsOf(await token(client));
    service.log.clear();
    await token(client);
    expect(service.audit()).toMatchObject([
      {
        event_type: 'login_success',
        outcome: 'success',
        client_id: client.client_id,
        jti: first['jti'],
        reason: 'reused',
        amr: 'client_secret',
      },
    ]);
  });

  it('has a durable record in strict audit mode', async () => {
    service.coldStart({ AUDIT_MODE: 'strict' });
    const client = await thrifty();
    const { jti } = claimsOf(await token(client));
    await token(client);
    const windows = (await service.engine.items()).filter(({ PK }) => String(PK).startsWith(`RATE#token#${client.client_id}`));
    expect(windows).toMatchObject([{ event: { event_type: 'login_success', jti: jti as string, reason: 'reused' } }]);
    service.coldStart({ AUDIT_MODE: 'standard' });
  });

  it('counts against limits and quotas like any other', async () => {
    const client = await thrifty({ quotas: [{ per: 'hour', limit: 2 }] });
    expect([(await ask(client)).status, (await ask(client)).status, (await ask(client)).status]).toEqual([200, 200, 429]);
    const limited = await thrifty({ rate_limit_per_minute: 1, rate_limit_burst: 0 });
    expect([(await ask(limited)).status, (await ask(limited)).status]).toEqual([200, 429]);
  });
});

describe('what it costs', () => {
  const cost = async (client: Registered) => {
    service.calls.clear();
    await token(client);
    return { calls: service.calls.names(), waits: service.calls.waits() };
  };

  it('is one wait and no signature, once the environment knows the token', async () => {
    const client = await thrifty();
    await token(client);
    expect(await cost(client)).toEqual({ calls: ['BatchGetItem', 'UpdateItem RATE'], waits: 1 });
  });

  it('is a read of the token and one of its revocation, where another environment made it', async () => {
    const client = await thrifty();
    await token(client);
    service.coldStart();
    await token(await service.register());
    expect(await cost(client)).toEqual({
      calls: ['BatchGetItem', 'BatchGetItem', 'BatchGetItem', 'UpdateItem CLIENT', 'UpdateItem RATE'],
      waits: 4,
    });
  });

  it('is one write more for a new token', async () => {
    const client = await thrifty();
    await token(client);
    service.advance(451);
    await token(await service.register());
    expect((await cost(client)).calls).toEqual(['BatchGetItem', 'PutItem ISSUED', 'Sign', 'UpdateItem CLIENT', 'UpdateItem RATE']);
  });

  it('is nothing any more for a client that had the option', async () => {
    const client = await thrifty();
    const first = await token(client);
    await change(client, { reuse_tokens: false });
    expect(await token(client)).not.toBe(first);
    service.advance(451);
    await token(client); // whose use of its secret is written
    expect(await cost(client)).toEqual({ calls: ['BatchGetItem', 'Sign', 'UpdateItem RATE'], waits: 2 });
    await change(client, { reuse_tokens: true });
    expect(await token(client)).not.toBe(first);
  });

  it('is nothing for everybody else', async () => {
    const client = await service.register();
    const first = await token(client);
    expect(await cost(client)).toEqual({ calls: ['BatchGetItem', 'Sign', 'UpdateItem RATE'], waits: 2 });
    expect(await token(client)).not.toBe(first);
    expect(await keptItems(client)).toEqual([]);
  });
});

describe('what lies in the table', () => {
  it('is no token, and gone with its time', async () => {
    const client = await thrifty();
    const given = await token(client);
    const [item, ...more] = await keptItems(client);
    expect(more).toEqual([]);
    expect(Object.keys(item!).toSorted()).toEqual(['PK', 'SK', 'purge_at', 'ring_key', 'sealed']);
    expect(item).toMatchObject({ SK: 'ISSUED', ring_key: 'k1', purge_at: claimsOf(given)['exp'] as number });
    const text = Buffer.from(item!['sealed'] as Uint8Array).toString('latin1');
    for (const part of given.split('.')) expect(text).not.toContain(part);
  });

  it.each([
    ['tampered with', () => ({ sealed: new Uint8Array(100) })],
    ['of another type', () => ({ sealed: 'text' })],
    ['of a key that is gone', () => ({ ring_key: 'k9' })],
    ['of a key that is none', () => ({ ring_key: 7 })],
  ])('and is %s means a new token', async (_, attributes) => {
    const client = await thrifty();
    const first = await token(client);
    const [item] = await keptItems(client);
    await changeItem({ PK: item!['PK'] as string, SK: 'ISSUED' }, attributes());
    service.coldStart();
    const second = await token(client);
    expect(second).not.toBe(first);
    await verified(service, second);
    expect(await token(client)).toBe(second);
  });

  it('serves only where it lies: the token of another client or scope in its place is none', async () => {
    const [client, other] = [await thrifty(), await thrifty()];
    const [first, foreign] = [await token(client), await token(other)];
    const [[item], [others]] = [await keptItems(client), await keptItems(other)];
    await changeItem({ PK: item!['PK'] as string, SK: 'ISSUED' }, { sealed: others!['sealed'] });
    service.coldStart();
    const second = await token(client);
    expect([first, foreign]).not.toContain(second);
  });
});

it('of requests beside each other every one gets a token that serves, and what comes after shares one', async () => {
  const client = await thrifty();
  const tokens = await Promise.all(Array.from({ length: 50 }, () => token(client)));
  for (const given of new Set(tokens)) await verified(service, given);
  const after = new Set(await Promise.all(Array.from({ length: 50 }, () => token(client))));
  expect(after.size).toBe(1);
  service.coldStart();
  const elsewhere = new Set(await Promise.all(Array.from({ length: 50 }, () => token(client))));
  expect(elsewhere.size).toBe(1);
});

it('an API key gets its own token again, and none once it has ended', async () => {
  const client = await thrifty();
  const manager = await service.register({ scope: 'clients:manage' });
  const bearer = await token(manager, { scope: 'clients:manage' });
  const made = await service.send({ to: `POST /clients/${client.client_id}/api-keys`, bearer });
  const withKey = () => service.send({ to: 'POST /token', headers: { 'x-api-key': made.body.api_key as string }, form: GRANT });
  const first = (await withKey()).body.access_token as string;
  expect((await withKey()).body.access_token).toBe(first);
  expect(await token(client)).not.toBe(first);
  await service.send({ to: `DELETE /clients/${client.client_id}/api-keys/${made.body.id as string}`, bearer });
  expect((await withKey()).status).toBe(401);
});
