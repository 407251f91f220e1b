import { createHmac } from 'node:crypto';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import type { SecretRing } from '../../src/endpoints/stores.ts';
import { ConfigurationError } from '../../src/environment.ts';
import { Outage } from '../../src/outage.ts';
import { createSecretRing } from '../../src/signing/secret-ring.ts';

const NOW = 1_800_000_000;
const ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:ring-AbCdEf';
const K1 = 'a'.repeat(64);
const K2 = 'b'.repeat(64);

const secrets = new SecretsManagerClient({ region: 'eu-central-1' });
const manager = mockClient(secrets);
let ring: SecretRing;
const holds = (value: unknown): unknown =>
  manager.on(GetSecretValueCommand).resolves({ SecretString: typeof value === 'string' ? value : JSON.stringify(value) });
const down = (name = 'InternalServiceError'): unknown =>
  manager.on(GetSecretValueCommand).rejects(Object.assign(new Error(name), { name }));
const calls = (): number => manager.commandCalls(GetSecretValueCommand).length;
beforeEach(() => {
  manager.reset();
  ring = createSecretRing({ secrets, secretArn: ARN });
});

/** RFC 5869 with an empty salt, for one block. */
function hkdf(key: string, info: string): Buffer {
  const pseudoRandomKey = createHmac('sha256', Buffer.alloc(32)).update(key).digest();
  return createHmac('sha256', pseudoRandomKey)
    .update(info)
    .update(Buffer.from([1]))
    .digest();
}

describe('derived keys', () => {
  it('are HKDF-SHA-256 of the ring key, for one use and one id alone', async () => {
    holds({ k1: K1, k2: K1 });
    const mac = await ring.key('k1', 'refresh-token-mac', NOW);
    expect(Buffer.from(mac ?? [])).toEqual(hkdf(K1, 'm2m-auth/refresh-token-mac/k1'));
    const others = [await ring.key('k1', 'client-secret-digest', NOW), await ring.key('k2', 'refresh-token-mac', NOW)];
    expect(Buffer.from(others[0] ?? [])).toEqual(hkdf(K1, 'm2m-auth/client-secret-digest/k1'));
    for (const other of others) expect(other).not.toEqual(mac);
    expect(manager.commandCalls(GetSecretValueCommand)[0]?.args[0].input).toEqual({ SecretId: ARN });
  });

  it('are derived once for each fetch of the ring', async () => {
    holds({ k1: K1 });
    expect(await ring.key('k1', 'refresh-token-mac', NOW)).toBe(await ring.key('k1', 'refresh-token-mac', NOW + 299));
  });
});

describe('the key that mints', () => {
  it('is the newest whose time has come', async () => {
    holds({ k1: K1, k2: K2, k10: K1, not_before: { k2: NOW - 1, k10: NOW + 10 } });
    expect(await ring.currentId(NOW)).toBe('k2');
    expect(await ring.currentId(NOW + 9)).toBe('k2');
    expect(await ring.currentId(NOW + 10)).toBe('k10');
  });

  it('is the only key of a ring just generated', async () => {
    holds({ k1: K1 });
    expect(await ring.currentId(NOW)).toBe('k1');
  });

  it('is none while all wait, which only the operator can mend', async () => {
    holds({ k1: K1, not_before: { k1: NOW + 1 } });
    await expect(ring.currentId(NOW)).rejects.toThrow(ConfigurationError);
  });
});

describe('the cache', () => {
  it('asks once in 5 minutes, once for all who wait', async () => {
    holds({ k1: K1 });
    await Promise.all(Array.from({ length: 50 }, () => ring.key('k1', 'refresh-token-mac', NOW)));
    await ring.currentId(NOW + 299);
    expect(calls()).toBe(1);
    holds({ k1: K1, k2: K2 });
    expect(await ring.currentId(NOW + 300)).toBe('k2');
    expect(calls()).toBe(2);
  });

  it('asks again for an unknown id before refusing it, at most once in 30 s', async () => {
    holds({ k1: K1 });
    await ring.currentId(NOW);
    for (let index = 2; index < 100; index++) expect(await ring.key(`k${index}`, 'refresh-token-mac', NOW + 1)).toBeUndefined();
    expect(calls()).toBe(2);
    holds({ k1: K1, k2: K2 });
    expect(await ring.key('k2', 'refresh-token-mac', NOW + 30)).toBeUndefined();
    expect(await ring.key('k2', 'refresh-token-mac', NOW + 31)).toBeDefined();
    expect(calls()).toBe(3);
  });

  it.each(['', 'k', 'k0', 'k01', 'K1', 'k1 ', '__proto__', 'constructor', 'not_before', 'k1234567890'])(
    'asks nobody for the id %j, which no ring holds',
    async (id) => {
      holds({ k1: K1 });
      expect(await ring.key(id, 'refresh-token-mac', NOW)).toBeUndefined();
      expect(calls()).toBe(0);
    },
  );
});

