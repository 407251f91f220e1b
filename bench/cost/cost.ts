/**
 * What it costs: calls, units and bytes counted on the deployed handlers, processor time measured, everything multiplied by published
 * prices. Fails when a million tokens cost more than promised.
 */
import { startChild } from '../child.ts';
import type { InProcessName, InProcessSlice } from '../in-process/slice.ts';
import type { Bench, BenchOptions } from '../options.ts';
import { printTable } from '../table.ts';
import { billOf, CALL_MS, durationMs, totalOf, type Bill, type Circumstances } from './bill.ts';
import { deployment, type Deployment } from './deployment.ts';
import { meteredRequests, type RequestName, type Usage } from './metered-requests.ts';
import { cognitoMonth, PRICES } from './prices.ts';
import { sdkCallMs } from './sdk-call-time.ts';

/** US dollars for a million tokens, `client_credentials`. */
const PROMISED = { kms: 6, delegated: 3 } as const;
const MILLION = 1_000_000;
/** As an environment of Lambda has its requests. */
const CONCURRENCY = 1;

export const cost: Bench = {
  title: `US dollars a million requests (us-east-1, October 2026; AWS calls taken to last ${CALL_MS.dynamodb} ms, KMS ${CALL_MS.kms} ms)`,
  async run(options) {
    const [kms, delegated] = [await meteredRequests('kms'), await meteredRequests('delegated')];
    const deployed = await deployment();
    const rows = ways(deployed, await processorTimes(options));
    const bills = rows.map(({ title, mode, request, circumstances }) => {
      const usage = (mode === 'kms' ? kms : delegated)[request];
      return { title, bill: billOf(usage, circumstances), ms: durationMs(usage, circumstances), usage };
    });
    printBills(bills);
    printUsage(bills);
    printMonth(deployed);
    return printPromise(bills);
  },
};

type Way = {
  readonly title: string;
  readonly mode: 'kms' | 'delegated';
  readonly request: RequestName;
  readonly circumstances: Circumstances;
};
type Billed = { readonly title: string; readonly bill: Bill; readonly ms: number; readonly usage: Usage };

const KMS_RS256 = 'client_credentials, kms, RS256';
const DELEGATED_RS256 = 'client_credentials, delegated, RS256';

/** What is billed: who signs how, in which function, behind which API. */
function ways(deployed: Deployment, times: ProcessorTimes): readonly Way[] {
  const issuing = (memory: string, processorMs: number, kmsSign: number): Circumstances => ({
    memoryMb: deployed.memoryMb(memory),
    processorMs,
    sdkCallMs: times.sdkCallMs,
    apiRequest: PRICES.httpApiRequest,
    accessLogBytes: deployed.accessLogBytes,
    kmsSign,
  });
  const [inToken, inRefresh] = ['token endpoint', 'refresh token rotation'];
  const token = (processorMs: number, kmsSign: number) => issuing(inToken, processorMs, kmsSign);
  const authorizer = {
    ...token(times.beyondSigningMs, 0),
    apiRequest: 0,
    accessLogBytes: 0,
    memoryMb: deployed.memoryMb('Lambda authorizer'),
  };
  return [
    { title: KMS_RS256, mode: 'kms', request: 'client_credentials', circumstances: token(times.beyondSigningMs, PRICES.kmsRequest) },
    {
      title: 'the same, a client that asks every ten minutes',
      mode: 'kms',
      request: 'client_credentials, rare',
      circumstances: token(times.beyondSigningMs, PRICES.kmsRequest),
    },
    {
      title: 'client_credentials, kms, ES256 or EdDSA',
      mode: 'kms',
      request: 'client_credentials',
      circumstances: token(times.beyondSigningMs, PRICES.kmsEccRequest),
    },
    { title: DELEGATED_RS256, mode: 'delegated', request: 'client_credentials', circumstances: token(times.withSignatureMs, 0) },
    {
      title: 'the same, a client that asks every ten minutes, delegated',
      mode: 'delegated',
      request: 'client_credentials, rare',
      circumstances: token(times.withSignatureMs, 0),
    },
    {
      title: 'with a refresh token, kms, RS256',
      mode: 'kms',
      request: 'with a refresh token',
      circumstances: token(times.beyondSigningMs, PRICES.kmsRequest),
    },
    {
      title: 'refresh, kms, RS256',
      mode: 'kms',
      request: 'refresh',
      circumstances: issuing(inRefresh, times.beyondSigningMs, PRICES.kmsRequest),
    },
    {
      title: 'refresh, delegated, RS256',
      mode: 'delegated',
      request: 'refresh',
      circumstances: issuing(inRefresh, times.withSignatureMs, 0),
    },
    { title: "authorizer, feed, beside the API's own price", mode: 'kms', request: 'authorizer, feed', circumstances: authorizer },
    { title: "authorizer, table, beside the API's own price", mode: 'kms', request: 'authorizer, table', circumstances: authorizer },
  ];
}

