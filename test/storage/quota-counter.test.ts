import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Quota } from '../../src/abuse/quota.ts';
import { createQuotaCounter } from '../../src/storage/quota-counter.ts';
import { startEngine, type Engine } from './engine.ts';
import { NOW } from './records.ts';

let engine: Engine;
let counter: ReturnType<typeof createQuotaCounter>;
beforeAll(async () => {
  engine = await startEngine();
  counter = createQuotaCounter(engine);
});
afterAll(() => engine.close());

const DAY = Math.floor(NOW / 86_400);
const quotas = (hour: number, day: number): readonly Quota[] => [
  { per: 'hour', limit: hour },
  { per: 'day', limit: day },
];
const item = (clientId: string, day = DAY) => engine.item({ PK: `QUOTA#${clientId}`, SK: `DAY#${day}` });

it('counts hour and day in one item, which goes an hour after its day', async () => {
  expect(await counter.countQuota('both', quotas(5, 9), NOW)).toEqual({ counted: true, hits: { hour: 1, day: 1 } });
  expect(await counter.countQuota('both', quotas(5, 9), NOW + 3600)).toEqual({ counted: true, hits: { hour: 1, day: 2 } });
  expect(await item('both')).toEqual({
    PK: 'QUOTA#both',
    SK: `DAY#${DAY}`,
    hits: 2,
    hits_08: 1,
    hits_09: 1,
    purge_at: (DAY + 1) * 86_400 + 3600,
  });
  expect(await counter.countQuota('both', quotas(5, 9), NOW + 86_400)).toEqual({ counted: true, hits: { hour: 1, day: 1 } });
});

it('counts nothing once one of them is used up, and says what there is', async () => {
  for (let at = 1; at <= 2; at += 1) await counter.countQuota('hour', quotas(2, 9), NOW);
  for (let at = 0; at < 3; at += 1)
    expect(await counter.countQuota('hour', quotas(2, 9), NOW)).toEqual({ counted: false, hits: { hour: 2, day: 2 } });
  expect(await counter.countQuota('hour', quotas(2, 3), NOW + 3600)).toEqual({ counted: true, hits: { hour: 1, day: 3 } });
  expect(await counter.countQuota('hour', quotas(2, 3), NOW + 3600)).toEqual({ counted: false, hits: { hour: 1, day: 3 } });
  expect(await item('hour')).toMatchObject({ hits: 3, hits_08: 2, hits_09: 1 });
});

it('lets exactly the quota through, however many race', async () => {
  const outcomes = await Promise.all(Array.from({ length: 15 }, () => counter.countQuota('racing', [{ per: 'day', limit: 7 }], NOW)));
  expect(outcomes.filter(({ counted }) => counted)).toHaveLength(7);
  expect(outcomes.filter(({ counted }) => !counted).every(({ hits }) => hits.day === 7)).toBe(true);
  expect(await item('racing')).toMatchObject({ hits: 7 });
});

it('counts beyond it where it is told to', async () => {
  const one: readonly Quota[] = [{ per: 'hour', limit: 1 }];
  for (let at = 1; at <= 3; at += 1) expect(await counter.countBeyondQuota('overdrawn', one, NOW)).toEqual({ hour: at, day: 0 });
  expect(await counter.countQuota('overdrawn', one, NOW)).toEqual({ counted: false, hits: { hour: 3, day: 0 } });
  expect(await item('overdrawn')).not.toHaveProperty('hits');
});
