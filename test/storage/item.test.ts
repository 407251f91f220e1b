// What other versions, restored backups and operators leave in the table must never turn into a decision.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Outage } from '../../src/outage.ts';
import { clientAttributes } from '../../src/storage/client-codec.ts';
import { clientKey, revocationKey, sessionKey } from '../../src/storage/keys.ts';
import { createKeyRecordStore } from '../../src/storage/key-record-store.ts';
import { createRequestStore } from '../../src/storage/request-store.ts';
import { sessionAttributes } from '../../src/storage/session-codec.ts';
import { startEngine, type Engine } from './engine.ts';
import { client, NOW, session } from './records.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const clientItem = () => ({ ...clientKey('c'), ...clientAttributes(client()), status: 'active' });
const sessionItem = () => ({ ...sessionKey('c', 's'), ...sessionAttributes(session()) });
const load = (wanted: object) => createRequestStore(engine).load({ clientId: 'c', ...wanted }, NOW);

describe('a client record', () => {
  it('may carry attributes that this version does not know', async () => {
    await engine.put({ ...clientItem(), later: 'unknown here', secrets: [{ ...client().secrets[0], last_used_at: 1 }] });
    expect((await load({})).client).toEqual(client({ client_id: 'c' }));
  });

  it.each([
    ['scope', 'read write'],
    ['scope', ['read', 1]],
    ['scope', undefined],
    ['grant_types', ['password']],
    ['token_endpoint_auth_method', 'none'],
    ['disabled', 'false'],
    ['disabled', undefined],
    ['epoch', '1'],
    ['epoch', 1.5],
    ['epoch', undefined],
    ['may_introspect', 'all'],
    ['refresh_client_auth', 'no'],
    ['client_name', 7],
    ['audiences', 'https://api.example'],
    ['secrets', {}],
    ['secrets', ['x']],
    ['secrets', [{ id: 's1', pepper: 'k1', created_at: NOW }]],
    ['status', undefined],
    ['status', 'suspended'],
  ])('whose %s is %j is an outage that names the attribute', async (name, value) => {
    await engine.put({ ...clientItem(), [name]: value });
    const failure: unknown = await load({}).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Outage);
    expect(String((failure as Outage).cause)).toMatch(
      name === 'secrets' ? /secrets|digest/ : new RegExp(`CLIENT#c CLIENT: ${name} is not`),
    );
  });
});

it.each([
  ['status', 'paused'],
  ['generation', '1'],
  ['epoch', undefined],
  ['expires_at', undefined],
  ['mac_key', 1],
])('a session whose %s is %j is an outage', async (name, value) => {
  await engine.put(clientItem());
  await engine.put({ ...sessionItem(), [name]: value });
  await expect(load({ sid: 's' })).rejects.toThrow(Outage);
});

it('a revocation without its time is an outage, never "not revoked"', async () => {
  await engine.put({ ...revocationKey('j') });
  await expect(load({ jti: 'j' })).rejects.toThrow(Outage);
});

it('a signing key whose algorithm is unknown is an outage', async () => {
  await engine.put({ PK: 'KEYRING', SK: 'KEY#k', alg: 'none', arn: 'a', jwk: {}, created_at: 1, active_from: 1 });
  await expect(createKeyRecordStore(engine).readAll()).rejects.toThrow(Outage);
});
