import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { beforeFirstChangeOf } from './before-first-change.ts';
import type { Answer, Sent } from './request.ts';
import { useService, type Registered } from './service-under-test.ts';
import { runUpkeep } from './upkeep-run.ts';

const service = useService();
const DAY = 24 * 3600;
const TERMS = { every_days: 30, overlap_days: 14 };
let bearer: string;
let manager: Registered;
let client: Registered;
beforeAll(async () => {
  manager = await service.register({ scope: 'clients:manage', access_token_lifetime: 3600 }, 'manager');
});
beforeEach(async () => void (client = await registered()));

const token = (basic: Registered, more: object = {}): Promise<Answer> =>
  service.send({ to: 'POST /token', basic, form: { grant_type: 'client_credentials', ...more } });
const claim = (basic = client, more: Partial<Sent> = {}): Promise<Answer> =>
  service.send({ to: `POST /clients/${basic.client_id}/secrets/rotation`, basic, ...more });
const registered = (terms: object = TERMS, more: object = {}): Promise<Registered> => service.register({ secret_rotation: terms, ...more });
const withSecret = ({ body }: Answer, of = client): Registered => ({ ...of, client_secret: body.client_secret as string });
const stored = (of = client) => service.engine.item({ PK: `CLIENT#${of.client_id}`, SK: 'CLIENT' });
const manage = async (to: string, json?: unknown): Promise<Answer> => {
  bearer = (await token(manager, { scope: 'clients:manage' })).body.access_token as string;
  return service.send({ to, bearer, ...(json === undefined ? {} : { json }) });
};
const secretsOf = async (of = client) => (await manage(`GET /clients/${of.client_id}/secrets`)).body.items as Record<string, string>[];
const iso = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');

/** A month passes, and the schedule comes. */
async function comesOfAge(): Promise<void> {
  service.advance(30 * DAY);
  await runUpkeep(service);
}

describe('before the exchange is open', () => {
  it('says when it will be, and makes nothing', async () => {
    const [{ id }] = (await secretsOf()) as [Record<string, string>];
    const { status, body, headers } = await claim();
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    expect(body).toEqual({ id, created_at: iso(service.now()), rotation_due_at: iso(service.now() + 30 * DAY) });
    service.advance(29 * DAY);
    await runUpkeep(service);
    expect((await claim()).status).toBe(200);
    expect(await secretsOf()).toHaveLength(1);
  });

  it('leaves a secret that was given an end by hand to that end', async () => {
    const expires_at = iso(service.now() + 60 * DAY);
    const added = await manage(`POST /clients/${client.client_id}/secrets`, { expires_at });
    await comesOfAge();
    expect((await claim(withSecret(added))).body).toMatchObject({ id: added.body.id as string, expires_at });
    expect((await claim()).status).toBe(201);
  });

  it('refuses a client that is not registered for it', async () => {
    const plain = await service.register();
    expect(await claim(plain)).toMatchObject({ status: 400, body: { error: 'unauthorized_client' } });
  });
});

