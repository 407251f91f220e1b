import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { KeyRecord } from '../../src/endpoints/stores.ts';
import { Outage } from '../../src/outage.ts';
import { createKeyRotation, type KeyRotation, type RotationAnswer } from '../../src/signing/key-rotation.ts';
import { KEPT_AFTER_SECONDS, PUBLISHED_AHEAD_SECONDS } from '../../src/signing/key-times.ts';
import { answerRotation } from '../../src/signing/rotation-command.ts';
import type { Algorithm } from '../../src/tokens/algorithms.ts';
import { createRingInMemory, type RingInMemory } from './key-life-in-memory.ts';

const START = 1_800_000_000;
const HOUR = 3600;
const DAY = 24 * HOUR;

let now: number;
let ring: RingInMemory;
let rotation: KeyRotation;
type Choice = (record: KeyRecord) => boolean;
const rotationFor = (algorithms: readonly Algorithm[], isCurrent: Choice = () => true, isUsable: Choice = () => true): KeyRotation =>
  createKeyRotation({
    store: ring.store,
    maker: ring.maker,
    settings: { algorithms, periodSeconds: 90 * DAY, templateArns: new Set(['template-ES256']), isUsable, isCurrent },
    recordTemplateKeys: () => Promise.resolve(),
    clock: () => now,
  });
const add = (kid: string, members: Partial<KeyRecord> = {}): void => {
  ring.records.set(kid, { kid, alg: 'ES256', arn: kid, jwk: {}, created_at: now, active_from: now, ...members });
};
const keys = (answer: RotationAnswer): Record<string, string> => {
  if (!answer.ok) throw new Error(answer.failure.reason);
  return Object.fromEntries(answer.value.keys.map(({ kid, state, signs }) => [kid, signs ? `${state}, signs` : state]));
};
const reasonOf = (answer: RotationAnswer): unknown => (answer.ok ? undefined : answer.failure);
const eventTypes = (): string[] => ring.events.map(({ event_type, reason }) => `${event_type} ${reason}`);

beforeEach(async () => {
  now = START;
  ring = createRingInMemory();
  rotation = rotationFor(['ES256']);
  add('template-ES256');
  await rotation.run();
});

