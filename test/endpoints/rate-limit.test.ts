import { describe, expect, it } from 'vitest';
import type { Answer } from './request.ts';
import { useService, type Registered } from './service-under-test.ts';

const service = useService({ environment: { RATE_LIMIT_PER_MINUTE: '6' } });
const GRANT = { grant_type: 'client_credentials' };
const ask = (basic: Registered, ip?: string): Promise<Answer> =>
  service.send({ to: 'POST /token', basic, form: GRANT, ...(ip === undefined ? {} : { ip }) });
const statuses = async (count: number, client: Registered, ip?: string): Promise<readonly number[]> => {
  const all: number[] = [];
  for (let at = 0; at < count; at += 1) all.push((await ask(client, ip)).status);
  return all;
};
const nextMinute = () => service.advance(120 - (service.now() % 60));

describe('the limit of an endpoint', () => {
  it('is so many calls a minute and a third more, then 429 that says when to come again', async () => {
    const client = await service.register();
    expect(await statuses(8, client)).toEqual(Array(8).fill(200));
    const refused = await ask(client);
    expect(refused).toMatchObject({ status: 429, body: { error: 'slow_down' } });
    expect(refused.headers).toMatchObject({
      'ratelimit-policy': '"token";q=8;w=60',
      ratelimit: '"token";r=0;t=60',
      'cache-control': 'no-store',
    });
    expect(refused.headers['retry-after']).toMatch(/^[1-9][0-9]*$/);
    expect(service.audit().at(-1)).toMatchObject({
      event_type: 'rate_limit_exceeded',
      client_id: client.client_id,
      reason: 'rate_limited',
    });
  });

  it('is told truly: one call is served after Retry-After, and the next is not before its time', async () => {
    nextMinute();
    const client = await service.register();
    await statuses(8, client);
    for (let round = 0; round < 5; round += 1) {
      const refused = await ask(client);
      expect(refused.status).toBe(429);
      service.advance(Number(refused.headers['retry-after']));
      expect((await ask(client)).status).toBe(200);
      while ((await ask(client)).status === 200); // use up what the second's rounding has left over
    }
  });

  it('refuses again without a call until then', async () => {
    nextMinute();
    const client = await service.register();
    await statuses(9, client);
    service.calls.clear();
    expect(await statuses(20, client)).toEqual(Array(20).fill(429));
    expect(service.calls.names()).toEqual([]);
  });

  it('counts each client, network and endpoint for itself', async () => {
    nextMinute();
    const [one, other] = [await service.register(), await service.register()];
    await statuses(9, one);
    expect((await ask(other)).status).toBe(200);
    expect((await ask(one, '198.51.100.1')).status).toBe(200);
    expect((await service.send({ to: 'POST /introspect', basic: one, form: { token: 'x' } })).status).toBe(200);
  });

  it('counts all addresses of an IPv6 /64 as one, and an IPv4-mapped address as its IPv4 one', async () => {
    nextMinute();
    const client = await service.register();
    for (let at = 0; at < 8; at += 1) expect((await ask(client, `2001:db8::${at}`)).status).toBe(200);
    expect((await ask(client, '2001:db8::ffff')).status).toBe(429);
    expect((await ask(client, '2001:db8:0:1::1')).status).toBe(200);
    for (let at = 0; at < 8; at += 1) await ask(client, at % 2 === 0 ? '192.0.2.9' : '::ffff:192.0.2.9');
    expect((await ask(client, '192.0.2.9')).status).toBe(429);
  });

  it('is not evaded by headers that name another address', async () => {
    nextMinute();
    const client = await service.register();
    await statuses(8, client);
    const answer = await service.send({
      to: 'POST /token',
      basic: client,
      form: GRANT,
      headers: { 'x-forwarded-for': '198.51.100.77', forwarded: 'for=198.51.100.77' },
    });
    expect(answer.status).toBe(429);
  });

  it('holds across execution environments', async () => {
    nextMinute();
    const client = await service.register();
    await statuses(8, client);
    service.coldStart();
    expect((await ask(client)).status).toBe(429);
  });

  it('is the client\u2019s own where it has one', async () => {
    nextMinute();
    const [one, wide] = [
      await service.register({ rate_limit_per_minute: 1, rate_limit_burst: 0 }),
      await service.register({ rate_limit_per_minute: 12 }),
    ];
    expect(await statuses(2, one)).toEqual([200, 429]);
    expect(await statuses(17, wide)).toEqual([...Array<number>(16).fill(200), 429]);
  });

  it('of 0 limits nobody but clients with a limit of their own', async () => {
    nextMinute();
    service.coldStart({ RATE_LIMIT_PER_MINUTE: '0' });
    const [free, limited] = [await service.register(), await service.register({ rate_limit_per_minute: 1, rate_limit_burst: 0 })];
    expect(await statuses(30, free)).toEqual(Array(30).fill(200));
    expect(await statuses(2, limited)).toEqual([200, 429]);
    expect((await ask(free)).headers).not.toHaveProperty('ratelimit');
    service.coldStart();
  });
});

