import { describe, expect, it } from 'vitest';
import { warningDue } from '../../src/clients/expiry-warnings.ts';

const DAY = 24 * 3600;
const END = 100 * DAY;
const before = (days: number, more = 0): number => END - days * DAY + more;

describe('a credential that was known from the beginning to end', () => {
  it.each([
    [before(31), undefined],
    [before(30, -1), undefined],
    [before(30), 30],
    [before(7, -1), 30],
    [before(7), 7],
    [before(1, -1), 7],
    [before(1), 1],
    [END - 1, 1],
    [END, undefined],
    [END + DAY, undefined],
  ])('at %i: %s', (now, days) => {
    expect(warningDue(END, 0, now)).toBe(days);
  });
});

it('one that lives for less is not said to be further from its end than it ever was', () => {
  expect(warningDue(END, before(10), before(9))).toBeUndefined();
  expect(warningDue(END, before(10), before(7))).toBe(7);
  expect(warningDue(END, before(7), before(7))).toBe(7);
  expect(warningDue(END, before(0, -3600), before(0, -60))).toBeUndefined();
});