describe('the scheduled run', () => {
  it('puts a standby beside the first key, and then has nothing to do', async () => {
    expect(ring.records.get('ES256-1')).toMatchObject({ created_at: START, active_from: START + 90 * DAY });
    for (let hour = 0; hour < 3; hour++, now += HOUR) await rotation.run();
    expect([...ring.records.keys()]).toEqual(['template-ES256', 'ES256-1']);
  });

  it('follows a key through its life: pending, active, retiring, retired, by time alone', async () => {
    const seen: string[] = [];
    const removal = START + 90 * DAY + KEPT_AFTER_SECONDS;
    const times = [START + 90 * DAY - 5 * HOUR, START + 90 * DAY - 4 * HOUR, START + 90 * DAY - 1, START + 90 * DAY, removal - 1, removal];
    for (now of times) {
      await rotation.run();
      seen.push(Object.values(keys(await rotation.list())).join(' | '));
    }
    expect(seen).toEqual([
      'pending | active, signs',
      // The next standby comes before the first one takes over, so that there is one at any time.
      'pending | pending | active, signs',
      'pending | pending | active, signs',
      'pending | active, signs | retiring',
      'pending | active, signs | retiring',
      'pending | active, signs | retired',
    ]);
    // The key of the template belongs to CloudFormation.
    expect(ring.kmsKeys.get('template-ES256')).toBeUndefined();
  });

  it('gives up the private keys of what it has made itself, once nobody needs them', async () => {
    now = START + 90 * DAY;
    await rotation.run();
    now = START + 180 * DAY;
    await rotation.run();
    now += KEPT_AFTER_SECONDS - 1;
    await rotation.run();
    expect(ring.kmsKeys.get('ES256-1')).toMatchObject({ deleted: false });
    now += 1;
    await rotation.run();
    expect(ring.kmsKeys.get('ES256-1')).toMatchObject({ deleted: true });
    expect(ring.records.get('ES256-1')).toMatchObject({ discarded_at: now });
  });

  it('that comes late keeps what is needed for longer, never for less', async () => {
    now = START + 200 * DAY;
    expect(keys(await rotation.list())).toEqual({ 'ES256-1': 'active, signs', 'template-ES256': 'active' });
    await rotation.run();
    expect(ring.records.get('template-ES256')).toMatchObject({ retires_at: START + 90 * DAY });
  });

  it.each(['from', 'to'])(
    'keeps a key that signed until the mode was changed %s its own, although its successor is active for long',
    async (way) => {
      rotation = rotationFor(['ES256'], ({ wrapped }) => (wrapped !== undefined) === (way === 'from'));
      const wrapped = { ciphertext: 'c', wrapping_key: 'w', issuer: 'i' };
      ring.records.delete('ES256-1');
      add('wrapped', { wrapped, active_from: now + DAY });
      now += 30 * DAY;
      await rotation.run();
      expect(ring.records.get('template-ES256')).toMatchObject({ retires_at: START + DAY, removed_at: now + PUBLISHED_AHEAD_SECONDS });
      // The last token of the longest life.
      now += HOUR;
      expect(keys(await rotation.run())).toMatchObject({ 'template-ES256': 'retiring' });
      now += PUBLISHED_AHEAD_SECONDS - HOUR;
      expect(keys(await rotation.run())).toMatchObject({ 'template-ES256': 'retired' });
    },
  );

  it('keeps one that can sign no more in the same way', async () => {
    add('other-mode', { active_from: now + DAY });
    rotation = rotationFor(
      ['ES256'],
      () => true,
      ({ kid }) => kid !== 'other-mode',
    );
    now += 30 * DAY;
    await rotation.run();
    expect(ring.records.get('other-mode')).toMatchObject({ retires_at: START, removed_at: now + PUBLISHED_AHEAD_SECONDS });
  });

  it('rotates every algorithm, with a day of its own for each, and at most 10 keys at any time', async () => {
    ring = createRingInMemory();
    const all: readonly Algorithm[] = ['RS256', 'PS256', 'ES256', 'EdDSA'];
    for (const alg of all) add(`template-${alg}`, { alg });
    rotation = rotationFor(all);
    let most = 0;
    for (now = START; now < START + 200 * DAY; now += HOUR) {
      const answer = await rotation.run();
      if (!answer.ok) throw new Error(answer.failure.reason);
      expect(answer.value.withoutStandby, `hour ${(now - START) / HOUR}`).toEqual([]);
      most = Math.max(most, answer.value.keys.filter(({ state }) => !['retired', 'revoked'].includes(state)).length);
    }
    expect(most).toBe(9);
  });

  it('leaves a change to whoever is making one, and takes over from whoever has died', async () => {
    await ring.store.beginRun('other', now, now + 90);
    expect(reasonOf(await rotation.run())).toEqual({ reason: 'run_under_way' });
    now += 90;
    expect(reasonOf(await rotation.run())).toBeUndefined();
  });

  it('ends the standbys of another kind of signing when the first key of the new kind has taken over', async () => {
    rotation = rotationFor(['ES256'], ({ wrapped }) => wrapped !== undefined);
    const wrapped = { ciphertext: 'c', wrapping_key: 'w', issuer: 'i' };
    add('wrapped', { wrapped, active_from: now + PUBLISHED_AHEAD_SECONDS });
    await rotation.run();
    expect(keys(await rotation.list())).toMatchObject({ 'ES256-1': 'pending', 'template-ES256': 'active, signs' });
    now += PUBLISHED_AHEAD_SECONDS;
    await rotation.run();
    expect(keys(await rotation.list())).toMatchObject({ 'ES256-1': 'retiring', 'template-ES256': 'retiring', wrapped: 'active, signs' });
  });
});

