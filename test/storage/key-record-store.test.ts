import { afterAll, beforeAll, expect, it } from 'vitest';
import type { KeyRecord } from '../../src/endpoints/stores.ts';
import { createKeyRecordStore } from '../../src/storage/key-record-store.ts';
import { signingKeyKey } from '../../src/storage/keys.ts';
import { startEngine, type Engine } from './engine.ts';
import { auditEvent, NOW } from './records.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const record = (members: Partial<KeyRecord> = {}): KeyRecord => ({
  kid: 'kid-1',
  alg: 'ES256',
  arn: 'arn:aws:kms:eu-central-1:111122223333:key/1',
  jwk: { crv: 'P-256', kty: 'EC', x: 'x', y: 'y' },
  created_at: NOW,
  active_from: NOW,
  ...members,
});

it('answers every recorded key as it was recorded', async () => {
  const store = createKeyRecordStore(engine);
  expect(await store.readAll()).toEqual([]);
  const wrapped = { ciphertext: 'AAEC', wrapping_key: 'arn:aws:kms:eu-central-1:111122223333:key/mrk-1', issuer: 'https://issuer.example' };
  const records = [record(), record({ kid: 'kid-2', retires_at: NOW + 1, removed_at: NOW + 2 }), record({ kid: 'kid-3', wrapped })];
  await Promise.all(records.map((each) => store.record(each, auditEvent())));
  expect(await store.readAll()).toEqual(records);
});

it('lets the first record of a key stand, and takes that for success', async () => {
  const store = createKeyRecordStore(engine);
  await store.record(record({ active_from: NOW + 7200 }), auditEvent());
  expect((await engine.item(signingKeyKey('kid-1')))?.['active_from']).toBe(NOW);
});
