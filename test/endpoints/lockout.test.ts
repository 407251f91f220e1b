import { describe, expect, it } from 'vitest';
import { attackKey, failureKey } from '../../src/storage/keys.ts';
import type { Answer } from './request.ts';
import { useService, type Registered } from './service-under-test.ts';

const LOCKOUT = JSON.stringify({ failures: 5, window: 900, first_delay: 30, max_delay: 1800, at_once: 400 });
const service = useService({ environment: { LOCKOUT } });
const GRANT = { grant_type: 'client_credentials' };
const wrong = ({ client_id }: Registered): Registered => ({ client_id, client_secret: 'wrong' });
const unknown = (name: string): Registered => ({ client_id: `unknown-${name}`, client_secret: 'wrong' });

let networks = 0;
/** A network that nobody has used before. */
const freshNetwork = (): string => `10.${Math.floor(networks / 250)}.${(networks += 1) % 250}.7`;
const ask = (basic: Registered, ip: string): Promise<Answer> => service.send({ to: 'POST /token', basic, form: GRANT, ip });
async function fail(times: number, client: Registered, ip: string): Promise<readonly number[]> {
  const all: number[] = [];
  for (let at = 0; at < times; at += 1) all.push((await ask(wrong(client), ip)).status);
  return all;
}
/** Without the reading of signing keys, which comes once a minute with whichever request. */
const callNames = () => service.calls.names().filter((call) => call !== 'Query KEYRING');
const eventTypes = () => service.audit().map(({ event_type }) => event_type);

describe('five failures in a quarter of an hour', () => {
  it('start a delay of 30 seconds, told in Retry-After, whatever the secret', async () => {
    const [client, ip] = [await service.register(), freshNetwork()];
    expect(await fail(5, client, ip)).toEqual(Array(5).fill(401));
    for (const basic of [wrong(client), client]) {
      const refused = await ask(basic, ip);
      expect(refused).toMatchObject({ status: 429, body: { error: 'slow_down' }, headers: { 'retry-after': '30' } });
      expect(refused.headers).not.toHaveProperty('ratelimit');
    }
    expect(service.audit().at(-1)).toMatchObject({ event_type: 'rate_limit_exceeded', client_id: client.client_id, reason: 'locked_out' });
  });

  it('are refused again without a call', async () => {
    const [client, ip] = [await service.register(), freshNetwork()];
    await fail(6, client, ip);
    service.calls.clear();
    expect(await fail(20, client, ip)).toEqual(Array(20).fill(429));
    expect(callNames()).toEqual([]);
  });

  it('and each one more double it, up to half an hour; refused ones do not', async () => {
    const [client, ip] = [await service.register(), freshNetwork()];
    await fail(5, client, ip);
    const delays: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      const [refused] = [await ask(wrong(client), ip), await ask(wrong(client), ip)];
      delays.push(Number(refused.headers['retry-after']));
      service.advance(delays.at(-1)!);
      expect((await ask(wrong(client), ip)).status).toBe(401);
    }
    expect(delays).toEqual([30, 60, 120, 240, 480, 960, 1800, 1800]);
  });

  it('count anew once the window is over', async () => {
    const [client, ip] = [await service.register(), freshNetwork()];
    await fail(4, client, ip);
    service.advance(900);
    expect(await fail(5, client, ip)).toEqual(Array(5).fill(401));
    expect((await ask(client, ip)).status).toBe(429);
  });

  it('lock neither another network nor another client of the same network', async () => {
    const [client, other, ip] = [await service.register(), await service.register(), freshNetwork()];
    await fail(6, client, ip);
    expect((await ask(client, freshNetwork())).status).toBe(200);
    expect((await ask(other, ip)).status).toBe(200);
  });

  it('count at every endpoint that takes the secret', async () => {
    const [client, ip] = [await service.register(), freshNetwork()];
    const basic = wrong(client);
    await service.send({ to: 'POST /introspect', basic, form: { token: 'x' }, ip });
    await service.send({ to: 'POST /revoke', basic, form: { token: 'x' }, ip });
    expect(await fail(3, client, ip)).toEqual([401, 401, 401]);
    for (const to of ['POST /introspect', 'POST /revoke'] as const)
      expect((await service.send({ to, basic: client, form: { token: 'x' }, ip })).status).toBe(429);
  });
});