describe('by hand', () => {
  it('the standby signs at once where every verifier knows it, and has a standby of its own', async () => {
    now += PUBLISHED_AHEAD_SECONDS;
    const after = keys(await rotation.rotate('ES256'));
    expect(after).toEqual({ 'ES256-2': 'pending', 'ES256-1': 'active, signs', 'template-ES256': 'retiring' });
    expect(eventTypes().slice(-3)).toEqual([
      'signing_key_activated operator ES256-1',
      'signing_key_retired operator template-ES256',
      'signing_key_created operator ES256-2',
    ]);
  });

  it('one that is too young signs as soon as it may; asked again, nothing more happens', async () => {
    for (let time = 0; time < 3; time++, now += 60) await rotation.rotate('ES256');
    expect(ring.records.get('ES256-1')).toMatchObject({ active_from: START + PUBLISHED_AHEAD_SECONDS });
    expect(ring.records.size).toBe(3);
  });

  it('said again after it was done, it does not rotate once more', async () => {
    now += PUBLISHED_AHEAD_SECONDS;
    await rotation.rotate('ES256');
    now += 60;
    expect(keys(await rotation.rotate('ES256'))).toEqual({
      'ES256-2': 'pending',
      'ES256-1': 'active, signs',
      'template-ES256': 'retiring',
    });
    expect(ring.records.get('ES256-2')?.active_from).toBeGreaterThan(now + 80 * DAY);
    now += PUBLISHED_AHEAD_SECONDS;
    expect(keys(await rotation.rotate('ES256'))).toMatchObject({ 'ES256-2': 'active, signs', 'ES256-1': 'retiring' });
  });

  it('is refused where the JWKS has no room for one more key, and says until when', async () => {
    for (let index = 0; index < 5; index++)
      add(`old-${index}`, { active_from: now - 9, retires_at: now - index, removed_at: now + 9000 - index });
    now += PUBLISHED_AHEAD_SECONDS;
    expect(reasonOf(await rotation.rotate('ES256'))).toEqual({ reason: 'no_room', at: START + 9000 - 4 + 300 });
    expect(ring.records.get('ES256-1')).toMatchObject({ active_from: START + 90 * DAY });
  });

  it('a key that waits is taken back, and replaced', async () => {
    const after = keys(await rotation.retire('ES256-1'));
    expect(after).toEqual({ 'ES256-1': 'retiring', 'ES256-2': 'pending', 'template-ES256': 'active, signs' });
  });

  it('retiring the key that signs rotates it out', async () => {
    now += PUBLISHED_AHEAD_SECONDS;
    expect(keys(await rotation.retire('template-ES256'))).toMatchObject({ 'ES256-1': 'active, signs', 'template-ES256': 'retiring' });
  });

  it('what is not there, gone or of no use is refused', async () => {
    expect(reasonOf(await rotation.rotate('RS256'))).toEqual({ reason: 'algorithm_unknown' });
    expect(reasonOf(await rotation.retire('nobody'))).toEqual({ reason: 'key_unknown' });
    expect(reasonOf(await rotation.revoke('nobody', { force: true }))).toEqual({ reason: 'key_unknown' });
    await rotation.revoke('ES256-1', { force: true });
    expect(reasonOf(await rotation.retire('ES256-1'))).toEqual({ reason: 'key_gone' });
  });
});