describe('while Secrets Manager is out', () => {
  it('a ring that was there once goes on working', async () => {
    holds({ k1: K1 });
    await ring.currentId(NOW);
    down();
    for (const later of [300, 301, 3000]) expect(await ring.key('k1', 'refresh-token-mac', NOW + later)).toBeDefined();
    expect(calls()).toBe(3);
  });

  it('an id that the ring does not know cannot be refused: somebody may just have added it', async () => {
    holds({ k1: K1 });
    await ring.currentId(NOW);
    down('ThrottlingException');
    const failure = { dependency: 'secretsmanager:GetSecretValue', throttled: true };
    for (const later of [1, 2]) await expect(ring.key('k2', 'refresh-token-mac', NOW + later)).rejects.toMatchObject(failure);
    expect(calls()).toBe(2);
  });

  it('a new environment cannot start, tries again with the next call, and then works', async () => {
    for (const name of [
      'InternalServiceError',
      'DecryptionFailure',
      'ResourceNotFoundException',
      'AccessDeniedException',
      'TimeoutError',
    ]) {
      down(name);
      await expect(ring.currentId(NOW)).rejects.toThrow(Outage);
    }
    holds({ k1: K1 });
    expect(await ring.currentId(NOW)).toBe('k1');
  });

  it('nobody waits for an answer that never comes while there is a ring to go on with', async () => {
    holds({ k1: K1 });
    await ring.currentId(NOW);
    manager.on(GetSecretValueCommand).callsFake(() => new Promise(() => undefined));
    expect(await ring.currentId(NOW + 300)).toBe('k1');
  });
});

describe('a ring that cannot be right names its variable, never a value, and is asked for again', () => {
  it.each<[string, string]>([
    ['no JSON', K1],
    ['no object', JSON.stringify([K1])],
    ['null', 'null'],
    ['no key', '{}'],
    ['no key by its name', JSON.stringify({ key1: K1, k0: K1 })],
    ['a key of 31 bytes', JSON.stringify({ k1: K1, k2: 'a'.repeat(31) })],
    ['a key that is no string', JSON.stringify({ k1: 12_345_678 })],
    ['times that are no object', JSON.stringify({ k1: K1, not_before: NOW })],
    ['a time that is no number', JSON.stringify({ k1: K1, not_before: { k1: '2027-01-01' } })],
  ])('%s', async (_, value) => {
    holds(value);
    const failure: unknown = await ring.currentId(NOW).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigurationError);
    expect(failure).toMatchObject({ variable: 'RING_SECRET_ARN' });
    expect(String(failure)).not.toMatch(/aaaa|12345678/);
    holds({ k1: K1 });
    expect(await ring.currentId(NOW)).toBe('k1');
  });

  it('a binary secret', async () => {
    manager.on(GetSecretValueCommand).resolves({ SecretBinary: new Uint8Array(64) });
    await expect(ring.currentId(NOW)).rejects.toThrow(ConfigurationError);
  });

  it('also where a good one was there before: nobody goes on with a ring that was replaced', async () => {
    holds({ k1: K1 });
    await ring.currentId(NOW);
    holds('{}');
    await expect(ring.currentId(NOW + 300)).rejects.toThrow(ConfigurationError);
  });

  it('32 bytes are enough, counted as UTF-8, and unknown members do no harm', async () => {
    holds({ k1: 'ä'.repeat(16), note: 'rotated in spring' });
    expect(await ring.currentId(NOW)).toBe('k1');
  });
});