type ProcessorTimes = { readonly beyondSigningMs: number; readonly withSignatureMs: number; readonly sdkCallMs: number };

/** The token handler's own processor time, ports in memory: with the signature, and without it where KMS makes it. */
async function processorTimes({ sliceSeconds }: BenchOptions): Promise<ProcessorTimes> {
  const { child } = await startChild('in-process/slice-process.ts', 'RS256');
  const usOf = async (name: InProcessName): Promise<number> => {
    const question = { name, concurrency: CONCURRENCY, seconds: sliceSeconds };
    await child.ask<InProcessSlice>(question);
    return (await child.ask<InProcessSlice>(question)).processorUs;
  };
  const [whole, signature] = [await usOf('m2m-auth on the spot'), await usOf('signature on the spot')];
  await child.stop();
  return { withSignatureMs: whole / 1000, beyondSigningMs: (whole - signature) / 1000, sdkCallMs: await sdkCallMs() };
}

const dollars = (amount: number): string => amount.toFixed(2);

function printBills(billed: readonly Billed[]): void {
  const parts = Object.keys(billed[0]?.bill ?? {}) as (keyof Bill)[];
  printTable(
    ['US dollars a million', ...parts, 'total'],
    billed.map(({ title, bill }) => [title, ...parts.map((part) => dollars(bill[part])), dollars(totalOf(bill))]),
  );
}

function printUsage(billed: readonly Billed[]): void {
  printTable(
    ['what was counted', 'AWS calls', 'read units', 'write units', 'events', 'log bytes', 'answer bytes', 'ms busy'],
    billed.map(({ title, usage, ms }) => [
      title,
      String(usage.waits.flat().length),
      usage.readUnits.toFixed(1),
      usage.writeUnits.toFixed(1),
      usage.events.toFixed(1),
      String(Math.round(usage.logBytes)),
      String(Math.round(usage.answerBytes)),
      ms.toFixed(1),
    ]),
  );
}

/** EMF makes a metric of each endpoint and outcome that occurs; so many are usual. */
const METRICS_IN_USE = 20;

function printMonth(deployed: Deployment): void {
  const fixed = [
    ['KMS keys', deployed.count('AWS::KMS::Key') * PRICES.kmsKeyMonth],
    ['secrets', deployed.count('AWS::SecretsManager::Secret') * PRICES.secretMonth],
    ['alarms', deployed.count('AWS::CloudWatch::Alarm') * PRICES.alarmMonth],
    [`metrics, about ${METRICS_IN_USE}`, METRICS_IN_USE * PRICES.metricMonth],
  ] as const;
  const total = fixed.reduce((sum, [, amount]) => sum + amount, 0);
  printTable(
    ['each month, whatever is asked', 'US dollars'],
    [...fixed.map(([what, amount]) => [what, dollars(amount)]), ['total', dollars(total)]],
  );
}

/** Both modes beside Cognito for months of several sizes, and whether the promise holds. */
function printPromise(billed: readonly Billed[]): boolean {
  const perToken = (title: string): number => totalOf(billed.find((one) => one.title === title)?.bill ?? ({} as Bill)) / MILLION;
  const [kms, delegated] = [perToken(KMS_RS256), perToken(DELEGATED_RS256)];
  printTable(
    ['tokens a month', 'kms, RS256', 'delegated, RS256', 'Amazon Cognito'],
    [MILLION, 10 * MILLION, 100 * MILLION].map((tokens) => [
      tokens.toLocaleString('en-US'),
      dollars(kms * tokens),
      dollars(delegated * tokens),
      dollars(cognitoMonth(tokens)),
    ]),
  );
  const verdict = (amount: number, promised: number): string => (amount * MILLION <= promised ? 'ok' : 'MORE');
  printTable(
    ['a million tokens', 'promised at most', 'US dollars', ''],
    [
      ['kms, RS256', dollars(PROMISED.kms), dollars(kms * MILLION), verdict(kms, PROMISED.kms)],
      ['delegated, RS256', dollars(PROMISED.delegated), dollars(delegated * MILLION), verdict(delegated, PROMISED.delegated)],
    ],
  );
  return kms * MILLION <= PROMISED.kms && delegated * MILLION <= PROMISED.delegated;
}
