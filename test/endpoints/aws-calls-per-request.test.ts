// What a request costs in AWS calls, and how many of them one has to wait for (DESIGN section 5).
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { claimsOf } from './access-token.ts';
import { testKey } from '../tokens/test-issuer.ts';
import { assertionForm, signedAssertion } from './assertions.ts';
import type { Sent } from './request.ts';
import { ISSUER, useService, type Registered } from './service-under-test.ts';

// As deployed: what lockout and blocks need is read in the same call.
const LOCKOUT = JSON.stringify({ failures: 5, window: 900, first_delay: 30, max_delay: 1800, at_once: 400 });
const service = useService({ environment: { LOCKOUT } });
let plain: Registered;
let withSession: Registered;
let manager: Registered;
let managerToken: string;
const GRANT = { grant_type: 'client_credentials' };
const KEY = testKey('ES256');

beforeAll(async () => {
  plain = await service.register();
  withSession = await service.register({ grant_types: ['client_credentials', 'refresh_token'], refresh_client_auth: 'none' });
  manager = await service.register({ scope: 'read clients:manage' });
  managerToken = (await service.send({ to: 'POST /token', basic: manager, form: { ...GRANT, scope: 'clients:manage' } })).body
    .access_token as string;
  // Every function's keys and secrets are in memory from here on.
  for (const to of ['POST /revoke', 'POST /introspect'])
    for (const basic of [plain, withSession]) await service.send({ to, basic, form: { token: managerToken } });
  await service.send({ to: 'POST /refresh', form: { refresh_token: await refreshToken() } });
  // And the uses of their secrets have been written.
  await service.send({ to: 'POST /token', basic: plain, form: GRANT });
  await service.send({ to: 'GET /clients', bearer: managerToken });
  await service.send({ to: 'GET /.well-known/jwks.json' });
});
beforeEach(() => service.calls.clear());

const refreshToken = async (): Promise<string> =>
  (await service.send({ to: 'POST /token', basic: withSession, form: GRANT })).body.refresh_token as string;

async function cost(sent: Sent, status = 200): Promise<{ calls: readonly string[]; waits: number }> {
  service.calls.clear();
  expect((await service.send(sent)).status).toBe(status);
  return { calls: service.calls.names(), waits: service.calls.waits() };
}

describe('a token request', () => {
  it('is a read beside a count, then a signature: two waits', async () => {
    expect(await cost({ to: 'POST /token', basic: plain, form: GRANT })).toEqual({
      calls: ['BatchGetItem', 'Sign', 'UpdateItem RATE'],
      waits: 2,
    });
  });

  it('with a refresh token has one write more, beside the signature', async () => {
    const { calls, waits } = await cost({ to: 'POST /token', basic: withSession, form: GRANT });
    expect(calls).toEqual(['BatchGetItem', 'PutItem CLIENT', 'Sign', 'UpdateItem RATE']);
    expect(waits).toBe(2);
  });

  it('by a signed assertion has one write more, and waits for it: its jti is spent', async () => {
    const client = await service.register({ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [KEY.jwk] } });
    const form = () => {
      const assertion = signedAssertion(KEY, { clientId: client.client_id, issuer: ISSUER, now: service.now() });
      return { ...GRANT, ...assertionForm(assertion) };
    };
    await cost({ to: 'POST /token', form: form() }); // the use of its key is written
    const { calls, waits } = await cost({ to: 'POST /token', form: form() });
    expect(calls).toEqual(['BatchGetItem', 'PutItem ONCE', 'Sign', 'UpdateItem RATE']);
    expect(waits).toBe(3);
  });

  it('that is the first in 5 minutes with its secret has one write more, beside the signature', async () => {
    const fresh = await service.register();
    for (const more of [['UpdateItem CLIENT'], []]) {
      const { calls, waits } = await cost({ to: 'POST /token', basic: fresh, form: GRANT });
      expect(calls).toEqual(['BatchGetItem', 'Sign', ...more, 'UpdateItem RATE']);
      expect(waits).toBe(2);
    }
  });

  it('that is refused signs nothing', async () => {
    const wrong = { ...plain, client_secret: 'x' };
    expect((await cost({ to: 'POST /token', basic: wrong, form: GRANT }, 401)).calls).toEqual([
      'BatchGetItem',
      'PutItem DENIED',
      'UpdateItem FAIL',
      'UpdateItem FAIL',
      'UpdateItem FAIL',
      'UpdateItem RATE',
    ]);
    const { calls, waits } = await cost({ to: 'POST /token', basic: wrong, form: GRANT }, 401);
    expect(calls).toEqual(['BatchGetItem', 'UpdateItem FAIL', 'UpdateItem FAIL', 'UpdateItem RATE']);
    expect(waits).toBe(2);
  });

  it('that is malformed costs nothing', async () => {
    expect(await cost({ to: 'POST /token', basic: plain, form: { grant_type: 'x' } }, 400)).toEqual({ calls: [], waits: 0 });
    expect(await cost({ to: 'POST /token', form: GRANT }, 401)).toEqual({ calls: [], waits: 0 });
  });
});

