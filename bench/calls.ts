// AWS calls per request: the real handlers, wired as they are deployed, over SDK clients that count and answer from memory.
import { randomBytes } from 'node:crypto';
import { dpopProof } from './dpop-proof.ts';
import { describeCalls, type CountedCalls } from './aws/counted-calls.ts';
import { startInMemoryAws } from './aws/in-memory-aws.ts';
import { serveIssuerDocuments } from './aws/issuer-documents.ts';
import { authorizerEvent } from './authorizer-event.ts';
import { delegatedCases } from './delegated-calls.ts';
import { CLIENT_SECRET, demoClient } from './demo-client.ts';
import { functionEnvironment } from './function-environment.ts';
import { managementCases } from './management-calls.ts';
import type { Bench } from './options.ts';
import { quietly } from './quietly.ts';
import { assertionBody, signingClient } from './signing-client.ts';
import { printTable } from './table.ts';
import { basicAuthorization, httpApiEvent, TOKEN_REQUEST } from './token-request.ts';

const ADMISSION = ['BatchGetItem', 'UpdateItem'];
/** The client of the token request, and one like it that gets refresh tokens. */
const WITH_REFRESH = 'billing-with-refresh';
const WITH_QUOTAS = 'billing-with-quotas';
const MANAGER = 'manager';

export type Case = {
  readonly title: string;
  /** One list of call names for each wait. */
  readonly expected: readonly (readonly string[])[];
  readonly status: number;
  readonly send: () => Promise<number>;
};

export const calls: Bench = {
  title: 'AWS calls per request, counted ("+" beside each other, "then" one after the other)',
  async run() {
    const documents = await serveIssuerDocuments();
    const environment = process.env;
    process.env = { ...functionEnvironment(documents.issuer) };
    const clients = [
      demoClient(),
      demoClient({ client_id: WITH_REFRESH, grant_types: ['client_credentials', 'refresh_token'], refresh_client_auth: 'none' }),
      demoClient({
        client_id: WITH_QUOTAS,
        quotas: [
          { per: 'hour', limit: 1000 },
          { per: 'day', limit: 10_000 },
        ],
      }),
      signingClient(),
      demoClient({ client_id: MANAGER, scope: ['clients:manage'] }),
    ];
    const aws = startInMemoryAws(clients);
    documents.publish(aws.publicJwk);
    const rows = await quietly(async () => countAll(await cases(), aws.calls));
    process.env = { ...functionEnvironment(documents.issuer, 'delegated') };
    const other = startInMemoryAws(clients, documents.issuer);
    rows.push(...(await quietly(async () => countAll(await delegatedCases(WITH_REFRESH), other.calls))));
    documents.stop();
    process.env = environment;
    printTable(['request', 'expected', 'counted', 'waits', ''], rows);
    return rows.every((row) => row.at(-1) === 'ok');
  },
};

async function countAll(all: readonly Case[], counted: CountedCalls): Promise<string[][]> {
  const rows: string[][] = [];
  for (const { title, expected, status, send } of all) {
    counted.take();
    const answered = await send();
    const waits = counted.take();
    const isRight = describeCalls(waits) === describeCalls(expected) && answered === status;
    rows.push([title, describeCalls(expected), describeCalls(waits), String(waits.length), isRight ? 'ok' : `WRONG (status ${answered})`]);
  }
  return rows;
}

