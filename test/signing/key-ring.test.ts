import { GetPublicKeyCommand } from '@aws-sdk/client-kms';
import { beforeEach, describe, expect, it } from 'vitest';
import type { KeyRecord } from '../../src/endpoints/stores.ts';
import { ConfigurationError } from '../../src/environment.ts';
import { createKeyRing, type KeyRing } from '../../src/signing/key-ring.ts';
import { PUBLISHED_AHEAD_SECONDS } from '../../src/signing/key-times.ts';
import { createTemplateKeys } from '../../src/signing/template-keys.ts';
import type { Algorithm } from '../../src/tokens/algorithms.ts';
import { jwkThumbprint, publicMembers } from '../../src/tokens/jwk.ts';
import { arnOf, createKmsDouble, type KmsDouble } from './kms-double.ts';
import { createRecordsInMemory, type RecordsInMemory } from './records-in-memory.ts';

const NOW = 1_800_000_000;
const HOUR = 3600;

let double: KmsDouble;
beforeEach(() => {
  double = createKmsDouble();
});
const ringOf = (records: RecordsInMemory, arns: readonly (readonly [Algorithm, string])[]): KeyRing =>
  createKeyRing({ records, template: createTemplateKeys({ kms: double.kms, arns: new Map(arns) }) });
const publicKeyCalls = (): number => double.mock.commandCalls(GetPublicKeyCommand).length;
const kmsDown = (): unknown =>
  double.mock.on(GetPublicKeyCommand).rejects(Object.assign(new Error('down'), { name: 'KMSInternalException' }));

/** A record with a real public key under a made-up kid, so that there can be many. */
const recordOf = (kid: string, members: Partial<KeyRecord> = {}): KeyRecord => {
  const jwk = publicMembers(double.publicKey(double.add(members.alg ?? 'ES256', kid)).export({ format: 'jwk' })) ?? {};
  return { kid, alg: 'ES256', arn: arnOf(kid), jwk, created_at: NOW, active_from: NOW, ...members };
};

describe('the first token of a new deployment', () => {
  it('records every key of the template, once, whoever and however many come first', async () => {
    const records = createRecordsInMemory();
    const arns = [['RS256', double.add('RS256')] as const, ['ES256', double.add('ES256')] as const];
    const ring = ringOf(records, arns);
    const keys = await Promise.all(Array.from({ length: 20 }, () => ring.active('RS256', NOW)));
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(1);
    expect(keys[0]).toMatchObject({ alg: 'RS256', arn: arnOf('RS256'), created_at: NOW, active_from: NOW });
    expect(keys[0]?.kid).toBe(jwkThumbprint(keys[0]?.jwk ?? {}));
    expect(records.calls).toEqual({ readAll: 1, record: 2 });
    expect(publicKeyCalls()).toBe(2);
  });

  it('leaves nothing to do for the next one', async () => {
    const records = createRecordsInMemory();
    const ring = ringOf(records, [['RS256', double.add('RS256')]]);
    await ring.active('RS256', NOW);
    await ring.active('RS256', NOW + 3);
    await ring.published(NOW + 3);
    expect(records.calls).toEqual({ readAll: 1, record: 1 });
    await ringOf(records, [['RS256', double.add('RS256')]]).active('RS256', NOW + 1);
    expect(publicKeyCalls()).toBe(1);
  });

  it('can be met by a verifier that looked before: a ring without keys is not kept', async () => {
    const records = createRecordsInMemory();
    const verifier = createKeyRing({ records });
    expect(await verifier.verificationKeys('guess', NOW)).toEqual(new Map());
    const { kid } = await ringOf(records, [['ES256', double.add('ES256')]]).active('ES256', NOW);
    expect((await verifier.verificationKeys(kid, NOW)).get(kid)).toMatchObject({ kid, alg: 'ES256' });
  });

  it('fails while KMS is down, and that failure is not remembered', async () => {
    const records = createRecordsInMemory();
    const arn = double.add('RS256');
    const ring = ringOf(records, [['RS256', arn]]);
    double.mock.on(GetPublicKeyCommand).rejectsOnce(Object.assign(new Error('slow down'), { name: 'ThrottlingException' }));
    await expect(ring.active('RS256', NOW)).rejects.toMatchObject({ dependency: 'kms:GetPublicKey', throttled: true });
    const spki = new Uint8Array(double.publicKey(arn).export({ format: 'der', type: 'spki' }));
    double.mock.on(GetPublicKeyCommand).resolves({ KeyId: arn, PublicKey: spki });
    expect(await ring.active('RS256', NOW)).toMatchObject({ alg: 'RS256' });
  });
});

