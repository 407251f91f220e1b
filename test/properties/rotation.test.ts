// Rotation under random histories: never two live chains, an honest retrying client is never locked out, reuse ends the session.
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client } from '../../src/clients/client.ts';
import { createClientStore } from '../../src/storage/client-store.ts';
import { createRequestStore } from '../../src/storage/request-store.ts';
import { createSessionStore } from '../../src/storage/session-store.ts';
import { startEngine, type Engine } from '../storage/engine.ts';
import { auditEvent, client as clientRecord, NOW } from '../storage/records.ts';
import { captureLog, type CapturedLog } from '../telemetry/captured-log.ts';
import { COMMANDS, newModel, type Model, type Real } from './rotation-commands.ts';
import { GRACE_SECONDS, IDLE_SECONDS, LIFETIME_SECONDS, startSession, type Table } from './session-under-test.ts';
import { createTableInMemory } from './table-in-memory.ts';

let log: CapturedLog;
beforeAll(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterAll(() => vi.useRealTimers());
beforeEach(() => {
  log = captureLog();
});
afterEach(() => log.release());

const client = (members: Partial<Client> = {}): Client =>
  clientRecord({ refresh_client_auth: 'none', refresh_token_idle_lifetime: IDLE_SECONDS, ...members });

type Started = { readonly model: Model; readonly real: Real };
async function start(
  table: Table,
  stored: (sid: string) => ReturnType<Real['stored']>,
  raiseEpoch: () => Promise<unknown>,
): Promise<Started> {
  const session = await startSession(table);
  const real: Real = { session, stored: () => stored(session.sid), raiseEpoch };
  return { model: newModel(session, (NOW + LIFETIME_SECONDS) * 1000), real };
}
const inMemory = async (): Promise<Started> => {
  const table = createTableInMemory(client());
  return start(table, table.session, () => table.change({ epoch: table.client().epoch + 1 }));
};

const histories = (maxCommands: number) => fc.commands(COMMANDS, { maxCommands, size: 'max' });

describe('any history of one session', () => {
  it('follows the model, in memory', async () => {
    await fc.assert(
      fc.asyncProperty(histories(40), async (history) => {
        log.clear();
        await fc.asyncModelRun(inMemory, history);
      }),
      { numRuns: 400 },
    );
  });

  describe('on the table', () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await startEngine();
    });
    afterAll(() => engine.close());

    let count = 0;
    const onTable = async (): Promise<Started> => {
      const registered = client({ client_id: `client-${(count += 1)}` });
      const clients = createClientStore(engine);
      await clients.create(registered, auditEvent());
      const requests = createRequestStore(engine);
      const table: Table = { requests, sessions: createSessionStore(engine), client: () => registered };
      const stored = async (sid: string) => (await requests.load({ clientId: registered.client_id, sid }, NOW)).session;
      return start(table, stored, () => clients.raiseEpoch(registered.client_id, auditEvent(), NOW));
    };

    it('follows the same model', async () => {
      await fc.assert(
        fc.asyncProperty(histories(25), async (history) => {
          await fc.asyncModelRun(onTable, history);
        }),
        { numRuns: 25 },
      );
    });
  });
});

describe('an honest client', () => {
  const lost = fc.constantFrom('all answers lost', 'not done', 'answer lost', 'on the way');
  /** Before each success: attempts that bring it nothing, with pauses that together stay within the grace window. */
  const step = fc.array(fc.tuple(lost, fc.nat(9)), { maxLength: 3 });

  it('that retries within the grace window is never refused, however many answers are lost on the way', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        log.clear();
        const { session } = (await inMemory()).real;
        let token = session.firstToken;
        for (const attempts of steps) {
          for (const [fate, pauseSeconds] of attempts) {
            session.fate(fate === 'on the way' ? 'done' : fate);
            const answer = await session.refresh(token);
            expect(answer?.status ?? 200).toBe(200);
            session.advance(pauseSeconds);
          }
          session.fate('done');
          const answer = await session.refresh(token);
          expect(answer?.status).toBe(200);
          token = answer!.token!;
        }
        expect(GRACE_SECONDS).toBeGreaterThanOrEqual(3 * 9);
      }),
      { numRuns: 300 },
    );
  });
});

describe('any interleaving of callers', () => {
  type Caller = 'current' | 'previous' | 'older' | 'end';
  const race = async (scheduler: fc.Scheduler, callers: readonly Caller[]) => {
    let isRacing = false;
    const table = createTableInMemory(client(), (call) => (isRacing ? scheduler.schedule(Promise.resolve(), call) : Promise.resolve()));
    const session = await startSession(table);
    const tokens = [session.firstToken];
    for (let at = 0; at < 2; at += 1) tokens.push((await session.refresh(tokens.at(-1)!))!.token!);
    const presented = { current: tokens[2]!, previous: tokens[1]!, older: tokens[0]! };
    isRacing = true;
    const ending = callers.filter((caller) => caller === 'end').map(() => session.end());
    const refreshing = callers.filter((caller) => caller !== 'end').map((caller) => session.refresh(presented[caller]));
    await scheduler.waitFor(Promise.all([...ending, ...refreshing]));
    isRacing = false;
    const answers = (await Promise.all(refreshing)).filter((answer) => answer !== undefined);
    return { session, answers, stored: (await table.session(session.sid))!, tokens };
  };

  it('with the current token gives all of them the same successor', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 6 }), async (scheduler, callers) => {
        log.clear();
        const { answers, stored } = await race(scheduler, Array<Caller>(callers).fill('current'));
        expect(answers.map(({ status }) => status)).toEqual(Array(callers).fill(200));
        expect(new Set(answers.map(({ token }) => token)).size).toBe(1);
        expect(stored).toMatchObject({ status: 'active', generation: 4 });
      }),
      { numRuns: 300 },
    );
  });

  it('with any tokens never makes two tokens of one generation, nor more than one step', async () => {
    const callers = fc.array(fc.constantFrom<Caller>('current', 'current', 'previous', 'older', 'end'), { minLength: 2, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), callers, async (scheduler, given) => {
        log.clear();
        const { answers, stored, tokens } = await race(scheduler, given);
        const byGeneration = new Map<string, Set<string>>();
        for (const token of [...tokens, ...answers.flatMap(({ token: issued }) => issued ?? [])]) {
          const generation = token.split('.')[2]!;
          byGeneration.set(generation, (byGeneration.get(generation) ?? new Set()).add(token));
        }
        for (const [generation, issued] of byGeneration) {
          expect(issued.size).toBe(1);
          expect(Number(generation)).toBeLessThanOrEqual(4);
        }
        expect(stored.generation).toBeLessThanOrEqual(4);
      }),
      { numRuns: 500 },
    );
  });

  it('with an old token or an end among them leaves nothing alive', async () => {
    const callers = fc.tuple(
      fc.constantFrom<Caller>('older', 'end'),
      fc.array(fc.constantFrom<Caller>('current', 'previous', 'older', 'end'), { maxLength: 5 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), callers, async (scheduler, [deadly, others]) => {
        log.clear();
        const { session, answers, stored, tokens } = await race(scheduler, [deadly, ...others]);
        expect(stored.status).toBe('ended');
        for (const token of [...tokens, ...answers.flatMap(({ token: issued }) => issued ?? [])]) {
          expect((await session.refresh(token))?.status).toBe(400);
        }
      }),
      { numRuns: 500 },
    );
  });
});
