// Limits per client, network and endpoint, before any secret is compared (DESIGN 5, SECURITY 40, 111, 112).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditTrail } from './audit-trail.ts';
import type { Answer } from './call.ts';
import { endpointsOf, type Endpoints, type TestClient } from './endpoints.ts';
import { startService, type Credentials, type ServiceProcess } from './service-process.ts';

/** Five a minute, and the burst that goes with it: a third, rounded up. */
const QUOTA = 7;
let service: ServiceProcess;
let api: Endpoints;
beforeAll(async () => {
  service = await startService({ environment: { RATE_LIMIT_PER_MINUTE: '5' } });
  api = endpointsOf(service);
});
afterAll(() => service.stop());

let nextNetwork = 10;
/** A network that no other test calls from, so that each has its own budget of registrations. */
const network = (): string => `127.0.1.${(nextNetwork += 1)}`;
async function registered(metadata: object = {}): Promise<TestClient> {
  const from = network();
  const { body } = await api.token(service.demoAdmin, { scope: 'clients:manage' }, { from });
  const answer = await api.call('/clients', {
    method: 'POST',
    from,
    headers: { authorization: `Bearer ${String(body.access_token)}` },
    body: { scope: 'read write', grant_types: ['client_credentials', 'refresh_token'], ...metadata },
  });
  return { ...answer.body, registered: answer.body };
}
/** Calls until the first refusal; the window may turn meanwhile, which never lets less through. */
async function exhausted(act: () => Promise<Answer>): Promise<{ served: readonly Answer[]; refused: Answer }> {
  const served: Answer[] = [];
  for (;;) {
    const answer = await act();
    if (answer.status === 429) return { served, refused: answer };
    served.push(answer);
    if (served.length > QUOTA + 2) throw new Error(`not refused after ${served.length} calls`);
  }
}
const secondsLeft = (): number => 60 - ((Date.now() / 1000) % 60);

