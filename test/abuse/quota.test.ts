import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allowanceHeaders } from '../../src/abuse/allowance.ts';
import { quotaAllowances, quotaResetSeconds, quotaWindow, usedUpQuota, type Quota } from '../../src/abuse/quota.ts';

const HOUR = { per: 'hour', limit: 10 } as const;
const DAY = { per: 'day', limit: 100 } as const;
/** 2027-01-15T08:00:00Z */
const EIGHT = 1_800_000_000;

describe('the windows', () => {
  it('are hours and days of UTC', () => {
    expect(quotaWindow('hour', EIGHT)).toBe(500_000);
    expect(quotaWindow('hour', EIGHT - 1)).toBe(499_999);
    expect(quotaWindow('day', EIGHT)).toBe(quotaWindow('day', EIGHT - 8 * 3600));
    expect(quotaWindow('day', EIGHT)).toBe(quotaWindow('day', EIGHT - 8 * 3600 - 1) + 1);
  });

  it('end when they say', () => {
    expect(quotaResetSeconds('hour', EIGHT)).toBe(3600);
    expect(quotaResetSeconds('hour', EIGHT + 3599)).toBe(1);
    expect(quotaResetSeconds('day', EIGHT)).toBe(16 * 3600);
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 33 }), fc.constantFrom('hour', 'day'), (now, per) => {
        expect(quotaWindow(per, now + quotaResetSeconds(per, now))).toBe(quotaWindow(per, now) + 1);
        expect(quotaWindow(per, now + quotaResetSeconds(per, now) - 1)).toBe(quotaWindow(per, now));
      }),
    );
  });
});

describe('which quota is used up', () => {
  it.each<[string, readonly Quota[], number, number, Quota | undefined]>([
    ['none', [HOUR, DAY], 9, 99, undefined],
    ['the hour', [HOUR, DAY], 10, 99, HOUR],
    ['the day', [HOUR, DAY], 9, 100, DAY],
    ['both: the one that lasts longer', [HOUR, DAY], 10, 100, DAY],
    ['both, in the other order', [DAY, HOUR], 10, 100, DAY],
    ['one that was lowered below what is counted', [HOUR], 4711, 0, HOUR],
    ['not one that the client has not', [DAY], 4711, 0, undefined],
  ])('%s', (_, quotas, hour, day, expected) => {
    expect(usedUpQuota(quotas, { hour, day })).toBe(expected);
  });
});

describe('what a caller is told', () => {
  const rate = { policy: 'token', quota: 80, windowSeconds: 60, remaining: 79, resetSeconds: 42 };

  it('is every policy, and what is left of the tightest', () => {
    expect(allowanceHeaders([rate, ...quotaAllowances([HOUR, DAY], { hour: 3, day: 98 }, EIGHT)])).toEqual({
      'ratelimit-policy': '"token";q=80;w=60, "hour";q=10;w=3600, "day";q=100;w=86400',
      ratelimit: '"day";r=2;t=57600',
    });
  });

  it('is of two that are as tight the one that lasts longer', () => {
    expect(allowanceHeaders(quotaAllowances([HOUR, DAY], { hour: 12, day: 100 }, EIGHT))['ratelimit']).toBe('"day";r=0;t=57600');
    expect(allowanceHeaders([{ ...rate, remaining: 0 }, ...quotaAllowances([HOUR], { hour: 12, day: 0 }, EIGHT)])['ratelimit']).toBe(
      '"hour";r=0;t=3600',
    );
  });

  it('is nothing where nothing is limited', () => {
    expect(allowanceHeaders([])).toEqual({});
  });
});
