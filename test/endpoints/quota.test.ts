// Quotas of a client by hour and day, at /token and /refresh.
import { beforeEach, describe, expect, it } from 'vitest';
import type { Answer } from './request.ts';
import { useService, type Registered } from './service-under-test.ts';

const service = useService();
const GRANT = { grant_type: 'client_credentials' };
const WITH_REFRESH = { grant_types: ['client_credentials', 'refresh_token'], refresh_client_auth: 'none' };
const ask = (basic: Registered, ip?: string): Promise<Answer> =>
  service.send({ to: 'POST /token', basic, form: GRANT, ...(ip === undefined ? {} : { ip }) });
const refresh = (refresh_token: string): Promise<Answer> => service.send({ to: 'POST /refresh', form: { refresh_token } });
const limited = (limit: number, per: 'hour' | 'day' = 'hour', more: object = {}) => service.register({ quotas: [{ per, limit }], ...more });

// Every test begins with an hour of its own, of the first half of a day.
beforeEach(() => service.advance(86_400 - (service.now() % 86_400) + 2 * 3600));

describe('a quota', () => {
  it('is so many tokens an hour, then 429 that says when the next hour begins', async () => {
    service.advance(600);
    const client = await limited(3);
    for (const left of [2, 1, 0]) {
      const answer = await ask(client);
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({
        'ratelimit-policy': '"token";q=8000;w=60, "hour";q=3;w=3600',
        ratelimit: `"hour";r=${left};t=3000`,
      });
    }
    const refused = await ask(client);
    expect(refused).toMatchObject({
      status: 429,
      body: { error: 'slow_down', error_description: 'the quota of this client is used up; retry after the seconds in Retry-After' },
    });
    expect(refused.headers).toMatchObject({ 'retry-after': '3000', ratelimit: '"hour";r=0;t=3000' });
    expect(service.audit().at(-1)).toMatchObject({
      event_type: 'rate_limit_exceeded',
      client_id: client.client_id,
      reason: 'quota_exceeded',
    });
    expect(service.log.lines().find(({ reason }) => reason === 'quota_exceeded')).toMatchObject({ detail: { per: 'hour', limit: 3 } });
    service.advance(2999);
    expect((await ask(client)).status).toBe(429);
    service.advance(1);
    expect((await ask(client)).status).toBe(200);
  });

  it('is of all networks together, and of each client for itself', async () => {
    const [one, other] = [await limited(2), await limited(2)];
    expect((await ask(one, '192.0.2.1')).status).toBe(200);
    expect((await ask(one, '198.51.100.1')).status).toBe(200);
    expect((await ask(one, '203.0.113.1')).status).toBe(429);
    expect((await ask(other)).status).toBe(200);
  });

  it('of a day lasts until midnight of UTC, whatever is left of the hour', async () => {
    const quotas = [
      { per: 'hour', limit: 2 },
      { per: 'day', limit: 3 },
    ];
    const client = await service.register({ quotas });
    expect([(await ask(client)).status, (await ask(client)).status, (await ask(client)).status]).toEqual([200, 200, 429]);
    service.advance(3600);
    expect((await ask(client)).status).toBe(200);
    const refused = await ask(client);
    expect(refused.headers).toMatchObject({ 'retry-after': String(21 * 3600), ratelimit: `"day";r=0;t=${21 * 3600}` });
    service.advance(21 * 3600);
    expect((await ask(client)).status).toBe(200);
  });

  it('counts tokens alone: what is refused for another reason costs none', async () => {
    const client = await limited(1);
    await ask({ ...client, client_secret: 'wrong' });
    await service.send({ to: 'POST /token', basic: client, form: { ...GRANT, scope: 'admin' } });
    await service.send({ to: 'POST /introspect', basic: client, form: { token: 'x' } });
    expect((await ask(client)).status).toBe(200);
    expect((await ask(client)).status).toBe(429);
    expect((await service.send({ to: 'POST /introspect', basic: client, form: { token: 'x' } })).status).toBe(200);
  });

  it('is exact for requests that race', async () => {
    const client = await limited(3);
    const statuses = (await Promise.all(Array.from({ length: 8 }, () => ask(client)))).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(3);
    expect(statuses.filter((status) => status === 429)).toHaveLength(5);
  });

  it('follows a change at once', async () => {
    const client = await limited(1);
    await ask(client);
    expect((await ask(client)).status).toBe(429);
    const userArn = 'arn:aws:sts::111122223333:assumed-role/ops/alice';
    const json = { scope: 'read write', quotas: [{ per: 'hour', limit: 2 }] };
    await service.send({ to: `PUT /iam/clients/${client.client_id}`, userArn, json });
    expect([(await ask(client)).status, (await ask(client)).status]).toEqual([200, 429]);
  });

  it('costs one write for clients that have one, before the signature, and none for others', async () => {
    const [client, free] = [await limited(2), await service.register()];
    for (const known of [client, free]) await ask(known);
    service.calls.clear();
    await ask(client);
    expect(service.calls.names()).toEqual(['BatchGetItem', 'Sign', 'UpdateItem QUOTA', 'UpdateItem RATE']);
    expect(service.calls.waits()).toBe(3);
    service.calls.clear();
    await ask(client);
    expect(service.calls.names()).not.toContain('Sign');
    service.calls.clear();
    await ask(free);
    expect(service.calls.names()).toEqual(['BatchGetItem', 'Sign', 'UpdateItem RATE']);
  });
});

describe('a refresh beyond the quota', () => {
  it('burns no refresh token: the same one serves in the next hour', async () => {
    const client = await limited(2, 'hour', WITH_REFRESH);
    const first = (await ask(client)).body.refresh_token as string;
    const second = (await refresh(first)).body.refresh_token as string;
    service.advance(60);
    for (let at = 0; at < 3; at += 1) expect((await refresh(second)).status).toBe(429);
    expect(
      (await service.send({ to: 'POST /token', basic: client, form: { grant_type: 'refresh_token', refresh_token: second } })).status,
    ).toBe(429);
    service.advance(3600);
    expect((await refresh(second)).status).toBe(200);
  });

  it('is served where it repeats one whose answer was lost, and counts', async () => {
    const client = await limited(3, 'hour', WITH_REFRESH);
    const first = (await ask(client)).body.refresh_token as string;
    const second = (await refresh(first)).body.refresh_token as string;
    for (const left of [0, 0]) {
      const repeated = await refresh(first);
      expect(repeated).toMatchObject({ status: 200, body: { refresh_token: second } });
      expect(repeated.headers['ratelimit']).toBe(`"hour";r=${left};t=3600`);
    }
    expect((await refresh(second)).status).toBe(429);
    expect((await service.engine.items()).find(({ PK }) => PK === `QUOTA#${client.client_id}`)).toMatchObject({ hits_02: 4 });
    service.advance(3600);
    expect((await refresh(second)).status).toBe(200);
  });
});