describe.each(['POST /refresh', 'POST /token'])('a refresh at %s', (to) => {
  const refresh = (refresh_token: string): Sent => ({ to, basic: withSession, form: { grant_type: 'refresh_token', refresh_token } });

  it('is a read beside a count, then a signature, then the commit: three waits', async () => {
    await service.send(refresh(await refreshToken()));
    const { calls, waits } = await cost(refresh(await refreshToken()));
    expect(calls).toEqual(['BatchGetItem', 'Sign', 'UpdateItem CLIENT', 'UpdateItem RATE']);
    expect(waits).toBe(3);
  });

  it('that repeats a former one writes nothing but the count', async () => {
    const token = await refreshToken();
    await service.send(refresh(token));
    expect(await cost(refresh(token))).toEqual({ calls: ['BatchGetItem', 'Sign', 'UpdateItem RATE'], waits: 2 });
  });

  it('with garbage costs nothing', async () => {
    expect(await cost(refresh('garbage'), 400)).toEqual({ calls: [], waits: 0 });
    const forged = (await refreshToken()).replace(/.{43}$/, 'A'.repeat(43));
    expect(await cost(refresh(forged), 400)).toEqual({ calls: [], waits: 0 });
  });
});

describe('introspection and revocation', () => {
  const token = async () =>
    (await service.send({ to: 'POST /token', basic: withSession, form: GRANT })).body as { access_token: string; refresh_token: string };

  it('introspection is a read beside a count: one wait', async () => {
    const { access_token, refresh_token } = await token();
    for (const text of [access_token, refresh_token, 'garbage']) {
      expect(await cost({ to: 'POST /introspect', basic: withSession, form: { token: text } })).toEqual({
        calls: ['BatchGetItem', 'UpdateItem RATE'],
        waits: 1,
      });
    }
  });

  it('revocation is that and one write: two waits', async () => {
    const { access_token, refresh_token } = await token();
    const revoke = (form: Record<string, string>) => cost({ to: 'POST /revoke', basic: withSession, form });
    expect(await revoke({ token: access_token })).toEqual({ calls: ['BatchGetItem', 'PutItem REVOKED', 'UpdateItem RATE'], waits: 2 });
    expect(await revoke({ token: refresh_token })).toEqual({ calls: ['BatchGetItem', 'UpdateItem CLIENT', 'UpdateItem RATE'], waits: 2 });
    expect(await revoke({ token: 'garbage' })).toEqual({ calls: ['BatchGetItem', 'UpdateItem RATE'], waits: 1 });
    expect(await revoke({ all: 'true' })).toEqual({ calls: ['BatchGetItem', 'UpdateItem CLIENT', 'UpdateItem RATE'], waits: 2 });
  });

  it('of an expired token writes nothing', async () => {
    const { access_token } = await token();
    service.advance(901);
    await service.send({ to: 'POST /introspect', basic: withSession, form: { token: access_token } });
    await service.send({ to: 'POST /revoke', basic: withSession, form: { token: access_token } });
    expect(await cost({ to: 'POST /revoke', basic: withSession, form: { token: access_token } })).toEqual({
      calls: ['BatchGetItem', 'UpdateItem RATE'],
      waits: 1,
    });
    managerToken = (await service.send({ to: 'POST /token', basic: manager, form: { ...GRANT, scope: 'clients:manage' } })).body
      .access_token as string;
  });
});