describe('with exchange=now', () => {
  const claimNow = (basic = client) => claim(basic, { form: { exchange: 'now' } });

  it('opens the exchange and answers the successor in one write, with the event and the whole overlap', async () => {
    const [former] = (await secretsOf()) as [Record<string, string>];
    const { status, body } = await claimNow();
    expect([status, body.replaces, body.replaced_ends_at]).toEqual([201, former['id'], iso(service.now() + 14 * DAY)]);
    expect((await stored())?.['event']).toMatchObject({ event_type: 'secret_claimed' });
    const [then, successor] = await secretsOf();
    expect(then).toMatchObject({ rotating_since: iso(service.now()), expires_at: iso(service.now() + 14 * DAY) });
    expect(successor).toMatchObject({ id: body.id as string, successor_of: former['id'] });
    expect(successor).not.toHaveProperty('expires_at');
  });

  it('answers the same to a repeat, and does not move the end', async () => {
    const first = await claimNow();
    service.advance(3600);
    expect((await claimNow()).body).toEqual(first.body);
    expect((await claim()).body).toEqual(first.body);
    await token(withSecret(first));
    expect((await claimNow()).status).toBe(409);
    expect(await secretsOf()).toHaveLength(2);
  });

  it('makes one successor of requests at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => claimNow()));
    expect(new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.client_secret)).size).toBe(1);
    expect(await secretsOf()).toHaveLength(2);
  });

  it('lets the schedule end the former one when nobody uses it any more', async () => {
    const next = withSecret(await claimNow());
    for (let hour = 0; hour < 80; hour += 4) {
      service.advance(4 * 3600);
      await token(next);
      await runUpkeep(service);
    }
    expect((await token(client)).status).toBe(401);
    expect(await secretsOf()).toHaveLength(1);
  });

  it('leaves a secret that was given an end by hand to that end, and refuses who is not registered', async () => {
    const added = await manage(`POST /clients/${client.client_id}/secrets`, { expires_at: iso(service.now() + 60 * DAY) });
    expect((await claimNow(withSecret(added))).status).toBe(200);
    expect(await secretsOf()).toHaveLength(2);
    expect((await claimNow(await service.register())).body).toMatchObject({ error: 'unauthorized_client' });
  });

  it('makes no sixth live secret', async () => {
    let current = client;
    for (let count = 0; count < 4; count += 1) current = withSecret(await claimNow(current));
    expect(await claimNow(current)).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect((await token(current)).status).toBe(200);
  });

  it('gives nothing to a client that is disabled between its proof and the write', async () => {
    const disable = async (): Promise<void> => {
      const json = { scope: 'read write', secret_rotation: TERMS, disabled: true };
      expect((await manage(`PUT /clients/${client.client_id}`, json)).status).toBe(200);
    };
    const answer = await beforeFirstChangeOf(client.client_id, disable, () => claimNow());
    expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
    expect((await stored())?.['secrets']).toHaveLength(1);
  });

  it('is nothing with another value', async () => {
    expect((await claim(client, { form: { exchange: 'later' } })).status).toBe(200);
    expect(await secretsOf()).toHaveLength(1);
  });
});

