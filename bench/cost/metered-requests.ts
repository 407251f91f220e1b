// Warm requests through the deployed handlers over AWS clients that answer from memory: what each uses of everything that costs money.
// In a process of its own for each signing mode, since a function reads its environment once.
import { startInMemoryAws } from '../aws/in-memory-aws.ts';
import { serveIssuerDocuments } from '../aws/issuer-documents.ts';
import { authorizerEvent } from '../authorizer-event.ts';
import { startChild } from '../child.ts';
import { CLIENT_SECRET, demoClient } from '../demo-client.ts';
import { functionEnvironment } from '../function-environment.ts';
import { basicAuthorization, httpApiEvent, TOKEN_REQUEST } from '../token-request.ts';

/** What one request uses, on average. */
export type Usage = {
  /** Names of the AWS calls, one list for each wait. */
  readonly waits: readonly (readonly string[])[];
  readonly readUnits: number;
  readonly writeUnits: number;
  /** Bytes of the function's own log lines, and how many lines. */
  readonly logBytes: number;
  readonly logLines: number;
  /** Bytes of the answer, headers and body. */
  readonly answerBytes: number;
  /** Written items that carry an audit event: the pipe takes them to the bus. */
  readonly events: number;
};

/** `rare`: by a client that has not asked for minutes, so that nothing is in memory and its last use is written. */
export const REQUEST_NAMES = [
  'client_credentials',
  'client_credentials, rare',
  'with a refresh token',
  'refresh',
  'authorizer, feed',
  'authorizer, table',
] as const;
export type RequestName = (typeof REQUEST_NAMES)[number];

const WITH_REFRESH = 'billing-with-refresh';
/** Followed by a number: each asks once. */
const RARE = 'billing-rare-';
/** Enough that what only the first request of an environment does has been done. */
const WARM_UP = 3;
const METERED = 20;

export type SigningMode = 'kms' | 'delegated';
export type Usages = Readonly<Record<RequestName, Usage>>;

/** Starts the process that meters and waits for what it found. */
export async function meteredRequests(signing: SigningMode): Promise<Usages> {
  const { child, hello } = await startChild('cost/metered-requests-process.ts', signing);
  await child.stop();
  return hello as Usages;
}

export async function meterRequests(signing: SigningMode): Promise<Usages> {
  const documents = await serveIssuerDocuments();
  Object.assign(process.env, functionEnvironment(documents.issuer, signing));
  const clients = [
    demoClient(),
    demoClient({ client_id: WITH_REFRESH, grant_types: ['client_credentials', 'refresh_token'], refresh_client_auth: 'none' }),
    ...Array.from({ length: WARM_UP + METERED }, (_, client) => demoClient({ client_id: `${RARE}${client}` })),
  ];
  const aws = signing === 'kms' ? startInMemoryAws(clients) : startInMemoryAws(clients, documents.issuer);
  documents.publish(aws.publicJwk);
  const send = await requests();
  const usages: Partial<Record<RequestName, Usage>> = {};
  for (const name of REQUEST_NAMES) usages[name] = await meter(send[name], aws);
  documents.stop();
  return usages as Usages;
}

/** Sends one request; answers how many bytes came back. */
type Send = () => Promise<number>;

async function requests(): Promise<Readonly<Record<RequestName, Send>>> {
  const token = (await import('../../functions/token/handler.ts')).handler;
  const refresh = (await import('../../functions/refresh/handler.ts')).handler;
  const feed = (await import('../../functions/authorizer/feed.ts')).handler;
  const table = (await import('../../functions/authorizer/table.ts')).handler;
  let answer: { access_token?: string; refresh_token?: string } = {};
  let rareClients = 0;

  const post = async (handler: typeof token, path: string, body: string, authorization?: string): Promise<number> => {
    const headers = { authorization, 'user-agent': 'billing/1.0 (node)' };
    const result = await handler(httpApiEvent({ path, headers, body }), {});
    if (result.statusCode !== 200) throw new Error(`${path} answered ${result.statusCode}: ${result.body}`);
    answer = JSON.parse(result.body) as typeof answer;
    return Buffer.byteLength(result.body) + Buffer.byteLength(JSON.stringify(result.headers));
  };
  const check = async (handler: typeof feed): Promise<number> => {
    const policy = await handler(authorizerEvent(answer.access_token ?? ''));
    if (!('policyDocument' in policy)) throw new Error('the authorizer answered without a policy');
    return 0;
  };
  return {
    client_credentials: () => post(token, '/token', TOKEN_REQUEST.body, TOKEN_REQUEST.authorization),
    'client_credentials, rare': () => {
      rareClients += 1;
      return post(token, '/token', TOKEN_REQUEST.body, basicAuthorization(`${RARE}${rareClients - 1}`, CLIENT_SECRET));
    },
    'with a refresh token': () => post(token, '/token', TOKEN_REQUEST.body, basicAuthorization(WITH_REFRESH, CLIENT_SECRET)),
    refresh: () => post(refresh, '/refresh', `refresh_token=${answer.refresh_token ?? ''}`),
    'authorizer, feed': () => check(feed),
    'authorizer, table': () => check(table),
  };
}

async function meter(send: Send, { calls, units }: ReturnType<typeof startInMemoryAws>): Promise<Usage> {
  const log = captureLog();
  let answerBytes = 0;
  try {
    for (let request = 0; request < WARM_UP; request += 1) await send();
    calls.take();
    units.take();
    log.take();
    for (let request = 0; request < METERED; request += 1) {
      answerBytes += await send();
      if (request < METERED - 1) calls.take();
    }
  } finally {
    log.release();
  }
  const { read, write, events } = units.take();
  const { bytes, lines } = log.take();
  return {
    waits: calls.take(),
    readUnits: read / METERED,
    writeUnits: write / METERED,
    events: events / METERED,
    logBytes: bytes / METERED,
    logLines: lines / METERED,
    answerBytes: answerBytes / METERED,
  };
}

/** Standard output is where a function's log lines go, one a write. */
function captureLog(): { take(): { bytes: number; lines: number }; release(): void } {
  const write = process.stdout.write.bind(process.stdout);
  let taken = { bytes: 0, lines: 0 };
  process.stdout.write = (chunk: string | Uint8Array) => {
    taken.bytes += Buffer.byteLength(chunk);
    taken.lines += 1;
    return true;
  };
  return {
    take: () => {
      const so = taken;
      taken = { bytes: 0, lines: 0 };
      return so;
    },
    release: () => {
      process.stdout.write = write;
    },
  };
}
