import { beforeEach, describe, expect, it } from 'vitest';
import { createFeedProgress, type FeedProgress } from '../../src/authorizer/feed-progress.ts';

const NOW = 1_800_000_000;
let progress: FeedProgress;
beforeEach(() => {
  progress = createFeedProgress(5_000);
});
/** One answer of one page or several, all issued when they are asked for. */
const read = (now: number, iat = now, next?: string): boolean => {
  expect(progress.take({ iat, next, batches: [] }, progress.question(now * 1000), now * 1000)).toBe(true);
  return progress.isUnfinished();
};
const since = (now: number): number => progress.question(now * 1000).since;

describe('what a reader asks', () => {
  it('is everything at first, and until it has all pages of it', () => {
    expect(since(NOW)).toBe(0);
    expect(read(NOW, NOW, 'a')).toBe(true);
    expect(progress.question(NOW * 1000 + 500)).toEqual({ since: 0, after: 'a' });
    expect(progress.issuedMs()).toBe(-Infinity);
    expect(read(NOW + 1, NOW + 1)).toBe(false);
    expect(progress.issuedMs()).toBe(NOW * 1000); // as old as its oldest page
    expect(progress.question((NOW + 2) * 1000).after).toBeUndefined();
  });
  it('then what was written since a little before the last answer, in steps of ten seconds', () => {
    read(NOW);
    expect(since(NOW + 2)).toBe(NOW - 10);
    read(NOW + 2);
    expect(since(NOW + 4)).toBe(NOW - 10);
    read(NOW + 9);
    read(NOW + 11);
    expect(since(NOW + 13)).toBe(NOW);
  });
  it('goes back far once a minute, from the last time it did', () => {
    read(NOW);
    for (let now = NOW + 2; now < NOW + 60; now += 2) {
      expect(since(now)).toBeGreaterThanOrEqual(NOW - 10);
      read(now);
    }
    expect(since(NOW + 60)).toBe(NOW - 200);
    read(NOW + 60);
    expect(since(NOW + 62)).toBe(NOW + 50);
    expect(since(NOW + 62)).toBeLessThanOrEqual(NOW + 62 - 10);
  });
  it('goes back far again when the answer to that was an old one', () => {
    read(NOW);
    read(NOW + 60, NOW + 1);
    expect(since(NOW + 62)).toBeLessThanOrEqual(NOW + 1 - 200);
  });
  it('leaves no gap after a long absence', () => {
    read(NOW);
    expect(since(NOW + 86_400)).toBe(NOW - 200);
  });
  it('is thought of anew after a failure, however long that was ago', () => {
    read(NOW);
    expect(since(NOW + 50)).toBe(NOW - 10);
    expect(since(NOW + 500)).toBe(NOW - 200);
  });
  it('is not answered by what comes late of a question that was given up', () => {
    read(NOW);
    const givenUp = progress.question((NOW + 50) * 1000);
    read(NOW + 62);
    expect(progress.take({ iat: NOW + 50, next: undefined, batches: [] }, givenUp, (NOW + 50) * 1000)).toBe(false);
    expect(progress.issuedMs()).toBe((NOW + 62) * 1000);
  });
});

describe('how old it is', () => {
  it('does not go backwards by an answer from before', () => {
    read(NOW);
    read(NOW + 2, NOW - 30);
    expect(progress.issuedMs()).toBe(NOW * 1000);
  });
  it('is never younger than our first sight of it, where the clock of the issuer is ahead', () => {
    read(NOW, NOW + 60);
    expect(progress.issuedMs()).toBe(NOW * 1000);
    for (const later of [2, 30, 61, 65]) {
      read(NOW + later, NOW + 60); // the same answer, held back and sent again
      expect(progress.issuedMs()).toBe(NOW * 1000);
    }
  });
  it('counts on from a clock that is ahead by always the same', () => {
    for (const later of [0, 2, 4]) read(NOW + later, NOW + later + 60);
    expect(progress.issuedMs()).toBe((NOW + 4) * 1000);
  });
});