describe('guessing', () => {
  it('50 parallel wrong secrets are refused, and the right one works from another network at once and here after a while', async () => {
    nextMinute();
    const client = await service.register();
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask({ ...client, client_secret: 'wrong' })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401, 429]));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(8);
    for (const { status, headers } of answers) if (status === 429) expect(headers['retry-after']).toMatch(/^[1-9][0-9]*$/);
    expect((await ask(client, '198.51.100.1')).status).toBe(200);
    service.advance(120);
    expect((await ask(client)).status).toBe(200);
  });

  it('is limited before the secret is compared: with the right secret the answer is the same', async () => {
    nextMinute();
    const client = await service.register();
    await statuses(8, { ...client, client_secret: 'wrong' });
    expect((await ask(client)).status).toBe(429);
  });
});

describe('a limit of a client\u2019s own', () => {
  it('is not told to whoever has proven nothing: a 401 has the same headers whether or not the client exists', async () => {
    nextMinute();
    const wide = await service.register({ rate_limit_per_minute: 600 });
    const [unknown, known] = [await ask({ client_id: 'nobody', client_secret: 'x' }), await ask({ ...wide, client_secret: 'x' })];
    expect([unknown.status, known.status]).toEqual([401, 401]);
    const told = ({ headers }: Answer) => ({ ...headers, 'x-trace-id': '-' });
    expect(told(known)).toEqual(told(unknown));
    expect((await ask(wide)).headers).toMatchObject({ 'ratelimit-policy': '"token";q=800;w=60' });
  });
});

describe('strangers', () => {
  it('that name client after client are refused by their network, without a call of the table but for the outbox', async () => {
    nextMinute();
    service.coldStart();
    const known = await service.register();
    expect((await ask(known)).status).toBe(200);
    const answers = await Promise.all(Array.from({ length: 120 }, (_, at) => ask({ client_id: `nobody-${at}`, client_secret: 'x' })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    service.calls.clear();
    const refused = await ask({ client_id: 'nobody-more', client_secret: 'x' });
    expect(refused).toMatchObject({ status: 429, headers: { 'retry-after': '60' } });
    expect(service.calls.names()).toEqual([]);
    expect((await ask(known)).status).toBe(200);
  });

  it('fill neither the table nor the bus: at most twenty denials a minute, and no counters once they are many', async () => {
    nextMinute();
    service.coldStart();
    const before = (await service.engine.items()).length;
    const come = (from: number, to: number) =>
      Promise.all(
        Array.from({ length: to - from }, (_, at) =>
          ask({ client_id: `stranger-${from + at}`, client_secret: 'x' }, `198.51.100.${at % 200}`),
        ),
      );
    for (let at = 0; at < 400; at += 50) await come(at, at + 50);
    const items = await service.engine.items();
    const fresh = (prefix: string) => items.filter(({ PK }) => String(PK).startsWith(`${prefix}#token#stranger-`)).length;
    expect(items.length).toBeGreaterThan(before);
    expect(fresh('DENIED')).toBe(20);
    expect(fresh('RATE')).toBe(300);
  });
});
