import { beforeAll, describe, expect, it } from 'vitest';
import type { Answer } from '../endpoints/request.ts';
import type { Registered } from '../endpoints/service-under-test.ts';
import { describeEveryCall, useServiceWithFaults } from './every-call.ts';

const faulty = useServiceWithFaults();
const { service } = faulty;
let bearer: string;
let ofTags: string;
let manager: Registered;
beforeAll(async () => {
  manager = await service.register({ scope: 'clients:manage' });
  const form = { grant_type: 'client_credentials', scope: 'clients:manage' };
  bearer = (await service.send({ to: 'POST /token', basic: manager, form })).body.access_token as string;
  const managerOfTags = await service.register({ scope: 'read write clients:manage', manages_tags: ['team:billing'] });
  ofTags = (await service.send({ to: 'POST /token', basic: managerOfTags, form })).body.access_token as string;
});
let keys = 0;
const get = (path: string): Promise<Answer> => service.send({ to: `GET ${path}`, bearer });

describeEveryCall(faulty, [
  {
    name: 'registering a client',
    prepare: async () => ({
      sent: { to: 'POST /clients', bearer, json: { scope: 'read' } },
      status: 201,
      async verify({ body }) {
        expect(
          (await service.send({ to: 'POST /token', basic: body as Registered, form: { grant_type: 'client_credentials' } })).status,
        ).toBe(200);
      },
    }),
  },
  {
    name: 'reading a client',
    async prepare() {
      const { client_id } = await service.register();
      return {
        sent: { to: `GET /clients/${client_id}`, bearer },
        status: 200,
        verify: async ({ body }) => expect(body).toMatchObject({ client_id }),
      };
    },
  },
  {
    name: 'disabling a client',
    // The table says that somebody else has changed it.
    statusesOfFailedCondition: [409],
    async prepare() {
      const { client_id } = await service.register();
      return {
        sent: { to: `PUT /clients/${client_id}`, bearer, json: { disabled: true } },
        status: 200,
        verify: async () => expect((await get(`/clients/${client_id}`)).body).toMatchObject({ disabled: true }),
      };
    },
  },
  {
    name: 'registering a client with an Idempotency-Key',
    async prepare() {
      const key = `key-${(keys += 1)}`;
      return {
        sent: { to: 'POST /clients', bearer, json: { scope: 'read', client_name: key }, headers: { 'idempotency-key': key } },
        status: 201,
        async verify({ body }) {
          expect(
            (await service.send({ to: 'POST /token', basic: body as Registered, form: { grant_type: 'client_credentials' } })).status,
          ).toBe(200);
          // Whatever failed on the way, and however often it was sent.
          expect((await service.engine.items()).filter(({ client_name }) => client_name === key)).toHaveLength(1);
        },
      };
    },
    // The table says that the id is taken, and has no client of that id.
    statusesOfFailedCondition: [422],
  },
  {
    name: 'deleting a client',
    statusesOfFailedCondition: [404],
    // It was deleted: only the answer was lost.
    statusOfRepeat: 404,
    async prepare() {
      const { client_id } = await service.register();
      return {
        sent: { to: `DELETE /clients/${client_id}`, bearer },
        status: 204,
        verify: async () => expect((await get(`/clients/${client_id}`)).status).toBe(404),
      };
    },
  },
  {
    name: 'deleting a client, by a manager of tags',
    statusesOfFailedCondition: [409],
    statusOfRepeat: 404,
    async prepare() {
      const { client_id } = await service.register({ tags: ['team:billing'] });
      return {
        sent: { to: `DELETE /clients/${client_id}`, bearer: ofTags },
        status: 204,
        verify: async () => expect((await get(`/clients/${client_id}`)).status).toBe(404),
      };
    },
  },
  {
    name: 'adding a secret with an Idempotency-Key',
    statusesOfFailedCondition: [409],
    async prepare() {
      const { client_id } = await service.register();
      return {
        sent: { to: `POST /clients/${client_id}/secrets`, bearer, headers: { 'idempotency-key': `key-${(keys += 1)}` } },
        status: 201,
        async verify({ body }) {
          const basic = { client_id, client_secret: body.client_secret as string };
          expect((await service.send({ to: 'POST /token', basic, form: { grant_type: 'client_credentials' } })).status).toBe(200);
          expect((await get(`/clients/${client_id}/secrets`)).body.items).toHaveLength(2);
        },
      };
    },
  },
  {
    name: 'ending a secret',
    statusesOfFailedCondition: [409],
    statusOfRepeat: 404,
    async prepare() {
      const { client_id } = await service.register();
      const { id } = (await get(`/clients/${client_id}/secrets`)).body.items[0] as { id: string };
      return {
        sent: { to: `DELETE /clients/${client_id}/secrets/${id}`, bearer },
        status: 204,
        verify: async () => expect((await get(`/clients/${client_id}/secrets`)).body.items).toEqual([]),
      };
    },
  },
  {
    name: 'listing secrets',
    async prepare() {
      const { client_id } = await service.register();
      return {
        sent: { to: `GET /clients/${client_id}/secrets`, bearer },
        status: 200,
        verify: async ({ body }) => expect(body.items).toHaveLength(1),
      };
    },
  },
  {
    name: 'listing clients',
    prepare: async () => ({
      sent: { to: 'GET /clients', bearer, query: 'limit=1' },
      status: 200,
      verify: async ({ body }) => expect(body.items).toHaveLength(1),
    }),
  },
  {
    name: 'the JWKS',
    prepare: async () => ({
      sent: { to: 'GET /.well-known/jwks.json' },
      status: 200,
      verify: async ({ body }) => expect(body.keys).toHaveLength(1),
    }),
  },
  {
    name: 'the revocation feed',
    prepare: async () => ({ sent: { to: 'GET /revocations' }, status: 200, verify: async ({ body }) => expect(body.v).toBe(1) }),
  },
]);

describe('the table out, in an environment that has read it before', () => {
  it('does not concern the JWKS, the metadata and health', async () => {
    const before = await get('/.well-known/jwks.json');
    for (const call of ['Query KEYRING', 'Query feed']) {
      faulty.wire().fail({ call, fault: 'internal error' });
      service.advance(3600);
      for (const path of ['/.well-known/jwks.json', '/.well-known/oauth-authorization-server', '/health'])
        expect((await get(path)).status).toBe(200);
      expect((await get('/.well-known/jwks.json')).body).toEqual(before.body);
    }
  });

  it('leaves the feed as it was, with the time at which it was read', async () => {
    const before = await get('/revocations');
    service.advance(10);
    faulty.wire().fail({ call: 'Query feed', fault: 'internal error' });
    const stale = await get('/revocations');
    expect(stale).toMatchObject({ status: 200, body: before.body as object });
    expect(service.log.lines()).toContainEqual(
      expect.objectContaining({ level: 'WARN', message: 'the revocation feed is served from memory' }),
    );
    faulty.wire().heal();
    expect((await get('/revocations')).body.iat).toBe(service.now());
  });
});
