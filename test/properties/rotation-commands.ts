// What can happen to a session, each with what a model of it says must follow.
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Session } from '../../src/tokens/session.ts';
import { GRACE_SECONDS, IDLE_SECONDS, type CommitFate, type SessionUnderTest } from './session-under-test.ts';

export type Model = {
  generation: number;
  /** By generation; undefined where the answer that brought it was lost. */
  tokens: Map<number, string>;
  status: 'active' | 'ended';
  rotatedAtMs: number | undefined;
  idleEndMs: number;
  readonly absoluteEndMs: number;
  isOfOlderEpoch: boolean;
};
export type Real = { readonly session: SessionUnderTest; stored(): Promise<Session | undefined>; raiseEpoch(): Promise<unknown> };
type Command = fc.AsyncCommand<Model, Real>;

type Expected = 'rotated' | 'replayed' | 'reused' | 'refused';
const secondsOf = (ms: number) => Math.floor(ms / 1000);

function expected(model: Model, generation: number, nowMs: number): Expected {
  if (model.status === 'ended' || secondsOf(model.absoluteEndMs) <= secondsOf(nowMs) || model.isOfOlderEpoch) return 'refused';
  const inGrace =
    generation === model.generation - 1 && model.rotatedAtMs !== undefined && nowMs - model.rotatedAtMs <= GRACE_SECONDS * 1000;
  if (generation < model.generation && !inGrace) return 'reused';
  if (secondsOf(model.idleEndMs) <= secondsOf(nowMs)) return 'refused';
  return inGrace ? 'replayed' : 'rotated';
}

function advanceModel(model: Model, nowMs: number): void {
  model.generation += 1;
  model.rotatedAtMs = nowMs;
  model.idleEndMs = nowMs + IDLE_SECONDS * 1000;
}

/** A generation has one token, byte for byte, whoever is answered with it. */
function learn(model: Model, token: string | undefined): void {
  expect(token).toBeDefined();
  expect(token!.split('.')[2]).toBe(String(model.generation));
  expect(token).toBe(model.tokens.get(model.generation) ?? token);
  model.tokens.set(model.generation, token!);
}

async function expectSame(model: Model, { stored }: Real): Promise<void> {
  expect(await stored()).toMatchObject({ generation: model.generation, status: model.status });
}

const command = (name: string, run: Command['run'], check: Command['check'] = () => true): Command => ({
  check,
  run,
  toString: () => name,
});

/** `behind` generations behind the newest one whose token is known. */
const refresh = (behind: number, fate: CommitFate): Command =>
  command(`refresh(${behind} behind, ${fate})`, async (model, real) => {
    const generation = Math.max(1, Math.max(...model.tokens.keys()) - behind);
    const { session } = real;
    const what = expected(model, generation, session.nowMs());
    session.fate(fate);
    const answer = await session.refresh(model.tokens.get(generation)!);
    session.fate('done');
    if (what === 'rotated' && fate !== 'not done') advanceModel(model, session.nowMs());
    if (what === 'reused') model.status = 'ended';
    const isOut = what === 'rotated' && (fate === 'not done' || fate === 'all answers lost');
    if (isOut) expect(answer).toBeUndefined();
    else expect(answer?.status).toBe(what === 'rotated' || what === 'replayed' ? 200 : 400);
    if (answer?.status === 200) learn(model, answer.token);
    await expectSame(model, real);
  });

/** Several callers with the same token at once. */
const race = (callers: number): Command =>
  command(
    `race(${callers})`,
    async (model, real) => {
      const { session } = real;
      const what = expected(model, model.generation, session.nowMs());
      const token = model.tokens.get(model.generation)!;
      const answers = await Promise.all(Array.from({ length: callers }, () => session.refresh(token)));
      if (what === 'rotated') advanceModel(model, session.nowMs());
      for (const answer of answers) {
        expect(answer?.status).toBe(what === 'rotated' ? 200 : 400);
        if (what === 'rotated') learn(model, answer?.token);
      }
      await expectSame(model, real);
    },
    (model) => model.tokens.has(model.generation),
  );

const happening = (name: string, happen: (model: Model, real: Real) => Promise<void> | void): Command =>
  command(name, async (model, real) => {
    await happen(model, real);
    await expectSame(model, real);
  });

const wait = (seconds: number): Command => happening(`wait(${seconds} s)`, (_, { session }) => session.advance(seconds));
const end = (): Command =>
  happening('end', async (model, { session }) => {
    await session.end();
    model.status = 'ended';
  });
const raiseEpoch = (): Command =>
  happening('raise epoch', async (model, { raiseEpoch: raise }) => {
    await raise();
    model.isOfOlderEpoch = true;
  });

const fate = fc.constantFrom<CommitFate>('done', 'done', 'done', 'answer lost', 'all answers lost', 'not done');
/** Ends are rare, so that most runs get far. */
export const COMMANDS: fc.Arbitrary<Command>[] = [
  fc.oneof(
    { weight: 8, arbitrary: fate.map((of) => refresh(0, of)) },
    { weight: 5, arbitrary: fate.map((of) => refresh(1, of)) },
    { weight: 1, arbitrary: fc.integer({ min: 2, max: 4 }).map((behind) => refresh(behind, 'done')) },
    { weight: 3, arbitrary: fc.integer({ min: 2, max: 5 }).map((callers) => race(callers)) },
    { weight: 8, arbitrary: fc.constantFrom(1, 5, 14, 15, 29).map(wait) },
    { weight: 1, arbitrary: fc.constantFrom(30, 31, 119, 120, 599).map(wait) },
    { weight: 1, arbitrary: fc.constantFrom(end, raiseEpoch).map((make) => make()) },
  ),
];

export const newModel = (session: SessionUnderTest, absoluteEndMs: number): Model => ({
  generation: 1,
  tokens: new Map([[1, session.firstToken]]),
  status: 'active',
  rotatedAtMs: undefined,
  idleEndMs: session.nowMs() + IDLE_SECONDS * 1000,
  absoluteEndMs,
  isOfOlderEpoch: false,
});
