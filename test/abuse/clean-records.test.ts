import { expect, it } from 'vitest';
import { createCleanRecords } from '../../src/abuse/clean-records.ts';

const NOTHING = { ofClient: undefined, ofNetwork: undefined };
const FAILED = { failures: 1, startedAt: 1, lastAt: 1 };
const PROVEN = { failures: 0, startedAt: 0, lastAt: 0, provenAt: 1 };

it('knows for half a minute that nothing was on record, from when it was read', () => {
  const clean = createCleanRecords();
  expect(clean.has('c#n', 0)).toBe(false);
  clean.learn('c#n', NOTHING, 1000);
  expect([clean.has('c#n', 30_999), clean.has('c#n', 31_000), clean.has('d#n', 1000)]).toEqual([true, false, false]);
  clean.learn('c#n', { ofClient: PROVEN, ofNetwork: undefined }, 40_000);
  expect(clean.has('c#n', 40_000)).toBe(true);
});

it.each([
  ['client', { ofClient: FAILED, ofNetwork: undefined }],
  ['network', { ofClient: undefined, ofNetwork: FAILED }],
])('never remembers a failure of the %s, and forgets what was before', (_, records) => {
  const clean = createCleanRecords();
  clean.learn('c#n', records, 0);
  expect(clean.has('c#n', 0)).toBe(false);
  clean.learn('c#n', NOTHING, 0);
  clean.learn('c#n', records, 1);
  expect(clean.has('c#n', 1)).toBe(false);
});

it('forgets who fails, and rather than grow', () => {
  const clean = createCleanRecords();
  clean.learn('c#n', NOTHING, 0);
  clean.forget('c#n');
  expect(clean.has('c#n', 0)).toBe(false);
  clean.learn('c#n', NOTHING, 0);
  for (let at = 0; at < 10_000; at += 1) clean.learn(`c${at}#n`, NOTHING, 0);
  expect([clean.has('c#n', 0), clean.has('c9999#n', 0)]).toEqual([false, true]);
});
