import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { KeyRecord, TokenSigner } from '../../src/endpoints/stores.ts';
import { createDelegatedKeyMaker } from '../../src/signing/delegated-key-maker.ts';
import { createDelegatedSigner } from '../../src/signing/delegated-signer.ts';
import { firstKeyPairSource } from '../../src/signing/first-key-pair.ts';
import { createKeyRing } from '../../src/signing/key-ring.ts';
import { PUBLISHED_AHEAD_SECONDS } from '../../src/signing/key-times.ts';
import { canUnwrap, createPrivateKeys, type PrivateKeys } from '../../src/signing/private-keys.ts';
import type { Algorithm } from '../../src/tokens/algorithms.ts';
import { importVerificationKey } from '../../src/tokens/jwk.ts';
import { verifySignature } from '../../src/tokens/jws.ts';
import { captureLog, type CapturedLog } from '../telemetry/captured-log.ts';
import { createRecordsInMemory, type RecordsInMemory } from './records-in-memory.ts';
import { createWrappingDouble, WRAPPING_KEY_ARN, type WrappingDouble } from './wrapping-double.ts';

const NOW = 1_800_000_000;
const MINUTE = 60;
const ISSUER = 'https://issuer.example';
const INPUT = Buffer.from('header.payload');

let double: WrappingDouble;
let log: CapturedLog;
beforeEach(() => {
  double = createWrappingDouble();
  log = captureLog();
});
afterEach(() => {
  vi.useRealTimers();
  log.release();
});

const wrappingKey = () => ({ kms: double.kms, wrappingKeyArn: WRAPPING_KEY_ARN, issuer: ISSUER });
const recordOf = async (members: Partial<KeyRecord> = {}): Promise<KeyRecord> => ({
  ...(await createDelegatedKeyMaker({ ...wrappingKey(), random: randomBytes }).make(members.alg ?? 'ES256', NOW, [])),
  created_at: NOW,
  active_from: NOW,
  ...members,
});
/** A key that KMS itself signs with. */
const kmsRecord = (kid: string, members: Partial<KeyRecord> = {}): KeyRecord => ({
  kid, alg: 'ES256', arn: 'arn:aws:kms:eu-central-1:111122223333:key/k', jwk: {}, created_at: NOW, active_from: NOW, ...members,
}); // prettier-ignore

type Environment = { readonly signer: TokenSigner; readonly keys: PrivateKeys };
const kmsSigner: TokenSigner = {
  prepare: () => undefined,
  key: () => Promise.reject(new Error('the ring says which key signs')),
  sign: (kid) => Promise.resolve(Buffer.from(`by KMS with ${kid}`)),
};
/** One execution environment. */
function environment(
  records: RecordsInMemory,
  { algorithms = ['ES256'], former = false }: { algorithms?: readonly Algorithm[]; former?: boolean } = {},
): Environment {
  const isUsable = (record: KeyRecord): boolean => (record.wrapped === undefined ? former : canUnwrap(wrappingKey(), record));
  const source = firstKeyPairSource({ wrappingKey: wrappingKey(), algorithms, records, isUsable });
  const ring = createKeyRing({ records, source, isUsable });
  const keys = createPrivateKeys(wrappingKey());
  return { signer: createDelegatedSigner({ ring, privateKeys: keys, kmsSigner }), keys };
}
/** What is waited for by nobody is done. */
const settled = () => pause(20);