describe('a template that cannot be right names its variable', () => {
  it.each<[string, Algorithm, () => string]>([
    ['a key of another type', 'RS256', () => double.add('ES256', 'mixed-up')],
    ['a key that signs EdDSA only', 'ES256', () => double.add('EdDSA', 'mixed-up-too')],
  ])('%s', async (_, algorithm, arn) => {
    await expect(ringOf(createRecordsInMemory(), [[algorithm, arn()]]).active(algorithm, NOW)).rejects.toThrow(ConfigurationError);
  });

  it('an alias instead of an ARN', async () => {
    const spki = new Uint8Array(double.publicKey(double.add('ES256')).export({ format: 'der', type: 'spki' }));
    double.mock.on(GetPublicKeyCommand).resolves({ KeyId: arnOf('ES256'), PublicKey: spki });
    await expect(ringOf(createRecordsInMemory(), [['ES256', 'alias/tokens']]).active('ES256', NOW)).rejects.toThrow('SIGNING_KEYS');
  });

  it('no key for the algorithm', async () => {
    await expect(createKeyRing({ records: createRecordsInMemory(recordOf('a')) }).active('RS256', NOW)).rejects.toThrow('SIGNING_KEYS');
  });
});

describe('which key signs', () => {
  it('is the latest whose time has come and has not passed', async () => {
    const records = createRecordsInMemory(
      recordOf('old', { active_from: NOW - 9 * HOUR, retires_at: NOW + HOUR }),
      recordOf('new', { active_from: NOW + HOUR }),
      recordOf('rs', { alg: 'RS256', active_from: NOW + HOUR }),
    );
    const ring = createKeyRing({ records });
    expect((await ring.active('ES256', NOW)).kid).toBe('old');
    expect((await ring.active('ES256', NOW + HOUR - 1)).kid).toBe('old');
    expect((await ring.active('ES256', NOW + HOUR)).kid).toBe('new');
  });

  it('is none once its time has passed, rather than one that nobody may use', async () => {
    const ring = createKeyRing({ records: createRecordsInMemory(recordOf('old', { retires_at: NOW + 1 })) });
    expect((await ring.active('ES256', NOW)).kid).toBe('old');
    await expect(ring.active('ES256', NOW + 1)).rejects.toThrow(ConfigurationError);
  });

  it('changes a little over two hours after a new key came with the template, when every verifier knows it', async () => {
    const ring = ringOf(createRecordsInMemory(recordOf('old', { active_from: NOW - HOUR })), [['ES256', double.add('ES256', 'next')]]);
    expect((await ring.active('ES256', NOW)).kid).toBe('old');
    expect((await ring.published(NOW)).map(({ kid }) => kid)).toHaveLength(2);
    expect((await ring.active('ES256', NOW + PUBLISHED_AHEAD_SECONDS - 1)).kid).toBe('old');
    expect(PUBLISHED_AHEAD_SECONDS).toBeGreaterThan(2 * HOUR);
    expect((await ring.active('ES256', NOW + PUBLISHED_AHEAD_SECONDS)).arn).toBe(arnOf('next'));
  });
});

