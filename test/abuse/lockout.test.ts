import { describe, expect, it } from 'vitest';
import { lockoutFrom, lockoutVariable, type LockoutSettings } from '../../src/abuse/lockout-settings.ts';
import {
  attackThreshold,
  forgottenAt,
  guessesADay,
  isRecentProof,
  isRemembered,
  nextDelaySeconds,
  ofWholeNetwork,
  standingOf,
  type FailureRecord,
} from '../../src/abuse/lockout.ts';
import { createStandingLocks } from '../../src/abuse/standing-locks.ts';
import { failurePurgeAt } from '../../src/storage/retention.ts';

const SETTINGS: LockoutSettings = { failures: 5, windowSeconds: 900, firstDelaySeconds: 30, maxDelaySeconds: 1800, atOnce: 400 };
const NOW = 1_795_225_052;
const record = (failures: number, members: Partial<FailureRecord> = {}): FailureRecord => ({
  failures,
  startedAt: NOW,
  lastAt: NOW,
  ...members,
});

describe('the standing of a network', () => {
  it.each([[undefined], [record(0)], [record(1)], [record(4)]])('is free with %o', (read) => {
    expect(standingOf(read, SETTINGS, NOW)).toEqual({ state: 'free' });
  });
  it.each([
    [5, 30],
    [6, 60],
    [7, 120],
    [10, 960],
    [11, 1800],
    [12, 1800],
    [5000, 1800],
  ])('after %i failures is locked for %i seconds, and then due', (failures, seconds) => {
    expect(standingOf(record(failures), SETTINGS, NOW)).toEqual({ state: 'locked', until: NOW + seconds });
    expect(standingOf(record(failures), SETTINGS, NOW + seconds - 1).state).toBe('locked');
    expect(standingOf(record(failures), SETTINGS, NOW + seconds)).toEqual({ state: 'due' });
    expect(nextDelaySeconds(record(failures - 1), SETTINGS)).toBe(seconds);
  });
  it('is free again once nothing is owed: a window for five failures, more for more, a day at most', () => {
    for (const [failures, owed] of [
      [5, 30 + 900],
      [10, 960 + 1800],
      [480, 1800 + 86_400],
      [100_000, 1800 + 86_400],
    ] as const) {
      expect(forgottenAt(record(failures), SETTINGS)).toBe(NOW + owed);
      expect(standingOf(record(failures), SETTINGS, NOW + owed - 1).state).not.toBe('free');
      expect(standingOf(record(failures), SETTINGS, NOW + owed).state).toBe('free');
    }
  });
  it('below the limit is forgotten a window after it began, however late the last failure was', () => {
    const read = record(4, { startedAt: NOW - 899 });
    expect(isRemembered(read, SETTINGS, NOW)).toBe(true);
    expect(isRemembered(read, SETTINGS, NOW + 1)).toBe(false);
  });
  it('as a whole needs four times as many', () => {
    expect(standingOf(record(19), ofWholeNetwork(SETTINGS), NOW).state).toBe('free');
    expect(standingOf(record(20), ofWholeNetwork(SETTINGS), NOW).state).toBe('locked');
  });
  it('is kept by the table for as long as any of it matters', () => {
    const longest = { ...SETTINGS, windowSeconds: 86_400, maxDelaySeconds: 86_400 };
    expect(failurePurgeAt(NOW)).toBeGreaterThan(forgottenAt(record(100_000), longest));
    expect(isRecentProof(NOW, failurePurgeAt(NOW))).toBe(false);
  });
});

it('a proof counts for two days', () => {
  expect([undefined, NOW - 172_800, NOW - 172_799, NOW].map((at) => isRecentProof(at, NOW))).toEqual([false, false, true, true]);
});
it('ten times as many failures of one client are an attack', () => {
  expect(attackThreshold(SETTINGS)).toBe(50);
});