async function cases(): Promise<readonly Case[]> {
  const token = (await import('../functions/token/handler.ts')).handler;
  const refresh = (await import('../functions/refresh/handler.ts')).handler;
  const feed = (await import('../functions/authorizer/feed.ts')).handler;
  const table = (await import('../functions/authorizer/table.ts')).handler;

  let answer: { access_token?: string; refresh_token?: string } = {};
  let callers = 0;
  const post = async (handler: typeof token, path: string, body: string, authorization?: string, dpop?: string): Promise<number> => {
    // Each from an address of its own, so that nothing an earlier request left behind saves a call.
    const ip = `203.0.113.${(callers += 1)}`;
    const result = await handler(httpApiEvent({ path, ip, headers: { authorization, dpop }, body }), {});
    if (result.statusCode === 200) answer = JSON.parse(result.body) as typeof answer;
    return result.statusCode;
  };
  const asRefresher = basicAuthorization(WITH_REFRESH, CLIENT_SECRET);
  const rotate = () => post(refresh, '/refresh', `refresh_token=${answer.refresh_token ?? ''}`);
  const check = async (handler: typeof feed): Promise<number> => {
    const policy = await handler(authorizerEvent(answer.access_token ?? ''));
    return 'policyDocument' in policy && policy.policyDocument.Statement[0]?.Effect === 'Allow' ? 200 : 403;
  };
  const garbage = (): string =>
    `m2m_rt_k1.${WITH_REFRESH}.1.${randomBytes(32).toString('base64url')}.${randomBytes(32).toString('base64url')}`;

  const clientCredentials = () => post(token, '/token', TOKEN_REQUEST.body, TOKEN_REQUEST.authorization);
  const withRefreshToken = () => post(token, '/token', TOKEN_REQUEST.body, asRefresher);
  return [
    {
      title: 'the first token of a new environment',
      expected: [['BatchGetItem', 'Query', 'UpdateItem'], ['GetSecretValue'], ['Sign', 'UpdateItem']],
      status: 200,
      send: clientCredentials,
    },
    { title: 'client_credentials', expected: [ADMISSION, ['Sign']], status: 200, send: clientCredentials },
    {
      title: 'with a refresh token, the first in 5 minutes with its secret',
      expected: [ADMISSION, ['PutItem', 'Sign', 'UpdateItem']],
      status: 200,
      send: withRefreshToken,
    },
    {
      title: 'client_credentials with quotas, the first in 5 minutes with its secret',
      expected: [ADMISSION, ['UpdateItem'], ['Sign', 'UpdateItem']],
      status: 200,
      send: () => post(token, '/token', TOKEN_REQUEST.body, basicAuthorization(WITH_QUOTAS, CLIENT_SECRET)),
    },
    {
      title: 'client_credentials with quotas',
      expected: [ADMISSION, ['UpdateItem'], ['Sign']],
      status: 200,
      send: () => post(token, '/token', TOKEN_REQUEST.body, basicAuthorization(WITH_QUOTAS, CLIENT_SECRET)),
    },
    {
      title: 'client_credentials by a signed assertion, the first in 5 minutes with its key',
      expected: [ADMISSION, ['PutItem'], ['Sign', 'UpdateItem']],
      status: 200,
      send: () => post(token, '/token', assertionBody(process.env['ISSUER'] ?? '')),
    },
    {
      title: 'client_credentials by a signed assertion',
      expected: [ADMISSION, ['PutItem'], ['Sign']],
      status: 200,
      send: () => post(token, '/token', assertionBody(process.env['ISSUER'] ?? '')),
    },
    {
      title: 'client_credentials with a DPoP proof',
      expected: [ADMISSION, ['PutItem', 'Sign']],
      status: 200,
      send: () => post(token, '/token', TOKEN_REQUEST.body, TOKEN_REQUEST.authorization, dpopProof(`${process.env['ISSUER'] ?? ''}/token`)),
    },
    { title: 'client_credentials with a refresh token', expected: [ADMISSION, ['PutItem', 'Sign']], status: 200, send: withRefreshToken },
    {
      title: "refresh, a new environment's first",
      expected: [['GetSecretValue'], ['BatchGetItem', 'Query', 'UpdateItem'], ['Sign'], ['UpdateItem']],
      status: 200,
      send: rotate,
    },
    { title: 'refresh', expected: [ADMISSION, ['Sign'], ['UpdateItem']], status: 200, send: rotate },
    { title: 'refresh, garbage', expected: [], status: 400, send: () => post(refresh, '/refresh', 'refresh_token=garbage') },
    {
      title: 'refresh, well-formed but forged',
      expected: [],
      status: 400,
      send: () => post(refresh, '/refresh', `refresh_token=${garbage()}`),
    },
    {
      title: '/token, forged refresh token',
      expected: [],
      status: 400,
      send: () => post(token, '/token', `grant_type=refresh_token&refresh_token=${garbage()}`, asRefresher),
    },
    {
      title: '/token, malformed body',
      expected: [],
      status: 400,
      send: () => post(token, '/token', 'grant_type=%zz', TOKEN_REQUEST.authorization),
    },
    { title: '/token, malformed credentials', expected: [], status: 401, send: () => post(token, '/token', TOKEN_REQUEST.body, 'Basic !') },
    { title: 'authorizer, feed mode, cold', expected: [], status: 200, send: () => check(feed) },
    { title: 'authorizer, feed mode, warm', expected: [], status: 200, send: () => check(feed) },
    { title: 'authorizer, table mode, cold', expected: [['Query'], ['BatchGetItem']], status: 200, send: () => check(table) },
    { title: 'authorizer, table mode, warm', expected: [['BatchGetItem']], status: 200, send: () => check(table) },
    {
      title: "a manager's token, the first in 5 minutes with its secret",
      expected: [ADMISSION, ['Sign', 'UpdateItem']],
      status: 200,
      send: () => post(token, '/token', 'grant_type=client_credentials&scope=clients:manage', basicAuthorization(MANAGER, CLIENT_SECRET)),
    },
    ...(await managementCases(() => answer.access_token ?? '')),
  ];
}
