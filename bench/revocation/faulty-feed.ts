/**
 * A proxy for the revocation feed that does what networks and caches do at their worst: it holds answers back (so that they overtake each
 * other), cuts them, sends an earlier one again, or none. Everything it does is drawn from a seed.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

export type FaultyFeed = {
  readonly url: string;
  /** How often it did what. */
  readonly done: ReadonlyMap<string, number>;
  close(): void;
};
type Held = { readonly status: number; readonly type: string; readonly body: Buffer };

const LONGEST_DELAY_MS = 3_000;
/** Shares of all answers; the rest passes as it is. */
const FAULTS = { delayed: 0.3, replayed: 0.15, truncated: 0.1, lost: 0.05 } as const;

/** @param issuer origin of the real feed. */
export async function startFaultyFeed(issuer: string, seed = 1): Promise<FaultyFeed> {
  const chance = chanceFrom(seed);
  const earlier = new Map<string, Held[]>();
  const done = new Map<string, number>();

  const pass = async (path: string, response: ServerResponse): Promise<void> => {
    const fault = faultAt(chance());
    done.set(fault, (done.get(fault) ?? 0) + 1);
    const known = earlier.get(path) ?? [];
    const replay = fault === 'replayed' ? known[Math.floor(chance() * known.length)] : undefined;
    const held = replay ?? (await fetchHeld(issuer + path));
    earlier.set(path, [...known.slice(-50), held]);
    if (fault === 'delayed') await sleep(chance() * LONGEST_DELAY_MS);
    if (fault === 'lost') response.destroy();
    else
      response
        .writeHead(held.status, { 'content-type': held.type })
        .end(fault === 'truncated' ? held.body.subarray(0, held.body.length * chance()) : held.body);
  };
  const server = createServer((request, response) => {
    pass(request.url ?? '/', response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    done,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function fetchHeld(url: string): Promise<Held> {
  const answer = await fetch(url);
  return { status: answer.status, type: answer.headers.get('content-type') ?? '', body: Buffer.from(await answer.arrayBuffer()) };
}

function faultAt(chance: number): keyof typeof FAULTS | 'passed' {
  let rest = chance;
  for (const [fault, share] of Object.entries(FAULTS)) {
    if (rest < share) return fault as keyof typeof FAULTS;
    rest -= share;
  }
  return 'passed';
}

/** A linear congruential generator (Numerical Recipes): the same faults in each run. */
function chanceFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
