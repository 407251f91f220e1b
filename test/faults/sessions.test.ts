import { beforeAll, expect } from 'vitest';
import { claimsOf } from '../endpoints/access-token.ts';
import type { Registered } from '../endpoints/service-under-test.ts';
import { describeEveryCall, useServiceWithFaults } from './every-call.ts';

const faulty = useServiceWithFaults();
const { service } = faulty;
let managing: string;
beforeAll(async () => {
  managing = (await issue(await service.register({ scope: 'clients:manage' }), 'clients:manage')).access_token;
});

type Tokens = { readonly access_token: string; readonly refresh_token: string };
const issue = async (basic: Registered, scope?: string): Promise<Tokens> => {
  const form = { grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) };
  return (await service.send({ to: 'POST /token', basic, form })).body as Tokens;
};
const owner = (): Promise<Registered> => service.register({ grant_types: ['client_credentials', 'refresh_token'] });
const sidOf = ({ access_token }: Tokens): string => claimsOf(access_token)['sid'] as string;
const isActive = async (token: string, basic: Registered) =>
  (await service.send({ to: 'POST /introspect', basic, form: { token } })).body.active as boolean;

describeEveryCall(faulty, [
  {
    name: 'listing the sessions of another client',
    async prepare() {
      const client = await owner();
      const sid = sidOf(await issue(client));
      return {
        sent: { to: 'GET /sessions', bearer: managing, query: `client_id=${client.client_id}` },
        status: 200,
        verify: async ({ body }) => expect(body.items).toEqual([expect.objectContaining({ sid, status: 'active' })]),
      };
    },
  },
  {
    name: 'ending a session',
    async prepare() {
      const client = await owner();
      const [doomed, kept] = [await issue(client), await issue(client)];
      return {
        sent: { to: `DELETE /sessions/${sidOf(doomed)}`, bearer: kept.access_token },
        status: 204,
        async verify() {
          for (const token of [doomed.access_token, doomed.refresh_token]) expect(await isActive(token, client)).toBe(false);
          for (const token of [kept.access_token, kept.refresh_token]) expect(await isActive(token, client)).toBe(true);
        },
      };
    },
  },
  {
    name: 'ending a session that has ended',
    async prepare() {
      const client = await owner();
      const doomed = await issue(client);
      const sent = { to: `DELETE /sessions/${sidOf(doomed)}`, bearer: managing, query: `client_id=${client.client_id}` };
      await service.send(sent);
      return { sent, status: 204, verify: async () => expect(await isActive(doomed.access_token, client)).toBe(false) };
    },
  },
  {
    name: 'ending everything of a client',
    // The table says that there is no such client.
    statusesOfFailedCondition: [404],
    async prepare() {
      const client = await owner();
      const { access_token, refresh_token } = await issue(client);
      return {
        sent: { to: 'DELETE /sessions', bearer: managing, query: `client_id=${client.client_id}` },
        status: 204,
        async verify() {
          for (const token of [access_token, refresh_token]) expect(await isActive(token, client)).toBe(false);
        },
      };
    },
  },
]);
