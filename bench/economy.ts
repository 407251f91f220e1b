/**
 * What the habits of the token path cost and save: each kind of plain token request through the deployed handler over AWS clients that
 * answer from memory, with its calls, waits, DynamoDB units, what AWS asks for them, and our own time.
 */
import { describeCalls } from './aws/counted-calls.ts';
import { startInMemoryAws, type InMemoryAws } from './aws/in-memory-aws.ts';
import { PRICES } from './cost/prices.ts';
import { CLIENT_SECRET, demoClient, ISSUER } from './demo-client.ts';
import { functionEnvironment } from './function-environment.ts';
import type { Bench } from './options.ts';
import { quietly } from './quietly.ts';
import { median } from './statistics.ts';
import { printTable } from './table.ts';
import { basicAuthorization, httpApiEvent, TOKEN_REQUEST } from './token-request.ts';
import type * as Token from '../functions/token/handler.ts';

const THRIFTY = 'billing-thrifty';
/** Of each kind that can be repeated. */
const REQUESTS = 200;
const MILLION = 1_000_000;

type Handler = typeof Token.handler;
type Kind = {
  readonly title: string;
  /** Waits, each with its calls. */
  readonly expected: string;
  readonly readUnits: number;
  readonly times: number;
  readonly send: (at: number) => Promise<unknown>;
};

export const economy: Bench = {
  title: 'what a plain token request costs, by what its environment knows (AWS calls and units in US dollars a million)',
  async run() {
    const environment = process.env;
    process.env = { ...functionEnvironment(ISSUER) };
    const aws = startInMemoryAws([demoClient(), demoClient({ client_id: THRIFTY, reuse_tokens: true })]);
    await untilSettled();
    const rows = await quietly(async () => measureAll(await kinds(), aws));
    process.env = environment;
    printTable(['request', 'calls', 'waits', 'read units', 'write units', 'AWS, $', 'ms of ours', ''], rows);
    return rows.every((row) => row.at(-1) === 'ok');
  },
};

/** In the first seconds of a minute the window of the minute before is read with every request. */
async function untilSettled(): Promise<void> {
  const second = (Date.now() / 1000) % 60;
  if (second < 3) await new Promise((resolve) => setTimeout(resolve, (3 - second) * 1000));
}

async function measureAll(all: readonly Kind[], { calls, units }: InMemoryAws): Promise<string[][]> {
  const rows: string[][] = [];
  for (const { title, expected, readUnits, times, send } of all) {
    const taken: number[] = [];
    calls.take();
    units.take();
    let waits: ReturnType<typeof calls.take> = [];
    for (let at = 0; at < times; at += 1) {
      const start = performance.now();
      await send(at);
      taken.push(performance.now() - start);
      waits = calls.take();
    }
    const { read, write } = units.take();
    const signatures = waits.flat().filter((name) => name === 'Sign').length;
    const dollars = ((read * PRICES.readUnit + write * PRICES.writeUnit) / times + signatures * PRICES.kmsRequest) * MILLION;
    const isRight = describeCalls(waits) === expected && Math.round(read / times) === readUnits;
    rows.push([
      title,
      describeCalls(waits),
      String(waits.length),
      (read / times).toFixed(1),
      (write / times).toFixed(1),
      dollars.toFixed(2),
      median(taken).toFixed(2),
      isRight ? 'ok' : `WRONG (${expected}; ${readUnits})`,
    ]);
  }
  return rows;
}

/** Each import with a name of its own is an execution environment of its own. */
const environmentOf = async (name: string): Promise<Handler> =>
  ((await import(`../functions/token/handler.ts?economy-${name}`)) as typeof Token).handler;

async function kinds(): Promise<readonly Kind[]> {
  const warm = await environmentOf('warm');
  const plain = (handler: Handler, ip: string) => ask(handler, TOKEN_REQUEST.authorization, ip);
  const thrifty = (handler: Handler, ip: string) => ask(handler, basicAuthorization(THRIFTY, CLIENT_SECRET), ip);
  const own = '203.0.113.1';
  const elsewhere = await environmentOf('elsewhere');
  await plain(elsewhere, own);
  const admission = 'BatchGetItem + UpdateItem';
  return [
    {
      title: 'the first of an environment',
      expected: 'BatchGetItem + Query + UpdateItem, then GetSecretValue, then Sign + UpdateItem',
      readUnits: 5,
      times: 1,
      send: () => plain(warm, own),
    },
    {
      title: 'from a network that is new to the environment',
      expected: `${admission}, then Sign`,
      readUnits: 4,
      times: REQUESTS,
      send: (at) => plain(warm, `198.51.${at >> 8}.${at & 255}`),
    },
    {
      title: 'again within half a minute (no failures, former minute known)',
      expected: `${admission}, then Sign`,
      readUnits: 1,
      times: REQUESTS,
      send: () => plain(warm, own),
    },
    {
      title: 'reuse_tokens: a new token, kept',
      expected: `${admission}, then BatchGetItem, then Sign + UpdateItem, then PutItem`,
      readUnits: 5,
      times: 1,
      send: () => thrifty(warm, own),
    },
    { title: 'reuse_tokens: again, known here', expected: admission, readUnits: 2, times: REQUESTS, send: () => thrifty(warm, own) },
    {
      title: "reuse_tokens: made elsewhere, another environment's first of it",
      expected: `${admission}, then BatchGetItem, then BatchGetItem, then UpdateItem`,
      readUnits: 6,
      times: 1,
      send: () => thrifty(elsewhere, own),
    },
  ];
}

async function ask(handler: Handler, authorization: string, ip: string): Promise<void> {
  const answer = await handler(httpApiEvent({ path: '/token', ip, headers: { authorization }, body: TOKEN_REQUEST.body }), {});
  if (answer.statusCode !== 200) throw new Error(`/token answered ${answer.statusCode}: ${answer.body}`);
}