describe.skipIf(process.platform !== 'linux')('RATE_LIMIT_PER_MINUTE=5', () => {
  it('what is over the limit is 429, with a Retry-After that holds', async () => {
    const client = await registered();
    const left = secondsLeft();
    const { served, refused } = await exhausted(() => api.token(client));
    expect(served.length).toBeGreaterThanOrEqual(QUOTA);
    expect(served.every(({ status }) => status === 200)).toBe(true);
    expect([refused.body.error, refused.headers['cache-control']]).toEqual(['slow_down', 'no-store']);
    expect(refused.headers['ratelimit-policy']).toBe('"token";q=7;w=60');
    expect(refused.headers['ratelimit']).toMatch(/^"token";r=0;t=\d+$/);
    const retryAfter = Number(refused.headers['retry-after']);
    expect(Number.isInteger(retryAfter)).toBe(true);
    // A seventh of what this minute carries into the next one must fade before one more call fits.
    if (secondsLeft() < left) expect(Math.abs(retryAfter - (left + 60 / QUOTA))).toBeLessThanOrEqual(5);
    const again = await api.token(client);
    expect(again.status).toBe(429);
    expect(Number(again.headers['retry-after'])).toBeLessThanOrEqual(retryAfter);
  });

  it('success tells what is left', async () => {
    const client = await registered();
    const answers = [await api.token(client), await api.token(client), await api.token(client)];
    for (const { headers } of answers) expect(headers['ratelimit-policy']).toBe('"token";q=7;w=60');
    const [first, , third] = answers.map(({ headers }) => Number(/;r=(\d+);t=(\d+)$/.exec(String(headers['ratelimit']))?.[1]));
    expect(first).toBeLessThanOrEqual(QUOTA - 1);
    expect(third).toBeLessThan(first!);
  });

  it('one client, one network, one endpoint: nobody else is held up', async () => {
    const [client, other] = [await registered(), await registered()];
    const { served } = await exhausted(() => api.token(client));
    expect((await api.token(other)).status).toBe(200);
    expect((await api.token(client, {}, { from: network() })).status).toBe(200);
    const text = String(served[0]?.body.access_token);
    expect((await api.introspect(client, text)).status).toBe(200);
    expect((await api.revoke(client, { token: 'x' })).status).toBe(200);
    expect((await api.protected(text)).status).toBe(200);
  });

  it('no header moves a caller to another network', async () => {
    const client = await registered();
    await exhausted(() => api.token(client));
    for (const name of ['x-forwarded-for', 'x-real-ip', 'forwarded', 'true-client-ip', 'x-client-ip'])
      expect((await api.token(client, {}, { headers: { [name]: '192.0.2.9' } })).status, name).toBe(429);
  });

  it('whoever guesses at a secret is refused before it is compared, and the right one still works elsewhere', async () => {
    const client = await registered();
    const thief = network();
    const guess = (client_secret: string): Promise<Answer> => api.token({ ...client, client_secret }, {}, { from: thief });
    const { served } = await exhausted(() => guess('m2m_cs_guess'));
    expect(served.every(({ status }) => status === 401)).toBe(true);
    expect((await guess(client.client_secret)).status).toBe(429);
    const flood = await Promise.all(Array.from({ length: 50 }, () => guess('m2m_cs_guess')));
    expect(flood.every(({ status }) => status === 429)).toBe(true);
    expect((await api.token(client)).status).toBe(200);
  });

  it('an id that nobody has is limited like one that exists, and answered alike', async () => {
    const existing: Credentials = { ...(await registered()), client_secret: 'm2m_cs_wrong' };
    const unknown: Credentials = { client_id: 'c_nobody', client_secret: 'm2m_cs_wrong' };
    const [from, other] = [network(), network()];
    const ofExisting = await exhausted(() => api.token(existing, {}, { from }));
    const ofUnknown = await exhausted(() => api.token(unknown, {}, { from: other }));
    const visible = ({ status, headers, body }: Answer) => [
      status,
      Object.keys(headers).sort(),
      body.error,
      body.error_description,
      headers['ratelimit-policy'],
    ];
    expect(visible(ofUnknown.refused)).toEqual(visible(ofExisting.refused));
    expect(visible(ofUnknown.served[0]!)).toEqual(visible(ofExisting.served[0]!));
  });

  it('each endpoint counts for itself: refresh, introspect, revoke and clients too', async () => {
    const client = await registered({ rate_limit_per_minute: 1000 });
    const limited = await registered();
    const { refresh_token } = (await api.token(client)).body;
    expect(refresh_token).toBeDefined();
    const from = network();
    const post = (path: string, body: URLSearchParams) =>
      api.call(path, {
        method: 'POST',
        from,
        body,
        headers: { authorization: `Basic ${Buffer.from(`${limited.client_id}:${limited.client_secret}`).toString('base64')}` },
      });
    for (const path of ['/introspect', '/revoke']) {
      const { refused } = await exhausted(() => post(path, new URLSearchParams({ token: 'x' })));
      expect(refused.headers['ratelimit-policy']).toBe(`"${path.slice(1)}";q=7;w=60`);
    }
    const session = (await api.token(limited, {}, { from: network() })).body;
    let current: string = session.refresh_token;
    const refreshed = await exhausted(async () => {
      const answer = await post('/refresh', new URLSearchParams({ refresh_token: current }));
      if (answer.status === 200) current = answer.body.refresh_token;
      return answer;
    });
    expect(refreshed.served.every(({ status }) => status === 200)).toBe(true);
    // What was refused has used nothing up.
    expect(
      (
        await api.call('/refresh', {
          method: 'POST',
          from: network(),
          body: new URLSearchParams({ refresh_token: current, client_id: limited.client_id, client_secret: limited.client_secret }),
        })
      ).status,
    ).toBe(200);
    const manager = (await api.token(service.demoAdmin, { scope: 'clients:manage' }, { from })).body.access_token;
    const listed = await exhausted(() => api.call('/clients', { from, headers: { authorization: `Bearer ${String(manager)}` } }));
    expect(listed.refused.headers['ratelimit-policy']).toBe('"clients";q=7;w=60');
  });

  it("a client's own limit goes before the service's", async () => {
    const generous = await registered({ rate_limit_per_minute: 30, rate_limit_burst: 0 });
    const answers = await Promise.all(Array.from({ length: 15 }, () => api.token(generous)));
    expect(answers.every(({ status, headers }) => status === 200 && headers['ratelimit-policy'] === '"token";q=30;w=60')).toBe(true);
    const strict = await registered({ rate_limit_per_minute: 1, rate_limit_burst: 0 });
    expect((await api.token(strict)).status).toBe(200);
    expect((await api.token(strict)).status).toBe(429);
  });

  it('at once, no more than the limit is served', async () => {
    const client = await registered();
    const answers = await Promise.all(Array.from({ length: 40 }, () => api.token(client)));
    const served = answers.filter(({ status }) => status === 200).length;
    expect(served).toBeLessThanOrEqual(QUOTA + QUOTA); // a window may turn in between
    expect(served).toBeGreaterThan(0);
    expect(answers.every(({ status }) => status === 200 || status === 429)).toBe(true);
  });

  it('a network that tries many ids is refused, whoever it names, and others are not', async () => {
    const from = network();
    const answers: Answer[] = [];
    for (let round = 0; round < 10; round += 1)
      answers.push(
        ...(await Promise.all(
          Array.from({ length: 20 }, (_, index) =>
            api.token({ client_id: `stranger-${round}-${index}`, client_secret: 'x' }, {}, { from }),
          ),
        )),
      );
    expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(0);
    expect(answers.every(({ status }) => status === 401 || status === 429)).toBe(true);
    expect((await api.token(await registered())).status).toBe(200);
  });

  it('refusals are in the audit trail', () => {
    const events = auditTrail(service).filter(({ event_type }) => event_type === 'rate_limit_exceeded');
    expect(events.length).toBeGreaterThan(5);
    expect(events[0]).toMatchObject({ outcome: 'failure', reason: 'rate_limited', ip: expect.stringMatching(/^127\./) });
  });
});