describe('client management', () => {
  it('reads the manager, its revocation and limit at once, then does what was asked', async () => {
    const json = { client_name: 'x' };
    await service.send({ to: 'POST /clients', bearer: managerToken, json });
    const made = await cost({ to: 'POST /clients', bearer: managerToken, json }, 201);
    expect(made).toEqual({ calls: ['BatchGetItem', 'PutItem CLIENT', 'UpdateItem RATE'], waits: 2 });
    const path = `/clients/${plain.client_id}`;
    expect(await cost({ to: `GET ${path}`, bearer: managerToken })).toEqual({
      calls: ['BatchGetItem', 'BatchGetItem', 'GetItem CLIENT', 'UpdateItem RATE'],
      waits: 3,
    });
    expect(await cost({ to: `PUT ${path}`, bearer: managerToken, json })).toEqual({
      calls: ['BatchGetItem', 'GetItem CLIENT', 'UpdateItem CLIENT', 'UpdateItem RATE'],
      waits: 3,
    });
    const added = await cost({ to: `POST ${path}/secrets`, bearer: managerToken }, 201);
    expect(added).toEqual({ calls: ['BatchGetItem', 'GetItem CLIENT', 'UpdateItem CLIENT', 'UpdateItem RATE'], waits: 3 });
    expect(await cost({ to: 'GET /clients', bearer: managerToken })).toEqual({
      calls: ['BatchGetItem', 'BatchGetItem', 'Query listing', 'UpdateItem RATE'],
      waits: 3,
    });
  });

  it('deletes in one write', async () => {
    const { client_id } = await service.register();
    const deleted = await cost({ to: `DELETE /clients/${client_id}`, bearer: managerToken }, 204);
    expect(deleted).toEqual({ calls: ['BatchGetItem', 'UpdateItem CLIENT', 'UpdateItem RATE'], waits: 2 });
  });

  it('without a token, or with a forged one, costs nothing', async () => {
    expect((await cost({ to: 'GET /clients' }, 401)).calls).toEqual([]);
    expect((await cost({ to: 'GET /clients', bearer: managerToken.replace(/.{5}$/, 'AAAAA') }, 401)).calls).toEqual([]);
  });
});

