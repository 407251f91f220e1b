import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { feedId } from '../../src/authorizer/feed-document.ts';
import { createFeedMemory, type FeedMemory, type FeedPlace } from '../../src/endpoints/feed-memory.ts';
import type { FeedEntry } from '../../src/endpoints/stores.ts';

const AT = 1_800_000_000;
const entry = (id: string, changes: Partial<FeedEntry> = {}): FeedEntry => ({
  kind: 'jti',
  id,
  atMs: AT * 1000,
  until: AT + 900,
  ...changes,
});
let memory: FeedMemory;
beforeEach(() => {
  memory = createFeedMemory();
});
const namesSince = (since: number): readonly string[] =>
  memory.page({ since, after: undefined, limit: 100 }).entries.map(({ name }) => name);

describe('what an environment has read', () => {
  it('is told by digest, from the slot in which it was written', () => {
    memory.add(entry('early', { atMs: (AT - 11) * 1000 }));
    memory.add(entry('late', { atMs: (AT + 9) * 1000 }));
    expect(namesSince(0)).toEqual([feedId('early'), feedId('late')]);
    expect(namesSince(AT + 5)).toEqual([feedId('late')]);
    expect(namesSince(AT + 10)).toEqual([]);
  });
  it('is one entry however often it is read', () => {
    for (let time = 0; time < 3; time++) memory.add(entry('a'));
    expect(memory.size).toBe(1);
  });
  it('keeps apart what has one id and is of different kinds', () => {
    for (const kind of ['jti', 'sid', 'client', 'kid'] as const) memory.add(entry('a', { kind }));
    expect(memory.size).toBe(4);
  });
  it('goes when it matters no more', () => {
    memory.add(entry('a'));
    memory.forget(AT + 899);
    expect(memory.size).toBe(1);
    memory.forget(AT + 900);
    expect([memory.size, namesSince(0)]).toEqual([0, []]);
  });
  it('moves with a client whose epoch rises again', () => {
    memory.add(entry('c', { kind: 'client', epoch: 2 }));
    memory.add(entry('c', { kind: 'client', epoch: 3, atMs: (AT + 100) * 1000, until: AT + 1000 }));
    expect(memory.page({ since: AT + 90, after: undefined, limit: 9 }).entries).toMatchObject([{ epoch: 3, until: AT + 1000 }]);
    expect(memory.size).toBe(1);
  });
  it('has the highest epoch and the latest times of all that was read of a client, in whatever order', () => {
    const reading = fc.record({ epoch: fc.nat(9), atMs: fc.nat(100).map((seconds) => (AT + seconds) * 1000), until: fc.nat(100) });
    fc.assert(
      fc.property(fc.array(reading, { minLength: 1 }), (readings) => {
        const own = createFeedMemory();
        for (const each of readings) own.add(entry('c', { kind: 'client', ...each }));
        expect([...own.all()]).toEqual([
          {
            kind: 'client',
            name: feedId('c'),
            epoch: Math.max(...readings.map(({ epoch }) => epoch)),
            until: Math.max(...readings.map(({ until }) => until)),
            slot: Math.max(...readings.map(({ atMs }) => Math.floor(atMs / 10_000) * 10)),
          },
        ]);
      }),
    );
  });
});

describe('pages', () => {
  it('have every entry once, of whatever size and from whichever environment each of them is', () => {
    const entries = fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.nat(60)), { maxLength: 60 });
    fc.assert(
      fc.property(entries, fc.integer({ min: 1, max: 20 }), fc.infiniteStream(fc.boolean()), (written, limit, choice) => {
        // Two environments that read the same in another order.
        const environments = [createFeedMemory(), createFeedMemory()] as const;
        const byId = [...new Map(written)].map(([id, second]) => entry(id, { atMs: (AT + second) * 1000 }));
        for (const each of byId) environments[0].add(each);
        for (const each of byId.toReversed()) environments[1].add(each);
        const names: string[] = [];
        let after: FeedPlace | undefined;
        do {
          const page = environments[choice.next().value ? 0 : 1].page({ since: 0, after, limit });
          expect(page.entries.length).toBeLessThanOrEqual(limit);
          names.push(...page.entries.map(({ name }) => name));
          after = page.next;
        } while (after !== undefined);
        expect(names.toSorted()).toEqual(byId.map(({ id }) => feedId(id)).sort());
      }),
    );
  });
});
