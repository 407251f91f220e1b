import { describe, expect, it } from 'vitest';
import { readTime, rfc3339 } from '../../src/clients/time.ts';

describe('RFC 3339 times', () => {
  it.each<[string, number]>([
    ['2027-01-15T08:00:00Z', 1_800_000_000],
    ['2027-01-15T09:00:00.999+01:00', 1_800_000_000],
  ])('%s is %d', (text, seconds) => expect(readTime(text)).toEqual({ ok: true, value: seconds }));

  it.each([1_800_000_000, '2027-01-15', '2027-02-30T00:00:00Z', '2027-01-15T08:00:00', '2027-13-01T00:00:00Z', null])(
    '%j is none',
    (value) => expect(readTime(value).ok).toBe(false),
  );

  it('are written in UTC without fractions', () => expect(rfc3339(1_800_000_000)).toBe('2027-01-15T08:00:00Z'));
});