describe('the turn after a delay', () => {
  it('is for one alone of all that come at once', async () => {
    const [client, ip] = [await service.register(), freshNetwork()];
    await fail(5, client, ip);
    service.advance(30);
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(wrong(client), ip)));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(19);
  });

  it('with the right secret, ends it: this network now waits no more', async () => {
    const [client, ip] = [await service.register(), freshNetwork()];
    await fail(5, client, ip);
    service.advance(30);
    for (let time = 0; time < 3; time += 1) expect((await ask(client, ip)).status).toBe(200);
  });
});

describe('fifty wrong guesses at once', () => {
  it('are all counted, and owed for longer than five', async () => {
    const [client, ip] = [await service.register(), freshNetwork()];
    await Promise.all(Array.from({ length: 50 }, () => ask(wrong(client), ip)));
    expect(await service.engine.item(failureKey({ clientId: client.client_id, network: ip }))).toMatchObject({ failures: 50 });
    service.coldStart();
    expect((await ask(client, ip)).headers['retry-after']).toBe('1800');
  });

  it('of one client are one id to their network, whose other clients notice nothing', async () => {
    const [client, other, ip] = [await service.register(), await service.register(), freshNetwork()];
    await Promise.all(Array.from({ length: 50 }, () => ask(wrong(client), ip)));
    expect(await service.engine.item(failureKey({ network: ip }))).toMatchObject({ failures: 1 });
    expect((await ask(other, ip)).status).toBe(200);
  });
});

describe('an owner behind the same address as an attacker', () => {
  it('is served as long as it has proven its secret from there lately, and the attacker is not', async () => {
    const [client, ip] = [await service.register(), freshNetwork()];
    expect((await ask(client, ip)).status).toBe(200);
    await fail(6, client, ip);
    for (let time = 0; time < 5; time += 1) {
      expect((await ask(client, ip)).status).toBe(200);
      const refused = await ask(wrong(client), ip);
      expect(refused).toMatchObject({ status: 429, body: { error: 'slow_down' } });
    }
  });

  it('is known by the last use of its secret for two days, in every environment', async () => {
    const [client, ip] = [await service.register(), freshNetwork()];
    await ask(client, ip);
    service.advance(47 * 3600);
    await fail(5, client, ip);
    service.coldStart();
    expect((await ask(client, ip)).status).toBe(200);

    const [late, lateIp] = [await service.register(), freshNetwork()];
    await ask(late, lateIp);
    service.advance(49 * 3600);
    await fail(5, late, lateIp);
    expect((await ask(late, lateIp)).status).toBe(429);
  });

  it('asks the table once, and not again while it is on record', async () => {
    const [client, ip] = [await service.register(), freshNetwork()];
    await ask(client, ip);
    await fail(5, client, ip);
    service.coldStart();
    await ask(client, ip);
    service.coldStart();
    await ask(client, ip);
    service.calls.clear();
    await ask(client, ip);
    expect(service.calls.names().filter((call) => call === 'BatchGetItem')).toHaveLength(1);
  });
});

describe('a network that fails for many clients', () => {
  it('is slowed as a whole, except for who has proven a secret from there', async () => {
    const [owner, newcomer, ip] = [await service.register(), await service.register(), freshNetwork()];
    await ask(owner, ip);
    for (let id = 0; id < 20; id += 1) expect((await ask(unknown(String(id)), ip)).status).toBe(401);
    expect((await ask(unknown('one-more'), ip)).status).toBe(429);
    expect((await ask(newcomer, ip)).status).toBe(429);
    for (let time = 0; time < 3; time += 1) expect((await ask(owner, ip)).status).toBe(200);
    expect((await ask(newcomer, freshNetwork())).status).toBe(200);
  });

  it('counts ids, not failures: one client that keeps failing is no attack on others', async () => {
    const [client, other, ip] = [await service.register(), await service.register(), freshNetwork()];
    for (let round = 0; round < 30; round += 1) {
      await fail(1, client, ip);
      service.advance(1);
    }
    expect((await ask(other, ip)).status).toBe(200);
  });
});

