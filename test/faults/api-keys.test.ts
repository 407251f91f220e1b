import { beforeAll, expect } from 'vitest';
import { claimsOf } from '../endpoints/access-token.ts';
import type { Sent } from '../endpoints/request.ts';
import { describeEveryCall, useServiceWithFaults } from './every-call.ts';

const faulty = useServiceWithFaults();
const { service } = faulty;
let bearer: string;
beforeAll(async () => {
  const manager = await service.register({ scope: 'clients:manage' });
  const form = { grant_type: 'client_credentials', scope: 'clients:manage' };
  bearer = (await service.send({ to: 'POST /token', basic: manager, form })).body.access_token as string;
});
let keys = 0;
const exchange = (key: string): Sent => ({
  to: 'POST /token',
  headers: { 'x-api-key': key },
  form: { grant_type: 'client_credentials' },
});
async function withKey(): Promise<{ path: string; id: string; key: string }> {
  const { client_id } = await service.register();
  const path = `/clients/${client_id}/api-keys`;
  const { body } = await service.send({ to: `POST ${path}`, bearer });
  return { path, id: body.id as string, key: body.api_key as string };
}
const listed = async (path: string) => (await service.send({ to: `GET ${path}`, bearer })).body.items as { id: string }[];

describeEveryCall(faulty, [
  {
    name: 'making an API key',
    async prepare() {
      const { client_id } = await service.register();
      return {
        sent: { to: `POST /clients/${client_id}/api-keys`, bearer },
        status: 201,
        verify: async ({ body }) => expect((await service.send(exchange(body.api_key as string))).status).toBe(200),
      };
    },
  },
  {
    name: 'making an API key with an Idempotency-Key',
    async prepare() {
      const { client_id } = await service.register();
      const path = `/clients/${client_id}/api-keys`;
      return {
        sent: { to: `POST ${path}`, bearer, json: { scope: 'read' }, headers: { 'idempotency-key': `key-${(keys += 1)}` } },
        status: 201,
        async verify({ body }) {
          expect((await listed(path)).map(({ id }) => id)).toEqual([body.id]);
          expect((await service.send(exchange(body.api_key as string))).status).toBe(200);
        },
      };
    },
  },
  {
    name: 'listing API keys',
    async prepare() {
      const { path, id } = await withKey();
      return { sent: { to: `GET ${path}`, bearer }, status: 200, verify: async ({ body }) => expect(body.items).toMatchObject([{ id }]) };
    },
  },
  {
    name: 'ending an API key',
    async prepare() {
      const { path, id, key } = await withKey();
      return {
        sent: { to: `DELETE ${path}/${id}`, bearer },
        status: 204,
        async verify() {
          expect(await listed(path)).toEqual([]);
          expect((await service.send(exchange(key))).status).toBe(401);
        },
      };
    },
  },
  {
    name: 'exchanging an API key',
    async prepare() {
      const { id, key } = await withKey();
      return {
        sent: exchange(key),
        status: 200,
        verify: async ({ body }) => expect(claimsOf(body.access_token as string)['sid']).toBe(id),
      };
    },
  },
]);
