// What one execution environment remembers: denials sent, callers refused, strangers seen. All bounded.
import { describe, expect, it } from 'vitest';
import { createDenialBudget } from '../../src/abuse/denial-budget.ts';
import { createRefusedUntil } from '../../src/abuse/refused-until.ts';
import { createStrangers } from '../../src/abuse/strangers.ts';

const MINUTE_MS = 60_000;
const START_MS = 30_000_000 * MINUTE_MS;

describe('the budget of denials for the bus', () => {
  it('sends the first of each subject and network in a minute', () => {
    const budget = createDenialBudget();
    expect([budget.take('a', START_MS), budget.take('a', START_MS + 59_999), budget.take('b', START_MS)]).toEqual([true, false, true]);
    expect(budget.take('a', START_MS + MINUTE_MS)).toBe(true);
  });

  it('sends at most twenty in a minute, and twenty again in the next', () => {
    const budget = createDenialBudget();
    const sent = (nowMs: number) => Array.from({ length: 50 }, (_, at) => budget.take(`caller-${at}`, nowMs)).filter(Boolean).length;
    expect([sent(START_MS), sent(START_MS + 1), sent(START_MS + MINUTE_MS)]).toEqual([20, 0, 20]);
  });
});

describe('who was refused', () => {
  const verdict = (retryAfterSeconds: number) => ({ allowed: false, quota: 80, remaining: 0, resetSeconds: 3, retryAfterSeconds });

  it('is refused again until the moment that was told, with the whole seconds left', () => {
    const refused = createRefusedUntil();
    refused.remember('a', verdict(3), START_MS);
    const remaining = (nowMs: number) => refused.standing('a', nowMs)?.retryAfterSeconds;
    expect([remaining(START_MS), remaining(START_MS + 1000), remaining(START_MS + 2999)]).toEqual([3, 2, 1]);
    expect([remaining(START_MS + 3000), remaining(START_MS)]).toEqual([undefined, undefined]);
  });

  it('is told the same limit each time, and how long its window still lasts', () => {
    const refused = createRefusedUntil();
    refused.remember('a', verdict(9), START_MS);
    expect(refused.standing('a', START_MS + 1000)).toEqual({
      allowed: false,
      quota: 80,
      remaining: 0,
      resetSeconds: 2,
      retryAfterSeconds: 8,
    });
    expect(refused.standing('a', START_MS + 8000)?.resetSeconds).toBe(1);
  });

  it('is told apart from everybody else', () => {
    const refused = createRefusedUntil();
    refused.remember('a', verdict(1), START_MS);
    expect(refused.standing('b', START_MS)).toBeUndefined();
  });

  it('is forgotten rather than remembered without bound: ten thousand at most', () => {
    const refused = createRefusedUntil();
    for (let at = 0; at < 10_000; at += 1) refused.remember(`caller-${at}`, verdict(1), START_MS);
    expect(refused.standing('caller-0', START_MS)).toBeDefined();
    refused.remember('one-more', verdict(1), START_MS);
    expect(refused.standing('caller-0', START_MS)).toBeUndefined();
    expect(refused.standing('one-more', START_MS)).toBeDefined();
  });
});

describe('strangers', () => {
  const together = { way: 'together' };
  const learnMany = (strangers: ReturnType<typeof createStrangers>, count: number, network: (at: number) => string, nowMs = START_MS) => {
    for (let at = 0; at < count; at += 1) strangers.learn(network(at), `nobody-${at}`, false, nowMs);
  };

  it('are served until a network has named 120 clients in a minute that do not exist', () => {
    const strangers = createStrangers();
    learnMany(strangers, 119, () => 'net');
    expect(strangers.admit('net', 'x', START_MS)).toEqual(together);
    learnMany(strangers, 1, () => 'net');
    expect(strangers.admit('net', 'x', START_MS + 15_500)).toEqual({ way: 'refused', retryAfterSeconds: 45 });
    expect(strangers.admit('other', 'x', START_MS)).toEqual(together);
  });

  it('never stand in the way of a known client of the same network', () => {
    const strangers = createStrangers();
    strangers.learn('net', 'known', true, START_MS);
    learnMany(strangers, 400, () => 'net');
    expect(strangers.admit('net', 'known', START_MS)).toEqual(together);
    expect(strangers.admit('net', 'unknown', START_MS)).toMatchObject({ way: 'refused' });
  });

  it('are read before they are counted once many networks have named 300 in a minute', () => {
    const strangers = createStrangers();
    learnMany(strangers, 299, (at) => `net-${at}`);
    expect(strangers.admit('fresh', 'x', START_MS)).toEqual(together);
    learnMany(strangers, 1, () => 'net-0');
    expect(strangers.admit('fresh', 'x', START_MS)).toEqual({ way: 'read_first' });
  });

  it('are forgotten with the minute, known clients are not', () => {
    const strangers = createStrangers();
    strangers.learn('net', 'known', true, START_MS);
    learnMany(strangers, 400, () => 'net');
    expect(strangers.admit('net', 'x', START_MS + 59_999)).toMatchObject({ way: 'refused' });
    expect(strangers.admit('net', 'x', START_MS + MINUTE_MS)).toEqual(together);
    learnMany(strangers, 400, () => 'net', START_MS + MINUTE_MS);
    expect(strangers.admit('net', 'known', START_MS + MINUTE_MS)).toEqual(together);
  });

  it('start their minute anew also when it is learnt about them first', () => {
    const strangers = createStrangers();
    learnMany(strangers, 400, () => 'net');
    learnMany(strangers, 1, () => 'net', START_MS + MINUTE_MS);
    expect(strangers.admit('net', 'x', START_MS + MINUTE_MS)).toEqual(together);
  });

  it('become strangers again when they are deleted', () => {
    const strangers = createStrangers();
    strangers.learn('net', 'client', true, START_MS);
    strangers.learn('net', 'client', false, START_MS);
    learnMany(strangers, 119, () => 'net');
    expect(strangers.admit('net', 'client', START_MS)).toMatchObject({ way: 'refused' });
  });

  it('are remembered for 2,000 networks at most; the rest is held by the count of all', () => {
    const strangers = createStrangers();
    learnMany(strangers, 2000, (at) => `net-${at}`);
    learnMany(strangers, 200, () => 'one-more');
    expect(strangers.admit('one-more', 'x', START_MS)).toEqual({ way: 'read_first' });
    learnMany(strangers, 119, () => 'net-1999');
    expect(strangers.admit('net-1999', 'x', START_MS)).toMatchObject({ way: 'refused' });
  });

  it('leave room for 10,000 known clients; then these are learnt anew', () => {
    const strangers = createStrangers();
    learnMany(strangers, 300, (at) => `net-${at}`);
    for (let at = 0; at < 10_000; at += 1) strangers.learn('net', `client-${at}`, true, START_MS);
    expect(strangers.admit('net', 'client-0', START_MS)).toEqual(together);
    strangers.learn('net', 'one-more', true, START_MS);
    expect(strangers.admit('net', 'client-0', START_MS)).toEqual({ way: 'read_first' });
    expect(strangers.admit('net', 'one-more', START_MS)).toEqual(together);
  });
});