describe('the first token of a new deployment', () => {
  it('makes a key pair and signs with it at once; the published half verifies', async () => {
    const records = createRecordsInMemory();
    const { signer } = environment(records);
    const { kid, alg } = await signer.key('ES256', NOW);
    const signature = await signer.sign(kid, INPUT);
    const record = records.records.get(kid)!;
    expect(record).toMatchObject({ alg, created_at: NOW, active_from: NOW });
    const imported = importVerificationKey({ ...record.jwk, kid, alg });
    expect(imported.ok && verifySignature(imported.value, INPUT, signature)).toBe(true);
    expect([double.generates(), double.decrypts()]).toEqual([1, 1]);
  });

  it('agrees with every other environment that came at the same time, however many', async () => {
    const records = createRecordsInMemory();
    const all = Array.from({ length: 16 }, () => environment(records));
    const keys = await Promise.all(all.map(({ signer }) => signer.key('ES256', NOW)));
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(1);
    expect(records.records.size).toBe(1);
    const signatures = await Promise.all(all.map(({ signer }) => signer.sign(keys[0]!.kid, INPUT)));
    const { jwk, kid, alg } = [...records.records.values()][0]!;
    const imported = importVerificationKey({ ...jwk, kid, alg });
    expect(signatures.every((signature) => imported.ok && verifySignature(imported.value, INPUT, signature))).toBe(true);
  });

  it('leaves nothing to do for the next ones: no call of KMS for a token', async () => {
    const records = createRecordsInMemory();
    const { signer } = environment(records);
    for (let second = 0; second < 50; second += 1) await signer.sign((await signer.key('ES256', NOW + second)).kid, INPUT);
    expect([double.generates(), double.decrypts()]).toEqual([1, 1]);
  });

  it('has a key for each algorithm, and another kid after the records of before are gone', async () => {
    const records = createRecordsInMemory();
    const { signer } = environment(records, { algorithms: ['ES256', 'EdDSA'] });
    const first = await signer.key('EdDSA', NOW);
    expect([...records.records.values()].map(({ alg }) => alg).toSorted()).toEqual(['ES256', 'EdDSA']);
    const later = createRecordsInMemory();
    expect((await environment(later, { algorithms: ['EdDSA'] }).signer.key('EdDSA', NOW + 3600)).kid).not.toBe(first.kid);
  });

  it('fails while KMS is down, and that failure is not remembered', async () => {
    const { signer } = environment(createRecordsInMemory());
    double.down();
    await expect(signer.key('ES256', NOW)).rejects.toMatchObject({ dependency: 'kms:GenerateDataKeyPairWithoutPlaintext' });
    double.before(undefined);
    expect(await signer.key('ES256', NOW)).toMatchObject({ alg: 'ES256' });
  });
});

describe('one key after the other', () => {
  it('is unwrapped ahead of its time by a request that does not wait for it, and then signs without a call', async () => {
    const [old, next] = [await recordOf(), await recordOf({ active_from: NOW + 60 * MINUTE })];
    const { signer, keys } = environment(createRecordsInMemory(old, next));
    await signer.key('ES256', NOW);
    await signer.key('ES256', NOW + 49 * MINUTE);
    await settled();
    expect([double.decrypts(), keys.held(next.kid)]).toEqual([1, undefined]);

    let release: (() => void) | undefined;
    double.before(() => new Promise((resolve) => (release = resolve)));
    expect((await signer.key('ES256', NOW + 50 * MINUTE)).kid).toBe(old.kid);
    await settled();
    release?.();
    await settled();
    expect(keys.held(next.kid)).toBeDefined();

    double.down();
    expect((await signer.key('ES256', NOW + 60 * MINUTE - 1)).kid).toBe(old.kid);
    expect((await signer.key('ES256', NOW + 60 * MINUTE)).kid).toBe(next.kid);
    expect(double.decrypts()).toBe(2);
  });

  it('is unwrapped when it is needed where nobody came before, and the one that ended is forgotten', async () => {
    const old = await recordOf({ retires_at: NOW + 60 * MINUTE });
    const next = await recordOf({ active_from: NOW + 60 * MINUTE });
    const { signer, keys } = environment(createRecordsInMemory(old, next));
    await signer.key('ES256', NOW);
    expect((await signer.key('ES256', NOW + 61 * MINUTE)).kid).toBe(next.kid);
    expect(keys.held(old.kid)).toBeUndefined();
    expect(keys.held(next.kid)).toBeDefined();
  });

  it('environments agree by time alone, whatever each has in memory', async () => {
    const [old, next] = [await recordOf(), await recordOf({ active_from: NOW + 60 * MINUTE })];
    const records = createRecordsInMemory(old, next);
    const [early, late] = [environment(records), environment(records)];
    await early.signer.key('ES256', NOW);
    for (const [now, expected] of [
      [NOW + 59 * MINUTE, old],
      [NOW + 60 * MINUTE, next],
    ] as const)
      // prettier-ignore
      for (const { signer } of [early, late]) expect((await signer.key('ES256', now)).kid).toBe(expected.kid);
  });

  it('a revoked key is given up at once, and its standby signs', async () => {
    const [old, standby] = [await recordOf(), await recordOf({ active_from: NOW + 999 * MINUTE })];
    const records = createRecordsInMemory(old, standby);
    const { signer, keys } = environment(records);
    await signer.key('ES256', NOW);
    records.records.set(old.kid, { ...old, distrusted_at: NOW + 1 });
    expect((await signer.key('ES256', NOW + 10)).kid).toBe(standby.kid);
    expect(keys.held(old.kid)).toBeUndefined();
  });
});

