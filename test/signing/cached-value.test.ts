// What the rings do not show: a clock that steps back. The rest is in key-ring.test.ts and secret-ring.test.ts.
import { beforeEach, expect, it } from 'vitest';
import { Outage } from '../../src/outage.ts';
import { createCachedValue, type CachedValue } from '../../src/signing/cached-value.ts';

const NOW = 1_800_000_000;
const BACK = NOW - 3600;

let fetches: number;
let isOut: boolean;
let cached: CachedValue<number>;
beforeEach(() => {
  fetches = 0;
  isOut = false;
  cached = createCachedValue({
    fetch: () => {
      fetches += 1;
      return isOut ? Promise.reject(new Outage('dynamodb:Query')) : Promise.resolve(fetches);
    },
    maxAgeSeconds: 4,
  });
});

it('a value from behind a clock that has stepped back is stale, and the one that replaces it is kept', async () => {
  expect(await cached.get(NOW)).toBe(1);
  expect(await cached.get(BACK)).toBe(2);
  expect(await cached.get(BACK + 3)).toBe(2);
  expect(await cached.get(BACK + 4)).toBe(3);
});

it('in an outage it is served where any age will do, and where one is asked for it is not', async () => {
  await cached.get(NOW);
  isOut = true;
  expect(await cached.get(BACK)).toBe(1);
  await expect(cached.get(BACK, 5)).rejects.toThrow(Outage);
});

it('a failure and a refetch from behind it put off nothing', async () => {
  await cached.get(NOW);
  expect(await cached.refetch(NOW)).toBe(2);
  expect(await cached.refetch(BACK)).toBe(3);
  isOut = true;
  await cached.get(NOW + 4);
  isOut = false;
  expect(await cached.get(BACK + 4)).toBe(5);
});

it('neither what was begun earlier nor what was held for an earlier time replaces what came since', async () => {
  let answer: (value: number) => void = () => undefined;
  const answers = [new Promise<number>((resolve) => (answer = resolve)), Promise.resolve(2)];
  cached = createCachedValue({ fetch: () => answers.shift() ?? Promise.reject(new Outage('none')), maxAgeSeconds: 4 });
  const first = cached.get(NOW);
  expect(await cached.get(BACK)).toBe(2);
  answer(1);
  await first;
  expect(cached.held()).toBe(2);
  cached.hold(3, BACK - 1);
  expect(cached.held()).toBe(2);
});