describe('an unknown client', () => {
  it('gets the same answers as a known one, one after the other', async () => {
    const [client, first, second] = [await service.register(), freshNetwork(), freshNetwork()];
    for (let round = 0; round < 12; round += 1) {
      const [known, stranger] = [await ask(wrong(client), first), await ask(unknown('same'), second)];
      const comparable = ({ status, headers, body }: Answer) => ({
        status,
        headers: { ...headers, 'x-trace-id': '' },
        body: { ...body, trace_id: '' },
      });
      expect(comparable(stranger)).toEqual(comparable(known));
      if (round % 2 === 1) service.advance(45);
    }
  });

  it('makes the same calls as a known one: failing, refused and let through again', async () => {
    const [client, first, second] = [await service.register(), freshNetwork(), freshNetwork()];
    await ask(wrong(client), freshNetwork());
    const callsOf = async (basic: Registered, ip: string) => {
      service.calls.clear();
      await ask(basic, ip);
      return callNames();
    };
    for (let round = 0; round < 8; round += 1) {
      const known = await callsOf(wrong(client), first);
      expect(await callsOf(unknown('calls'), second), `round ${round}`).toEqual(known);
      if (round >= 5) service.advance(40);
    }
  });
});

describe('an attack from everywhere', () => {
  it('goes out as one event in a window, and refuses nobody', async () => {
    const client = await service.register();
    for (let guess = 0; guess < 60; guess += 1) await ask(wrong(client), freshNetwork());
    expect(eventTypes().filter((type) => type === 'client_under_attack')).toHaveLength(1);
    expect(service.audit().find(({ event_type }) => event_type === 'client_under_attack')).toMatchObject({
      client_id: client.client_id,
      outcome: 'failure',
      reason: '50 failures',
    });
    expect((await ask(client, freshNetwork())).status).toBe(200);
    const windows = (await service.engine.items()).filter(({ PK }) => PK === attackKey(client.client_id, 1).PK);
    expect(windows).toEqual([expect.objectContaining({ failures: 60 })]);
    expect(windows[0]).not.toHaveProperty('event'); // sent once, by the write that carried it
    service.log.clear();
    service.advance(900);
    for (let guess = 0; guess < 50; guess += 1) await ask(wrong(client), freshNetwork());
    expect(eventTypes().filter((type) => type === 'client_under_attack')).toHaveLength(1);
  });

  it("on a client that does not exist is nobody's alarm", async () => {
    for (let guess = 0; guess < 55; guess += 1) await ask(unknown('attacked'), freshNetwork());
    expect(eventTypes()).not.toContain('client_under_attack');
  });
});

it('an AWS role is never locked and never counted', async () => {
  const [client, ip] = [await service.register({ iam_principals: ['arn:aws:iam::111122223333:role/job'] }), freshNetwork()];
  await fail(6, client, ip);
  const form = { ...GRANT, client_id: client.client_id };
  const as = (role: string) =>
    service.send({ to: 'POST /iam/token', form, ip, userArn: `arn:aws:sts::111122223333:assumed-role/${role}/s` });
  for (let time = 0; time < 7; time += 1) expect((await as('other')).status).toBe(401);
  expect((await as('job')).status).toBe(200);
});

it('switched off, nothing is counted', async () => {
  service.coldStart({ LOCKOUT: 'off' });
  const [client, ip] = [await service.register(), freshNetwork()];
  expect(await fail(12, client, ip)).toEqual(Array(12).fill(401));
  expect(await service.engine.item(failureKey({ clientId: client.client_id, network: ip }))).toBeUndefined();
  service.coldStart();
});