describe('API keys', () => {
  it('are exchanged for what a token by secret costs, since the key says whose it is', async () => {
    const { client_id } = await service.register();
    const path = `/clients/${client_id}/api-keys`;
    const made = await service.send({ to: `POST ${path}`, bearer: managerToken });
    const headers = { 'x-api-key': made.body.api_key as string };
    await service.send({ to: 'POST /token', headers, form: GRANT });
    expect(await cost({ to: 'POST /token', headers, form: GRANT })).toEqual({
      calls: ['BatchGetItem', 'Sign', 'UpdateItem RATE'],
      waits: 2,
    });
    expect((await cost({ to: 'POST /token', headers: { 'x-api-key': 'm2m_ak_garbage' }, form: GRANT }, 401)).calls).toEqual([]);
  });

  it('are made with one query and one write, listed by a query and their uses, ended in one write', async () => {
    const { client_id } = await service.register();
    const path = `/clients/${client_id}/api-keys`;
    expect(await cost({ to: `POST ${path}`, bearer: managerToken }, 201)).toEqual({
      calls: ['BatchGetItem', 'GetItem CLIENT', 'PutItem CLIENT', 'Query CLIENT', 'UpdateItem RATE'],
      waits: 4,
    });
    const { items } = (await service.send({ to: `GET ${path}`, bearer: managerToken })).body as { items: { id: string }[] };
    expect(await cost({ to: `GET ${path}`, bearer: managerToken })).toEqual({
      calls: ['BatchGetItem', 'BatchGetItem', 'GetItem CLIENT', 'Query CLIENT', 'UpdateItem RATE'],
      waits: 4,
    });
    expect(await cost({ to: `DELETE ${path}/${items[0]!.id}`, bearer: managerToken }, 204)).toEqual({
      calls: ['BatchGetItem', 'GetItem CLIENT', 'UpdateItem CLIENT', 'UpdateItem RATE'],
      waits: 3,
    });
  });
});

describe('sessions', () => {
  it('are listed by a query, ended by a write, beside nothing but the read and count of every request', async () => {
    const { access_token } = (await service.send({ to: 'POST /token', basic: withSession, form: GRANT })).body as { access_token: string };
    const other = (await service.send({ to: 'POST /token', basic: withSession, form: GRANT })).body as { access_token: string };
    await service.send({ to: 'GET /sessions', bearer: access_token });
    const list = { calls: ['BatchGetItem', 'Query CLIENT', 'UpdateItem RATE'], waits: 2 };
    expect(await cost({ to: 'GET /sessions', bearer: access_token })).toEqual(list);
    const ofAnother = { to: 'GET /sessions', bearer: managerToken, query: `client_id=${withSession.client_id}` };
    expect(await cost(ofAnother)).toEqual({ ...list, calls: ['BatchGetItem', 'GetItem CLIENT', 'Query CLIENT', 'UpdateItem RATE'] });
    const path = `DELETE /sessions/${claimsOf(other.access_token)['sid'] as string}`;
    const end = { calls: ['BatchGetItem', 'UpdateItem CLIENT', 'UpdateItem RATE'], waits: 2 };
    expect(await cost({ to: path, bearer: access_token }, 204)).toEqual(end);
    expect(await cost({ to: path, bearer: access_token }, 204)).toEqual({
      calls: ['BatchGetItem', 'GetItem CLIENT', 'UpdateItem CLIENT', 'UpdateItem RATE'],
      waits: 3,
    });
    expect(await cost({ to: 'DELETE /sessions', bearer: managerToken, query: `client_id=${withSession.client_id}` }, 204)).toEqual(end);
  });
});

describe('public documents', () => {
  it('cost nothing once they are in memory', async () => {
    for (const path of [
      '/.well-known/jwks.json',
      '/.well-known/oauth-authorization-server',
      '/.well-known/openid-configuration',
      '/health',
    ]) {
      await service.send({ to: `GET ${path}` });
      expect(await cost({ to: `GET ${path}` })).toEqual({ calls: [], waits: 0 });
    }
  });

  it('the feed is one query a second at most', async () => {
    await service.send({ to: 'GET /revocations' });
    expect((await cost({ to: 'GET /revocations' })).calls).toEqual([]);
    service.advance(1);
    expect((await cost({ to: 'GET /revocations' })).calls).toEqual(['Query feed']);
  });
});

it('in strict audit mode a token has one write more, beside the signature', async () => {
  service.coldStart({ AUDIT_MODE: 'strict' });
  await service.send({ to: 'POST /token', basic: plain, form: GRANT });
  const { calls, waits } = await cost({ to: 'POST /token', basic: plain, form: GRANT });
  expect(calls).toEqual(['BatchGetItem', 'Sign', 'UpdateItem RATE', 'UpdateItem RATE']);
  expect(waits).toBe(2);
});
