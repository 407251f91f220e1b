import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClientStore } from '../../src/storage/client-store.ts';
import { clientKey } from '../../src/storage/keys.ts';
import { createRevocationCheck, type RevocationCheck } from '../../src/storage/revocation-check.ts';
import { createRevocationStore } from '../../src/storage/revocation-store.ts';
import { createSessionStore } from '../../src/storage/session-store.ts';
import { startEngine, type Engine } from './engine.ts';
import { auditEvent, client, NOW, session } from './records.ts';

let engine: Engine;
let check: RevocationCheck;
const ids = { jti: 'j', clientId: 'c', sid: 's' };
const good = { clientEpoch: 1, clientDisabled: false, sessionStatus: 'active', tokenRevoked: false };
beforeAll(async () => {
  engine = await startEngine();
  check = createRevocationCheck(engine);
  await createClientStore(engine).create(client({ client_id: 'c' }), auditEvent());
  await createSessionStore(engine).create(session({ client_id: 'c', sid: 's', expires_at: NOW + 100 }), auditEvent());
});
afterAll(() => engine.close());

it('finds nothing against a token in good standing', async () => {
  expect(await check(ids, NOW)).toEqual(good);
  expect(await check({ jti: 'j', clientId: 'c' }, NOW)).toEqual({ ...good, sessionStatus: 'none' });
});

it('does not take a session at its absolute end for ended: its access tokens live until their own exp', async () => {
  expect(await check(ids, NOW + 200)).toEqual(good);
});

it('tells an absent session and an absent or deleted client', async () => {
  expect(await check({ ...ids, sid: 'other' }, NOW)).toEqual({ ...good, sessionStatus: 'absent' });
  await engine.put({ ...clientKey('dead'), status: 'deleted', epoch: 5, disabled: false });
  for (const clientId of ['nobody', 'dead'])
    expect(await check({ jti: 'j', clientId }, NOW)).toEqual({ ...good, clientEpoch: undefined, sessionStatus: 'none' });
});

it('sees each kind of revocation at the very next call', async () => {
  await createRevocationStore(engine).revokeToken({ jti: 'j', exp: NOW + 900, clientId: 'c', reason: '' }, auditEvent(), NOW);
  expect(await check(ids, NOW)).toEqual({ ...good, tokenRevoked: true });
  await createSessionStore(engine).end({ clientId: 'c', sid: 's' }, auditEvent(), NOW);
  expect(await check(ids, NOW)).toEqual({ ...good, tokenRevoked: true, sessionStatus: 'ended' });
  await createClientStore(engine).raiseEpoch('c', auditEvent(), NOW);
  expect(await check(ids, NOW)).toMatchObject({ clientEpoch: 2 });
  const from = await createClientStore(engine).read('c');
  if (from !== undefined)
    await createClientStore(engine).replace({ from, to: { ...from, disabled: true } }, auditEvent({ event_id: 'off' }));
  expect(await check(ids, NOW)).toMatchObject({ clientDisabled: true });
});
