import { expect, it } from 'vitest';
import type { Algorithm } from '../../src/tokens/algorithms.ts';
import { drill, type Outcome } from './key-rotation-drill.ts';

const SCHEDULES = 10_000;
const SETS: readonly (readonly Algorithm[])[] = [['RS256'], ['RS256', 'ES256'], ['RS256', 'PS256', 'ES256', 'EdDSA']];

it('a rotation drill: no good token refused, no bad one accepted, in ten thousand random schedules', async () => {
  const total = { tokens: 0, checks: 0, successions: 0, revocations: 0, kills: 0, mostPublished: 0 };
  const base = Math.floor(Math.random() * 2 ** 31);
  for (let index = 0; index < SCHEDULES; index++) {
    const seed = base + index;
    const outcome: Outcome = await drill(seed, SETS[index % SETS.length] ?? [], 60);
    const { refusedGood, acceptedBad, wrongAtEnd } = outcome;
    expect({ seed, refusedGood, acceptedBad, wrongAtEnd }).toEqual({ seed, refusedGood: 0, acceptedBad: 0, wrongAtEnd: [] });
    expect(outcome.mostPublished, `seed ${seed}`).toBeLessThanOrEqual(10);
    total.tokens += outcome.tokens;
    total.checks += outcome.checks;
    total.successions += outcome.successions;
    total.revocations += outcome.revocations;
    total.kills += outcome.kills;
    total.mostPublished = Math.max(total.mostPublished, outcome.mostPublished);
  }
  // The drill must not pass for want of anything happening.
  expect(total.successions).toBeGreaterThan(2 * SCHEDULES);
  expect(total.revocations).toBeGreaterThan(SCHEDULES / 4);
  expect(total.kills).toBeGreaterThan(SCHEDULES / 2);
}, 120_000);
