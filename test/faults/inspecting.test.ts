import { describe, expect, it } from 'vitest';
import { claimsOf } from '../endpoints/access-token.ts';
import type { Registered } from '../endpoints/service-under-test.ts';
import { describeEveryCall, useServiceWithFaults, type Attempt } from './every-call.ts';

const faulty = useServiceWithFaults();
const { service } = faulty;
const BOTH = { grant_types: ['client_credentials', 'refresh_token'] };
type Tokens = { readonly access_token: string; readonly refresh_token: string };

const start = async (client: Registered): Promise<Tokens> =>
  (await service.send({ to: 'POST /token', basic: client, form: { grant_type: 'client_credentials' } })).body as Tokens;
const isActive = async (token: string, by: Registered) =>
  (await service.send({ to: 'POST /introspect', basic: by, form: { token } })).body.active as boolean;

/** After the request the tokens that it names are dead, and only a 200 says so. */
const revoking =
  (form: (tokens: Tokens) => Record<string, string>, dead: (tokens: Tokens) => readonly string[]) => async (): Promise<Attempt> => {
    const client = await service.register(BOTH);
    const tokens = await start(client);
    return {
      sent: { to: 'POST /revoke', basic: client, form: form(tokens) },
      status: 200,
      async verify() {
        for (const token of dead(tokens)) expect(await isActive(token, client)).toBe(false);
      },
    };
  };
const both = ({ access_token, refresh_token }: Tokens) => [access_token, refresh_token];
/** The table says that it is revoked already. */
const statusesOfFailedCondition = [200];

describeEveryCall(faulty, [
  {
    name: 'revoking an access token',
    prepare: revoking(
      (t) => ({ token: t.access_token }),
      (t) => [t.access_token],
    ),
    statusesOfFailedCondition,
  },
  { name: 'revoking a session', prepare: revoking((t) => ({ token: t.refresh_token }), both), statusesOfFailedCondition },
  { name: 'revoking everything', prepare: revoking(() => ({ all: 'true' }), both), statusesOfFailedCondition },
  {
    name: 'introspecting an access token',
    async prepare() {
      const client = await service.register(BOTH);
      const { access_token } = await start(client);
      return {
        sent: { to: 'POST /introspect', basic: client, form: { token: access_token } },
        status: 200,
        verify: async ({ body }) => expect(body).toMatchObject({ active: true, jti: claimsOf(access_token)['jti'] as string }),
      };
    },
  },
  {
    name: 'introspecting a revoked token',
    async prepare() {
      const client = await service.register(BOTH);
      const { access_token } = await start(client);
      await service.send({ to: 'POST /revoke', basic: client, form: { token: access_token } });
      return {
        sent: { to: 'POST /introspect', basic: client, form: { token: access_token } },
        status: 200,
        verify: async ({ body }) => expect(body).toEqual({ active: false }),
      };
    },
  },
]);

describe('KMS out', () => {
  it('does not concern introspection, revocation and the documents', async () => {
    const client = await service.register(BOTH);
    const { access_token } = await start(client);
    service.coldStart();
    service.aws.kms.rejects(Object.assign(new Error('planted'), { name: 'KMSInternalException' }));
    expect(await isActive(access_token, client)).toBe(true);
    expect((await service.send({ to: 'POST /revoke', basic: client, form: { token: access_token } })).status).toBe(200);
    expect(await isActive(access_token, client)).toBe(false);
    expect((await service.send({ to: 'GET /.well-known/jwks.json' })).body.keys).toHaveLength(1);
    expect((await service.send({ to: 'POST /token', basic: client, form: { grant_type: 'client_credentials' } })).status).toBe(503);
  });
});