describe('once it is open', () => {
  beforeEach(comesOfAge);

  it('answers 201 with the new secret, which works beside the former one until that ends', async () => {
    const [former] = (await secretsOf()) as [Record<string, string>];
    expect(former).toMatchObject({ rotating_since: iso(service.now()), expires_at: iso(service.now() + 14 * DAY) });
    const { status, body } = await claim();
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(/^s_[\w-]{12}$/) as string,
      client_secret: expect.stringMatching(/^m2m_cs_[\w-]{49}$/) as string,
      created_at: iso(service.now()),
      replaces: former['id'],
      replaced_ends_at: iso(service.now() + 14 * DAY),
    });
    const item = await stored();
    expect(item?.['event']).toMatchObject({
      event_type: 'secret_claimed',
      reason: `by:${client.client_id} ${body.id as string} for ${former['id']!}`,
    });
    expect(JSON.stringify(item)).not.toContain(body.client_secret);
    expect((await token({ ...client, client_secret: body.client_secret as string })).status).toBe(200);
    expect((await token(client)).status).toBe(200);
    service.advance(14 * DAY);
    expect((await token(client)).status).toBe(401);
    expect((await token({ ...client, client_secret: body.client_secret as string })).status).toBe(200);
  });

  it('answers the same to a repeat, to requests at the same time, and in another environment', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => claim()));
    service.coldStart();
    service.advance(3600);
    answers.push(await claim());
    const made = answers.filter(({ status }) => status === 201);
    expect(made.length).toBeGreaterThan(1);
    for (const { status } of answers) expect([201, 409]).toContain(status);
    expect(new Set(made.map(({ body }) => `${body.id} ${body.client_secret}`)).size).toBe(1);
    expect(await secretsOf()).toHaveLength(2);
  });

  it('says of each time that it was given to another network than the first', async () => {
    const reasonFrom = async (ip: string): Promise<string> => {
      expect((await claim(client, { ip })).status).toBe(201);
      return ((await stored())?.['event'] as { readonly reason: string }).reason;
    };
    const first = await reasonFrom('2001:db8:0:1::1');
    expect(first).not.toContain('other_network');
    service.advance(60);
    expect(await reasonFrom('2001:db8:0:1:ffff::2')).toBe(first);
    expect(await reasonFrom('192.0.2.9')).toBe(`${first} other_network`);
    expect(await reasonFrom('192.0.2.9')).toBe(`${first} other_network`);
    expect(await reasonFrom('2001:db8:0:1::1')).toBe(first);
    expect((await secretsOf())[1]).not.toHaveProperty('claimed_network');
  });

  it('gives it out no more once it is in use, and tells so as a refusal with an event', async () => {
    const next = withSecret(await claim());
    expect((await claim()).status).toBe(201);
    await token(next);
    service.log.clear();
    expect(await claim()).toMatchObject({ status: 409, body: { error: 'conflict' } });
    expect(service.audit()).toContainEqual(
      expect.objectContaining({ event_type: 'login_failure', client_id: client.client_id, reason: 'successor_in_use' }),
    );
    expect((await claim(next)).status).toBe(200);
  });

  it('gives it out for as long as claim_hours say although it is in use', async () => {
    client = await registered({ ...TERMS, claim_hours: 24 });
    await comesOfAge();
    const first = await claim();
    await token(withSecret(first));
    service.advance(24 * 3600 - 1);
    expect((await claim()).body.client_secret).toBe(first.body.client_secret);
    service.advance(1);
    expect((await claim()).status).toBe(409);
  });

  it('never brings back a successor that a manager has ended', async () => {
    const first = await claim();
    await manage(`DELETE /clients/${client.client_id}/secrets/${first.body.id as string}`);
    service.advance(1);
    const second = await claim();
    expect(second.status).toBe(201);
    expect(second.body.client_secret).not.toBe(first.body.client_secret);
    expect((await token(withSecret(first))).status).toBe(401);
  });

  it('refuses a sixth live secret, and the exchange while the client is out of it', async () => {
    for (let count = 0; count < 4; count += 1) await manage(`POST /clients/${client.client_id}/secrets`);
    expect(await claim()).toMatchObject({ status: 400, body: { error_description: expect.stringContaining('5 live') as string } });
    await manage(`PUT /clients/${client.client_id}`, { scope: 'read write' });
    expect(await claim()).toMatchObject({ status: 400, body: { error: 'unauthorized_client' } });
  });

  it('takes the secret and nothing else for a proof, for the client of the path alone', async () => {
    const to = `POST /clients/${client.client_id}/secrets/rotation`;
    const { access_token } = (await token(client)).body as Record<string, string>;
    expect((await service.send({ to })).status).toBe(401);
    expect((await service.send({ to, bearer: access_token! })).status).toBe(401);
    expect((await claim({ ...client, client_secret: 'wrong' })).status).toBe(401);
    const other = await registered();
    expect(await service.send({ to, basic: other })).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect((await claim(client, { to: to.replace('/clients', '/iam/clients') })).status).toBe(405);
    expect(await secretsOf()).toHaveLength(1);
  });
});

it('counts introspecting and revoking as uses: who only does that must not be taken for gone', async () => {
  for (const to of ['POST /introspect', 'POST /revoke']) {
    const asking = await service.register();
    await service.send({ to, basic: asking, form: { token: 'x' } });
    expect((await secretsOf(asking))[0]).toMatchObject({ last_used_at: iso(service.now()) });
  }
});