describe('an emergency', () => {
  beforeEach(() => {
    now += PUBLISHED_AHEAD_SECONDS;
  });

  it('ends the trust in a key, lets the published standby sign and makes the next one', async () => {
    const after = keys(await rotation.revoke('template-ES256', { force: false }));
    expect(after).toEqual({ 'ES256-2': 'pending', 'ES256-1': 'active, signs', 'template-ES256': 'revoked' });
    expect(ring.records.get('template-ES256')).toMatchObject({ distrusted_at: now });
    expect(eventTypes()).toContain('signing_key_revoked operator template-ES256');
  });

  it('waits for nobody: the one write that matters comes before any run under way', async () => {
    await ring.store.beginRun('other', now, now + 90);
    expect(keys(await rotation.revoke('template-ES256', { force: false }))).toEqual({
      'ES256-1': 'pending, signs',
      'template-ES256': 'revoked',
    });
    now += 90;
    await rotation.run();
    expect(keys(await rotation.list())).toMatchObject({ 'ES256-1': 'active, signs', 'ES256-2': 'pending' });
  });

  describe('in which AWS fails after the write that matters', () => {
    const failing = (members: { store?: Partial<RingInMemory['store']>; maker?: Partial<RingInMemory['maker']> }): void => {
      ring = { ...ring, store: { ...ring.store, ...members.store }, maker: { ...ring.maker, ...members.maker } };
      rotation = rotationFor(['ES256']);
    };
    const out = (dependency: string) => () => Promise.reject(new Outage(dependency));

    it('says that the key is revoked and the standby missing, and makes that at the next run', async () => {
      const { make } = ring.maker;
      failing({ maker: { make: out('kms:CreateKey') } });
      const output = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
      const report = await answerRotation({ command: 'revoke', kid: 'template-ES256' }, rotation);
      const lines = output.mock.calls.map(([line]) => JSON.parse(String(line)) as unknown);
      output.mockRestore();
      expect(report).toMatchObject({ ok: true, unfinished: true, without_standby: ['ES256'] });
      expect(lines).toEqual([expect.objectContaining({ level: 'ERROR', dependency: 'kms:CreateKey' })]);
      failing({ maker: { make } });
      const next = await rotation.run();
      expect(keys(next)).toEqual({ 'ES256-2': 'pending', 'ES256-1': 'active, signs', 'template-ES256': 'revoked' });
      expect(next).not.toHaveProperty('value.unfinished');
    });

    it('says so from what it knows where the store is out', async () => {
      let reads = 0;
      const { readAll } = ring.store;
      failing({ store: { beginRun: out('dynamodb:UpdateItem'), readAll: () => (reads++ === 0 ? readAll() : out('dynamodb:Query')()) } });
      const output = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
      const answer = await rotation.revoke('template-ES256', { force: false });
      output.mockRestore();
      expect(keys(answer)).toEqual({ 'ES256-1': 'pending, signs', 'template-ES256': 'revoked' });
      expect(ring.records.get('template-ES256')).toMatchObject({ distrusted_at: now });
    });

    it('and says that it could not do it where the write itself fails', async () => {
      failing({ store: { distrust: out('dynamodb:UpdateItem') } });
      await expect(rotation.revoke('template-ES256', { force: false })).rejects.toThrow('dynamodb:UpdateItem failed');
      expect(ring.records.get('template-ES256')).not.toHaveProperty('distrusted_at');
    });
  });

  it('with a standby that is too young is refused and says from when, unless it is forced', async () => {
    await rotation.revoke('template-ES256', { force: false });
    expect(reasonOf(await rotation.revoke('ES256-1', { force: false }))).toEqual({
      reason: 'standby_not_ready',
      at: now + PUBLISHED_AHEAD_SECONDS,
    });
    expect(ring.records.get('ES256-1')).not.toHaveProperty('distrusted_at');
    expect(keys(await rotation.revoke('ES256-1', { force: true }))).toMatchObject({ 'ES256-2': 'active, signs', 'ES256-3': 'pending' });
  });

  it('without any other key is refused, and forced makes one that signs at once', async () => {
    ring.records.delete('ES256-1');
    expect(reasonOf(await rotation.revoke('template-ES256', { force: false }))).toEqual({ reason: 'standby_not_ready', at: undefined });
    expect(keys(await rotation.revoke('template-ES256', { force: true }))).toMatchObject({ 'ES256-2': 'active, signs' });
  });

  it('a key that only verifies is revoked without ado, and a repeat is no error and no second event', async () => {
    await rotation.rotate('ES256');
    for (let time = 0; time < 2; time++)
      expect(keys(await rotation.revoke('template-ES256', { force: false }))['template-ES256']).toBe('revoked');
    expect(eventTypes().filter((type) => type.startsWith('signing_key_revoked'))).toHaveLength(1);
  });

  it('leaves ten keys in the JWKS however often it comes', async () => {
    for (let time = 0; time < 30; time++) {
      const signing = Object.entries(keys(await rotation.list())).find(([, state]) => state.endsWith('signs'))?.[0] ?? '';
      const published = Object.values(keys(await rotation.revoke(signing, { force: true }))).filter((state) => state !== 'revoked');
      expect(published.length).toBeLessThanOrEqual(3);
    }
  });
});

describe('as the function is called', () => {
  it('by the schedule, and by hand, with times in words', async () => {
    expect(await answerRotation({ schedule: 'rotate-keys' }, rotation)).toMatchObject({ ok: true, without_standby: [] });
    const listed = await answerRotation({ command: 'list' }, rotation);
    expect(listed).toMatchObject({
      ok: true,
      keys: [{ kid: 'ES256-1', state: 'pending', signs_from: '2027-04-15T08:00:00Z' }, { signs: true }],
    });
    expect(await answerRotation({ command: 'rotate', algorithm: 'PS256' }, rotation)).toEqual({ ok: false, reason: 'algorithm_unknown' });
    expect(await answerRotation({ command: 'retire', kid: 'x' }, rotation)).toEqual({ ok: false, reason: 'key_unknown' });
    expect(await answerRotation({ command: 'revoke', kid: 'template-ES256' }, rotation)).toEqual({
      ok: false,
      reason: 'standby_not_ready',
      at: '2027-01-15T10:10:00Z',
    });
  });

  it.each([undefined, null, 'list', {}, { command: 'delete' }, { command: 'rotate', algorithm: 'none' }, { command: 'revoke' }])(
    'and %j is no command',
    async (event) => {
      expect(await answerRotation(event, rotation)).toEqual({ ok: false, reason: 'command_unknown' });
    },
  );
});
