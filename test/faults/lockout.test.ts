import { describe, expect, it } from 'vitest';
import type { Registered } from '../endpoints/service-under-test.ts';
import { describeEveryCall, useServiceWithFaults, type Attempt } from './every-call.ts';

const LOCKOUT = JSON.stringify({ failures: 5, window: 900, first_delay: 30, max_delay: 1800, at_once: 400 });
const environment = { LOCKOUT };
const faulty = useServiceWithFaults();
const { service } = faulty;
const form = { grant_type: 'client_credentials' };
const token = (basic: Registered, ip: string) => ({ to: 'POST /token', basic, form, ip });
let networks = 0;
const freshNetwork = (): string => `10.1.${Math.floor(networks / 250)}.${(networks += 1) % 250}`;

/** Fails five times from a network of its own. */
async function lockOut(client: Registered, ip: string): Promise<void> {
  service.coldStart(environment);
  for (let time = 0; time < 5; time += 1) await service.send(token({ ...client, client_secret: 'wrong' }, ip));
}

async function managing(): Promise<string> {
  const admin = await service.register({ scope: 'clients:manage' });
  const answer = await service.send({ to: 'POST /token', basic: admin, form: { ...form, scope: 'clients:manage' } });
  return answer.body.access_token as string;
}

describe('with lockout', () => {
  describeEveryCall(faulty, [
    {
      name: 'an owner whose network is locked, and who has proven its secret there',
      environment,
      async prepare(): Promise<Attempt> {
        const [client, ip] = [await service.register(), freshNetwork()];
        await service.send(token(client, ip));
        await lockOut(client, ip);
        return { sent: token(client, ip), status: 200 };
      },
    },
    {
      name: 'blocking a network',
      environment,
      async prepare(): Promise<Attempt> {
        const bearer = await managing();
        const cidr = `${freshNetwork()}/32`;
        return {
          sent: { to: 'POST /blocks', bearer, json: { cidr } },
          status: 201,
          async verify() {
            const { items } = (await service.send({ to: 'GET /blocks', bearer })).body;
            expect(items).toContainEqual(expect.objectContaining({ cidr }));
          },
        };
      },
    },
  ]);
});

it.each(['throttled', 'access denied', 'internal error'] as const)(
  'a wrong secret that cannot be counted (%s) is 503, and its network waits without the table',
  async (fault) => {
    const [client, ip] = [await service.register(), freshNetwork()];
    const wrong = { ...client, client_secret: 'wrong' };
    service.coldStart(environment);
    faulty.wire().fail({ call: 'UpdateItem FAIL', fault });
    expect((await service.send(token(wrong, ip))).status).toBe(503);
    expect((await service.send(token(wrong, ip))).headers).toMatchObject({ 'retry-after': '30' });
    expect((await service.send(token(client, freshNetwork()))).status).toBe(200);
    service.advance(30);
    faulty.wire().heal();
    expect((await service.send(token(wrong, ip))).status).toBe(401);
  },
);
