import { expect, it } from 'vitest';
import { createReportedUses } from '../../src/clients/secret-use.ts';

const NOW = 1_800_000_000;

it('a use of a secret is due once in 5 minutes, each secret for itself', () => {
  const uses = createReportedUses();
  expect([uses.isDue('c', 's_1', NOW), uses.isDue('c', 's_1', NOW + 299), uses.isDue('c', 's_1', NOW + 300)]).toEqual([true, false, true]);
  expect([uses.isDue('c', 's_2', NOW), uses.isDue('d', 's_1', NOW)]).toEqual([true, true]);
});

it('memory is bounded: beyond ten thousand secrets it forgets, which only makes a use due again', () => {
  const uses = createReportedUses();
  for (let count = 0; count < 10_000; count += 1) uses.isDue('c', `s_${count}`, NOW);
  expect(uses.isDue('c', 's_0', NOW)).toBe(false);
  expect(uses.isDue('c', 'one more', NOW)).toBe(true);
  expect(uses.isDue('c', 's_0', NOW)).toBe(true);
});