describe('the published keys', () => {
  it('are public members, for signatures, with their algorithm', async () => {
    const ring = ringOf(createRecordsInMemory(), [['RS256', double.add('RS256')]]);
    const [jwk] = await ring.published(NOW);
    expect(Object.keys(jwk ?? {}).toSorted()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    expect(jwk).toMatchObject({ alg: 'RS256', use: 'sig', kty: 'RSA' });
  });

  it('are pending, active and retiring ones, no retired one, and at most 10, the most needed', async () => {
    const retiring = recordOf('retiring', { retires_at: NOW - 1, removed_at: NOW + 1 });
    const retired = recordOf('retired', { retires_at: NOW - 9, removed_at: NOW });
    const pending = Array.from({ length: 12 }, (_, index) => recordOf(`pending-${index}`, { active_from: NOW + 1 + index }));
    const ring = createKeyRing({ records: createRecordsInMemory(...pending, retired, retiring, recordOf('active')) });
    const kids = (await ring.published(NOW)).map(({ kid }) => kid);
    expect(kids).toHaveLength(10);
    expect(kids.slice(0, 3)).toEqual(['active', 'retiring', 'pending-0']);
    expect(kids).not.toContain('retired');
  });

  it('survive the table and KMS being down, in an environment that has loaded them', async () => {
    const records = createRecordsInMemory(recordOf('active'));
    const ring = ringOf(records, [['ES256', arnOf('active')]]);
    await ring.published(NOW);
    records.down = true;
    kmsDown();
    for (const later of [61, 62, 3600]) expect(await ring.published(NOW + later)).toHaveLength(1);
    // Asked again at most every 5 s: an outage costs callers one short wait now and then, not each.
    expect(records.calls.readAll).toBe(3);
  });

  it('do not wait for a new template key that KMS cannot show', async () => {
    const ring = ringOf(createRecordsInMemory(recordOf('active')), [['RS256', double.add('RS256')]]);
    kmsDown();
    expect(await ring.published(NOW)).toHaveLength(1);
    expect(await ring.published(NOW + 1)).toHaveLength(1);
    expect(publicKeyCalls()).toBe(1);
    await ring.published(NOW + 31);
    expect(publicKeyCalls()).toBe(2);
  });

  it('are not there in a new environment while the table is down, and that is not remembered', async () => {
    const records = createRecordsInMemory(recordOf('active'));
    const ring = createKeyRing({ records });
    records.down = true;
    await expect(ring.published(NOW)).rejects.toMatchObject({ dependency: 'dynamodb:Query' });
    records.down = false;
    expect(await ring.published(NOW)).toHaveLength(1);
  });
});

describe('a revoked key', () => {
  const revoked = { active_from: NOW - HOUR, distrusted_at: NOW };
  it('signs no more, and the standby does at once, by the one write that revoked it', async () => {
    const records = createRecordsInMemory(recordOf('leaked', revoked), recordOf('later', { active_from: NOW + 9 * HOUR }));
    records.records.set('standby', recordOf('standby', { active_from: NOW + 2 * HOUR }));
    expect((await createKeyRing({ records }).active('ES256', NOW)).kid).toBe('standby');
  });

  it('neither is published nor verifies, whatever the clock of the reader says', async () => {
    const ring = createKeyRing({ records: createRecordsInMemory(recordOf('leaked', revoked), recordOf('standby')) });
    for (const now of [NOW - 60, NOW, NOW + 60]) {
      expect((await ring.published(now)).map(({ kid }) => kid)).toEqual(['standby']);
      expect([...(await ring.verificationKeys('leaked', now)).keys()]).toEqual(['standby']);
    }
  });

  it('is known to every environment within 4 s, without a wait where the ring is asked for ahead', async () => {
    const records = createRecordsInMemory(
      recordOf('leaked', { active_from: NOW - HOUR }),
      recordOf('standby', { active_from: NOW + HOUR }),
    );
    const ring = createKeyRing({ records });
    expect((await ring.active('ES256', NOW)).kid).toBe('leaked');
    records.records.set('leaked', recordOf('leaked', revoked));
    expect((await ring.active('ES256', NOW + 3)).kid).toBe('leaked');
    ring.prepare(NOW + 4);
    expect(records.calls.readAll).toBe(2);
    expect((await ring.active('ES256', NOW + 4)).kid).toBe('standby');
    expect(records.calls.readAll).toBe(2);
  });

  it('is believed nowhere after 5 s, also where the table cannot be read, or not soon enough', async () => {
    const records = createRecordsInMemory(recordOf('leaked', { active_from: NOW - HOUR }));
    const ring = createKeyRing({ records });
    expect((await ring.verificationKeys('leaked', NOW)).has('leaked')).toBe(true);
    records.records.set('leaked', recordOf('leaked', revoked));
    records.down = true;
    expect((await ring.verificationKeys('leaked', NOW + 4)).has('leaked')).toBe(true);
    await expect(ring.verificationKeys('leaked', NOW + 5)).rejects.toMatchObject({ dependency: 'dynamodb:Query' });
    records.down = false;
    const slow = createKeyRing({
      records: {
        readAll: async () => {
          await new Promise((resolve) => setTimeout(resolve, 400));
          return records.readAll();
        },
      },
    });
    records.records.set('leaked', recordOf('leaked'));
    await slow.verificationKeys('leaked', NOW);
    records.records.set('leaked', recordOf('leaked', revoked));
    expect((await slow.verificationKeys('leaked', NOW + HOUR)).has('leaked')).toBe(false);
  });

  it('is not brought back by a read that was begun before a freeze', async () => {
    const answers: ((records: readonly KeyRecord[]) => void)[] = [];
    const ring = createKeyRing({ records: { readAll: () => new Promise((resolve) => answers.push(resolve)) } });
    const before = ring.verificationKeys('leaked', NOW);
    const after = ring.verificationKeys('leaked', NOW + HOUR);
    answers[1]?.([recordOf('leaked', revoked), recordOf('standby')]);
    answers[0]?.([recordOf('leaked')]);
    expect((await before).has('leaked')).toBe(true);
    expect((await after).has('leaked')).toBe(false);
    expect((await ring.verificationKeys('leaked', NOW + HOUR + 1)).has('leaked')).toBe(false);
  });

  it('does not make an outage of reading ahead', async () => {
    const records = createRecordsInMemory(recordOf('active'));
    const ring = createKeyRing({ records });
    records.down = true;
    ring.prepare(NOW);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await expect(ring.active('ES256', NOW)).rejects.toMatchObject({ dependency: 'dynamodb:Query' });
  });
});

describe('verification keys', () => {
  it('are read every four seconds, by one call for all who wait', async () => {
    const records = createRecordsInMemory(recordOf('a'));
    const ring = createKeyRing({ records });
    await Promise.all(Array.from({ length: 50 }, () => ring.verificationKeys('a', NOW)));
    await ring.verificationKeys('a', NOW + 3);
    expect(records.calls.readAll).toBe(1);
    await ring.verificationKeys('a', NOW + 4);
    expect(records.calls.readAll).toBe(2);
  });

  it('are asked for again on an unknown kid, at most once in 30 s however many kids strangers invent', async () => {
    const records = createRecordsInMemory(recordOf('a'));
    const ring = createKeyRing({ records });
    for (let index = 0; index < 100; index++) await ring.verificationKeys(`invented-${index}`, NOW + index / 100);
    expect(records.calls.readAll).toBe(2);
    records.records.set('b', recordOf('b'));
    expect((await ring.verificationKeys('b', NOW + 30)).has('b')).toBe(true);
  });

  it('come to all who ask for a new kid at the same time', async () => {
    const records = createRecordsInMemory(recordOf('a'));
    const ring = createKeyRing({ records });
    await ring.verificationKeys('a', NOW);
    records.records.set('b', recordOf('b'));
    const asked = await Promise.all(Array.from({ length: 20 }, () => ring.verificationKeys('b', NOW)));
    expect(asked.every((keys) => keys.has('b'))).toBe(true);
    expect(records.calls.readAll).toBe(2);
  });

  it('refuse an unknown kid again as soon as the table has answered again', async () => {
    const records = createRecordsInMemory(recordOf('a'));
    const ring = createKeyRing({ records });
    await ring.verificationKeys('a', NOW);
    records.down = true;
    await expect(ring.verificationKeys('b', NOW + 45)).rejects.toMatchObject({ dependency: 'dynamodb:Query' });
    records.down = false;
    expect((await ring.verificationKeys('b', NOW + 60)).has('b')).toBe(false);
    expect(records.calls.readAll).toBe(4);
  });

  it('cannot be told for an unknown kid while the table is down: an outage, not a refusal', async () => {
    const records = createRecordsInMemory(recordOf('a'));
    const ring = createKeyRing({ records });
    await ring.verificationKeys('a', NOW);
    records.down = true;
    for (const later of [1, 2])
      await expect(ring.verificationKeys('b', NOW + later)).rejects.toMatchObject({ dependency: 'dynamodb:Query' });
    expect(records.calls.readAll).toBe(2);
    expect((await ring.verificationKeys('a', NOW + 2)).has('a')).toBe(true);
  });

  it('hold those that wait to sign and those whose tokens live on, none that is retired', async () => {
    const records = createRecordsInMemory(
      recordOf('pending', { active_from: NOW + 1 }),
      recordOf('retiring', { retires_at: NOW }),
      recordOf('retired', { removed_at: NOW }),
    );
    expect([...(await createKeyRing({ records }).verificationKeys('pending', NOW)).keys()]).toEqual(['pending', 'retiring']);
  });

  it('need no KMS', async () => {
    await createKeyRing({ records: createRecordsInMemory(recordOf('a')) }).verificationKeys('a', NOW);
    expect(double.mock.calls()).toHaveLength(0);
  });
});