describe('the bound of guesses a day', () => {
  /** Guesses that one network gets answered in any 24 hours, when it makes each of them at the first second at which it may. */
  const mostInADay = (settings: LockoutSettings, patience: (failures: number) => boolean, burst: number): number => {
    const guesses: number[] = [];
    let read: FailureRecord | undefined;
    for (let now = 0; now < 3 * 86_400;) {
      const standing = standingOf(read, settings, now);
      // Either it goes on as soon as it may, or it waits until everything is forgotten.
      if (standing.state === 'locked') {
        now = patience(read!.failures) ? standing.until : forgottenAt(read!, settings);
        continue;
      }
      if (standing.state === 'due' && !patience(read!.failures)) {
        now = forgottenAt(read!, settings);
        continue;
      }
      const goesOn = isRemembered(read, settings, now);
      const count = standing.state === 'free' && !goesOn ? burst : 1;
      for (let guess = 0; guess < count; guess += 1) guesses.push(now);
      read = goesOn ? { ...read!, failures: read!.failures + count, lastAt: now } : { failures: count, startedAt: now, lastAt: now };
    }
    let [most, first] = [0, 0];
    for (const [last, time] of guesses.entries()) {
      while (guesses[first]! <= time - 86_400) first += 1;
      most = Math.max(most, last - first + 1);
    }
    return most;
  };

  it.each([1, 2, 4, 5, 10, 80, 400])('holds against every way of waiting, with %i guesses at once', (burst) => {
    for (const settings of [
      SETTINGS,
      { ...SETTINGS, failures: 3, windowSeconds: 60 },
      { ...SETTINGS, firstDelaySeconds: 60, maxDelaySeconds: 60 },
    ])
      for (const most of [0, 5, 6, 7, 8, 10, 12, 20, 50, Number.POSITIVE_INFINITY])
        expect(mostInADay(settings, (failures) => failures < most, burst)).toBeLessThanOrEqual(guessesADay({ ...settings, atOnce: 400 }));
  });
  it('is 1,294 by default: five in each quarter of an hour, and what comes at once', () => {
    expect(guessesADay(SETTINGS)).toBe(480 + 2 * (400 + 7));
  });
  it('is not so much more than can happen', () => {
    expect(mostInADay(SETTINGS, () => false, 400)).toBeGreaterThan(guessesADay(SETTINGS) / 2);
    expect(mostInADay(SETTINGS, (failures) => failures < 7, 1)).toBeGreaterThan(400);
  });
});

describe('LOCKOUT', () => {
  const parse = (LOCKOUT: string | undefined) => lockoutFrom({ LOCKOUT });
  const variable = { failures: 5, window: 900, first_delay: 30, max_delay: 1800, at_once: 400 };
  it('is off, or says everything', () => {
    expect(parse('off')).toBeUndefined();
    expect(parse(JSON.stringify(variable))).toEqual(SETTINGS);
    for (const settings of [SETTINGS, undefined]) expect(parse(lockoutVariable(settings))).toEqual(settings);
  });
  it.each([
    undefined,
    '',
    'on',
    '{}',
    'null',
    '5',
    '[]',
    JSON.stringify({ ...variable, failures: 0 }),
    JSON.stringify({ ...variable, failures: '5' }),
    JSON.stringify({ ...variable, window: 86_401 }),
    JSON.stringify({ ...variable, first_delay: 0.5 }),
    JSON.stringify({ ...variable, max_delay: 29 }),
    JSON.stringify({ ...variable, max_delay: undefined }),
    JSON.stringify({ ...variable, at_once: -1 }),
    JSON.stringify({ ...variable, delay: 1 }),
  ])('%s is refused by name', (text) => {
    expect(() => parse(text)).toThrow(/^LOCKOUT /);
  });
});

describe('standing locks', () => {
  it('say how many whole seconds are left, and end', () => {
    const locks = createStandingLocks();
    locks.remember('a', NOW + 30);
    expect(locks.waitSeconds('a', NOW * 1000)).toBe(30);
    expect(locks.waitSeconds('a', NOW * 1000 + 29_001)).toBe(1);
    expect(locks.waitSeconds('a', NOW * 1000 + 30_000)).toBeUndefined();
    expect(locks.waitSeconds('b', NOW * 1000)).toBeUndefined();
  });
  it('take a bounded amount of memory', () => {
    const locks = createStandingLocks();
    for (let at = 0; at <= 10_000; at += 1) locks.remember(String(at), NOW + 30);
    expect(locks.waitSeconds('0', NOW * 1000)).toBeUndefined();
    expect(locks.waitSeconds('10000', NOW * 1000)).toBe(30);
  });
});
