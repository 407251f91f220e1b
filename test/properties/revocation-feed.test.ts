// Nothing that was refused as revoked ever passes again, and nothing revoked passes for long, whatever happens on the way.
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { INDEX_LAG_MS, SimulatedFeed, type Kind, type Weather } from './simulated-feed.ts';

const skew = fc.integer({ min: -60_000, max: 60_000 });
const smallSkew = fc.integer({ min: -1000, max: 1000 });
const weather = (lagMs: fc.Arbitrary<number>): fc.Arbitrary<Weather> =>
  fc.record({
    environment: fc.nat(2),
    lagMs,
    fault: fc.oneof(
      { weight: 6, arbitrary: fc.constant('none' as const) },
      { weight: 1, arbitrary: fc.constantFrom('lost' as const, 'cut' as const, 'replayed' as const, 'of another question' as const) },
    ),
  });

type Step =
  | { readonly polls: readonly Weather[] }
  | { readonly revoke: readonly [kind: Kind, writer: number, lifeSeconds: number] }
  | { readonly waitMs: number }
  | { readonly restart: 'reader' | number };

const steps = (lagMs: fc.Arbitrary<number>): fc.Arbitrary<Step[]> => {
  const waitMs = fc.oneof(fc.integer({ min: 200, max: 90_000 }), fc.integer({ min: 60_000, max: 600_000 }));
  const kind = fc.constantFrom<Kind>('jti', 'sid', 'client');
  const one: fc.Arbitrary<Step> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ polls: fc.array(weather(lagMs), { minLength: 1, maxLength: 40 }) }) },
    { weight: 3, arbitrary: fc.record({ revoke: fc.tuple(kind, fc.nat(1), fc.integer({ min: 60, max: 3600 })) }) },
    { weight: 2, arbitrary: fc.record({ waitMs }) },
    { weight: 2, arbitrary: fc.record({ restart: fc.oneof(fc.constant('reader' as const), fc.nat(2)) }) },
  );
  return fc.array(one, { minLength: 5, maxLength: 40 });
};

async function wrongAfter(feed: SimulatedFeed, step: Step, boundMs: number): Promise<string[]> {
  const wrong: string[] = [];
  if ('revoke' in step) feed.revoke(...step.revoke);
  else if ('waitMs' in step) feed.advance(step.waitMs);
  else if ('polls' in step)
    for (const each of step.polls) {
      feed.advance(2000);
      wrong.push(...(await feed.request(each, boundMs)));
    }
  else if (step.restart === 'reader') feed.restartReader();
  else feed.restartEnvironment(step.restart);
  return wrong;
}

async function wrongIn(feed: SimulatedFeed, script: readonly Step[], boundMs: number): Promise<string[]> {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    const wrong: string[] = [];
    for (const step of script) wrong.push(...(await wrongAfter(feed, step, boundMs)));
    return wrong;
  } finally {
    write.mockRestore();
  }
}

it('with clocks a minute wrong and an index a minute behind, nothing that was refused ever passes again', async () => {
  const clocks = fc.record({
    writers: fc.tuple(skew, skew),
    environments: fc.tuple(skew, skew, skew),
    // One whose clock is far ahead of all would refuse everything.
    reader: skew,
  });
  const lag = fc.integer({ min: 0, max: INDEX_LAG_MS });
  // Behind by the index, by an environment's and a reader's wide reads, and by clocks: both may take an old answer for a new one.
  const boundMs = INDEX_LAG_MS + 30_000 + 60_000 + 4 * 60_000 + 10_000;
  await fc.assert(
    fc.asyncProperty(clocks, steps(lag), async (each, script) => {
      expect(await wrongIn(new SimulatedFeed(each), script, boundMs)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

it('with clocks that agree to a second and an index that keeps up, nothing revoked passes after the bound, whatever is lost, cut or repeated', async () => {
  const clocks = fc.record({
    writers: fc.tuple(smallSkew, smallSkew),
    environments: fc.tuple(smallSkew, smallSkew, smallSkew),
    reader: smallSkew,
  });
  await fc.assert(
    fc.asyncProperty(clocks, steps(fc.constant(0)), async (each, script) => {
      // The bound itself, and what two clocks may differ by.
      expect(await wrongIn(new SimulatedFeed(each), script, 5_000 + 2_000)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
