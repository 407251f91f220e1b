/**
 * Quotas of a client: so many tokens in an hour or a day of UTC, from all networks together. Hours lie within days, so one item a day
 * counts both, and one conditional write decides on all quotas of a client at once.
 */
import type { Allowance } from './allowance.ts';

const QUOTA_SECONDS = { hour: 3600, day: 24 * 3600 } as const;
export type QuotaPeriod = keyof typeof QUOTA_SECONDS;
export const QUOTA_PERIODS = Object.keys(QUOTA_SECONDS) as readonly QuotaPeriod[];

/** At most `limit` tokens in each hour or day. */
export type Quota = { readonly per: QuotaPeriod; readonly limit: number };

/** Tokens counted in the windows of now; 0 where nothing was. */
export type QuotaHits = Readonly<Record<QuotaPeriod, number>>;

/** Windows of this kind since the epoch. @param now epoch seconds. */
export const quotaWindow = (per: QuotaPeriod, now: number): number => Math.floor(now / QUOTA_SECONDS[per]);

/** Whole seconds until the window ends: 1 to its whole length. @param now epoch seconds. */
export const quotaResetSeconds = (per: QuotaPeriod, now: number): number => QUOTA_SECONDS[per] - (now % QUOTA_SECONDS[per]);

/** The used-up quota that lasts longest, which is the one to wait for; undefined when none is used up. */
export const usedUpQuota = (quotas: readonly Quota[], hits: QuotaHits): Quota | undefined =>
  quotas.filter(({ per, limit }) => hits[per] >= limit).toSorted((one, other) => QUOTA_SECONDS[other.per] - QUOTA_SECONDS[one.per])[0];

/** What is left of each quota. @param now epoch seconds. */
export const quotaAllowances = (quotas: readonly Quota[], hits: QuotaHits, now: number): readonly Allowance[] =>
  quotas.map(({ per, limit }) => ({
    policy: per,
    quota: limit,
    windowSeconds: QUOTA_SECONDS[per],
    remaining: Math.max(0, limit - hits[per]),
    resetSeconds: quotaResetSeconds(per, now),
  }));
