// IP ranges of a client and of one of its secrets: enforced where tokens are given, and told in them for whoever takes them.
import { beforeAll, describe, expect, it } from 'vitest';
import { claimsOf } from './access-token.ts';
import type { Answer } from './request.ts';
import { useService, type Registered } from './service-under-test.ts';

const service = useService();
let bearer: string;
beforeAll(async () => {
  const manager = await service.register({ scope: 'clients:manage', access_token_lifetime: 3600 });
  const form = { grant_type: 'client_credentials', scope: 'clients:manage' };
  bearer = (await service.send({ to: 'POST /token', basic: manager, form })).body.access_token as string;
});

const INSIDE = '198.51.100.130';
const OUTSIDE = '198.51.100.1';
const FAR = '192.0.2.1';
async function limited(metadata: object = {}): Promise<{ client: Registered; secret: Registered }> {
  const client = await service.register({ ip_ranges: ['198.51.100.0/24'], ...metadata });
  const json = { ip_ranges: ['198.51.100.128/25', '192.0.2.0/24'] };
  const { body, status } = await service.send({ to: `POST /clients/${client.client_id}/secrets`, bearer, json });
  expect([status, body.ip_ranges]).toEqual([201, json.ip_ranges]);
  return { client, secret: { client_id: client.client_id, client_secret: body.client_secret as string } };
}
const token = (basic: Registered, ip: string): Promise<Answer> =>
  service.send({ to: 'POST /token', basic, ip, form: { grant_type: 'client_credentials' } });
const claims = (answer: Answer) => claimsOf(answer.body.access_token as string);

describe('a secret that is limited to networks', () => {
  it('gets tokens where it and its client both may, and its tokens say so', async () => {
    const { client, secret } = await limited();
    const answers = await Promise.all([INSIDE, OUTSIDE, FAR].map((ip) => token(secret, ip)));
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 401]);
    expect(claims(answers[0]!)).toMatchObject({ ip: ['198.51.100.128/25'], amr: ['client_secret', 'ip'] });
    expect(claims(await token(client, OUTSIDE))['ip']).toEqual(['198.51.100.0/24']);
    const shown = (await service.send({ to: `GET /clients/${client.client_id}/secrets`, bearer })).body.items as { ip_ranges?: string[] }[];
    expect(shown.map(({ ip_ranges }) => ip_ranges)).toEqual([undefined, ['198.51.100.128/25', '192.0.2.0/24']]);
  });

  it('of a client without limits limits its own tokens alone', async () => {
    const { client, secret } = await limited({ ip_ranges: [] });
    expect((await token(secret, OUTSIDE)).status).toBe(401);
    expect(claims(await token(secret, FAR))['ip']).toEqual(['198.51.100.128/25', '192.0.2.0/24']);
    expect(claims(await token(client, OUTSIDE))['ip']).toBeUndefined();
  });

  it('serves from nowhere else at any endpoint', async () => {
    const { secret } = await limited();
    for (const to of ['POST /introspect', 'POST /revoke'])
      for (const [ip, status] of [
        [INSIDE, 200],
        [OUTSIDE, 401],
      ] as const)
        expect([to, ip, (await service.send({ to, basic: secret, ip, form: { token: 'x' } })).status]).toEqual([to, ip, status]);
  });

  it('passes its limit on to its session, whoever refreshes that', async () => {
    const grants = { grant_types: ['client_credentials', 'refresh_token'], refresh_client_auth: 'none' };
    const { client, secret } = await limited(grants);
    const refresh = (refresh_token: string, ip: string, basic?: Registered) =>
      service.send({ to: 'POST /refresh', ip, form: { refresh_token }, ...(basic === undefined ? {} : { basic }) });
    const first = (await token(secret, INSIDE)).body.refresh_token as string;
    expect((await refresh(first, OUTSIDE)).status).toBe(401);
    expect((await refresh(first, OUTSIDE, client)).status).toBe(401);
    const alone = await refresh(first, INSIDE);
    expect([alone.status, claims(alone)['ip']]).toEqual([200, ['198.51.100.128/25']]);
    const byOther = await refresh(alone.body.refresh_token as string, INSIDE, client);
    expect([byOther.status, claims(byOther)['ip']]).toEqual([200, ['198.51.100.128/25']]);
  });

  it.each<[unknown, string]>([
    [[], 'ip_ranges must not be empty'],
    ['10.0.0.0/8', 'ip_ranges must be an array'],
    [['10.0.0.0/33'], 'ip_ranges entry 0 must be a CIDR'],
  ])('is not made with %j', async (ip_ranges, description) => {
    const client = await service.register();
    expect(await service.send({ to: `POST /clients/${client.client_id}/secrets`, bearer, json: { ip_ranges } })).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', error_description: expect.stringContaining(description) as string },
    });
  });
});
