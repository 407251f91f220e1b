import { expect, it } from 'vitest';
import { createSettledWindows } from '../../src/storage/settled-windows.ts';

const window = (minute: number, subject = 'billing') => ({ endpoint: 'token', subject, network: '192.0.2.1', minute });

it('knows the minute before once it was read, for the rest of the minute', () => {
  const settled = createSettledWindows();
  expect(settled.hits(window(10))).toBeUndefined();
  settled.learn(window(10), 7, 602);
  expect(settled.hits(window(10))).toBe(7);
  expect(settled.hits(window(10, 'other'))).toBeUndefined();
  expect(settled.hits(window(11))).toBeUndefined();
  expect(settled.hits(window(9))).toBeUndefined();
});

it('does not take what is read while calls of the minute before may still be counted', () => {
  const settled = createSettledWindows();
  settled.learn(window(10), 7, 601);
  expect(settled.hits(window(10))).toBeUndefined();
});

it('keeps one minute, the latest, and forgets rather than grows', () => {
  const settled = createSettledWindows();
  settled.learn(window(10), 7, 602);
  settled.learn(window(11), 8, 662);
  expect([settled.hits(window(10)), settled.hits(window(11))]).toEqual([undefined, 8]);
  settled.learn(window(10), 9, 663);
  expect([settled.hits(window(10)), settled.hits(window(11))]).toEqual([undefined, 8]);
  for (let at = 0; at < 10_000; at += 1) settled.learn(window(11, `c${at}`), at, 663);
  expect([settled.hits(window(11)), settled.hits(window(11, 'c9999'))]).toEqual([undefined, 9999]);
});