describe('KMS is down', () => {
  it('a new environment has no key: outage, and no token', async () => {
    const { signer } = environment(createRecordsInMemory(await recordOf()));
    double.down();
    await expect(signer.key('ES256', NOW)).rejects.toMatchObject({ name: 'Outage', dependency: 'kms:Decrypt' });
  });

  it('a warm one goes on, also past the time of a successor that it cannot unwrap, as long as its key is good', async () => {
    const old = await recordOf({ retires_at: NOW + 120 * MINUTE });
    const next = await recordOf({ active_from: NOW + 60 * MINUTE });
    const { signer } = environment(createRecordsInMemory(old, next));
    await signer.key('ES256', NOW);
    double.down();
    expect((await signer.key('ES256', NOW + 55 * MINUTE)).kid).toBe(old.kid);
    await settled();
    expect((await signer.key('ES256', NOW + 60 * MINUTE)).kid).toBe(old.kid);
    expect(log.lines()).toContainEqual(expect.objectContaining({ level: 'ERROR', dependency: 'kms:Decrypt', detail: { kid: next.kid } }));
    await expect(signer.key('ES256', NOW + 120 * MINUTE)).rejects.toMatchObject({ name: 'Outage', dependency: 'kms:Decrypt' });
    double.before(undefined);
    expect((await signer.key('ES256', NOW + 120 * MINUTE)).kid).toBe(next.kid);
  });

  it('asks again only after a pause while another key signs, and no request waits for long', async () => {
    const [old, next] = [await recordOf(), await recordOf({ active_from: NOW + 60 * MINUTE })];
    const { signer } = environment(createRecordsInMemory(old, next));
    await signer.key('ES256', NOW);
    double.before(() => new Promise(() => undefined));
    const startedMs = performance.now();
    expect((await signer.key('ES256', NOW + 60 * MINUTE)).kid).toBe(old.kid);
    expect(performance.now() - startedMs).toBeLessThan(2000);

    const other = environment(createRecordsInMemory(old, next));
    double.before(undefined);
    await other.signer.key('ES256', NOW);
    double.down();
    const before = double.decrypts();
    for (let time = 0; time < 10; time += 1) await other.signer.key('ES256', NOW + 60 * MINUTE);
    expect(double.decrypts() - before).toBe(1);
    await other.signer.key('ES256', NOW + 60 * MINUTE + 5);
    expect(double.decrypts() - before).toBe(2);
  });
});

describe('from KMS signing to delegated signing', () => {
  it('the key of KMS signs on until verifiers know the new one', async () => {
    const records = createRecordsInMemory(kmsRecord('of-kms'));
    const { signer } = environment(records, { former: true });
    const { kid } = await signer.key('ES256', NOW);
    expect(kid).toBe('of-kms');
    expect(Buffer.from(await signer.sign(kid, INPUT)).toString()).toBe('by KMS with of-kms');
    const [made] = [...records.records.values()].filter(({ wrapped }) => wrapped !== undefined);
    expect(made).toMatchObject({ active_from: NOW + PUBLISHED_AHEAD_SECONDS });
    expect((await signer.key('ES256', NOW + PUBLISHED_AHEAD_SECONDS - 1)).kid).toBe('of-kms');
    expect((await signer.key('ES256', NOW + PUBLISHED_AHEAD_SECONDS)).kid).toBe(made?.kid);
  });

  it('without the former keys a new pair signs at once', async () => {
    const records = createRecordsInMemory(kmsRecord('of-kms'));
    const { kid } = await environment(records).signer.key('ES256', NOW);
    expect(records.records.get(kid)).toMatchObject({ active_from: NOW, wrapped: { issuer: ISSUER } });
  });

  it('another issuer needs other keys: what was wrapped for the old one is left alone', async () => {
    const old = await recordOf();
    const records = createRecordsInMemory({ ...old, wrapped: { ...old.wrapped!, issuer: 'https://old.example' } });
    expect((await environment(records).signer.key('ES256', NOW)).kid).not.toBe(old.kid);
  });
});
