import { describe, expect, it } from 'vitest';
import { readRotationTerms } from '../../src/clients/rotation-terms.ts';

describe('terms of exchange', () => {
  it.each([
    [{ every_days: 90 }, { every_days: 90, unused_hours: 72, overlap_days: 30, claim_hours: 0 }],
    [{ every_days: 7 }, { every_days: 7, unused_hours: 72, overlap_days: 7, claim_hours: 0 }],
    [{ every_days: 1 }, { every_days: 1, unused_hours: 24, overlap_days: 1, claim_hours: 0 }],
    [
      { every_days: 90, overlap_days: 2 },
      { every_days: 90, unused_hours: 48, overlap_days: 2, claim_hours: 0 },
    ],
    [
      { every_days: 90, unused_hours: 200, overlap_days: null, claim_hours: 4 },
      { every_days: 90, unused_hours: 200, overlap_days: 30, claim_hours: 4 },
    ],
  ])('%j are %j', (given, value) => {
    expect(readRotationTerms(given)).toEqual({ ok: true, value });
  });

  it.each<[unknown, RegExp]>([
    [90, /must be an object/],
    [[], /must be an object/],
    [{}, /every_days a whole number from 1 to 400/],
    [{ every_days: 0 }, /every_days/],
    [{ every_days: 401 }, /every_days/],
    [{ every_days: 1.5 }, /every_days/],
    [{ every_days: '90' }, /every_days/],
    [{ every_days: 90, unused_hours: 0 }, /unused_hours a whole number from 1/],
    [{ every_days: 90, claim_hours: -1 }, /claim_hours a whole number from 0/],
    [{ every_days: 10, overlap_days: 11 }, /overlap_days beyond every_days/],
    [{ every_days: 10, overlap_days: 2, unused_hours: 49 }, /unused_hours beyond overlap_days/],
    [{ every_days: 10, every_hours: 1 }, /no members but every_days, unused_hours, overlap_days, claim_hours/],
    [JSON.parse('{"every_days":10,"__proto__":1}'), /no members but/],
  ])('%j are refused', (given, problem) => {
    expect(readRotationTerms(given)).toEqual({ ok: false, failure: expect.stringMatching(problem) as string });
  });
});
