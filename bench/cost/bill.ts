// From what a request uses to what it costs: counted calls, units and bytes times published prices. Pure.
import { PRICES } from './prices.ts';
import type { Usage } from './metered-requests.ts';

/** US dollars for a million requests, by whom it is paid for. */
export type Bill = {
  readonly 'API Gateway': number;
  readonly Lambda: number;
  readonly DynamoDB: number;
  readonly KMS: number;
  readonly events: number;
  readonly logs: number;
  readonly egress: number;
};

/**
 * How long an AWS call keeps the function waiting, in milliseconds: within one Region, on a connection that is open. KMS: PLATFORM's
 * published measurement; DynamoDB: "single-digit milliseconds". To be confirmed on the first deployment.
 */
export const CALL_MS = { dynamodb: 5, kms: 15 } as const;

/** Lambda gives one whole core for this many megabytes (https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html). */
const MEGABYTES_OF_A_CORE = 1769;
/** CloudWatch Logs charges for each event beside its text. */
const LOG_EVENT_BYTES = 26;

export type Circumstances = {
  readonly memoryMb: number;
  /** Processor time of our own code, in milliseconds of a whole core. */
  readonly processorMs: number;
  /** The same of one call through the SDK. */
  readonly sdkCallMs: number;
  /** Which API Gateway request is paid for; none for an authorizer, whose API is somebody else's. */
  readonly apiRequest: number;
  readonly accessLogBytes: number;
  readonly kmsSign: number;
};

const isKms = (call: string): boolean => call === 'Sign';

/** Milliseconds that one request keeps its environment busy. */
export function durationMs({ waits }: Usage, { memoryMb, processorMs, sdkCallMs }: Circumstances): number {
  const waiting = waits.reduce((sum, calls) => sum + (calls.some(isKms) ? CALL_MS.kms : CALL_MS.dynamodb), 0);
  const working = processorMs + waits.flat().length * sdkCallMs;
  return waiting + working * Math.max(1, MEGABYTES_OF_A_CORE / memoryMb);
}

export function billOf(usage: Usage, circumstances: Circumstances): Bill {
  const million = 1e6;
  // Billed in whole milliseconds.
  const seconds = Math.ceil(durationMs(usage, circumstances)) / 1000;
  const logBytes = usage.logBytes + usage.logLines * LOG_EVENT_BYTES + circumstances.accessLogBytes;
  return {
    'API Gateway': circumstances.apiRequest * million,
    Lambda: (PRICES.lambdaRequest + seconds * (circumstances.memoryMb / 1024) * PRICES.lambdaGbSecond) * million,
    DynamoDB: (usage.readUnits * PRICES.readUnit + usage.writeUnits * PRICES.writeUnit) * million,
    KMS: usage.waits.flat().filter(isKms).length * circumstances.kmsSign * million,
    events: usage.events * (PRICES.pipeEvent + PRICES.busEvent) * million,
    logs: logBytes * PRICES.logByte * million,
    egress: usage.answerBytes * PRICES.egressByte * million,
  };
}

export const totalOf = (bill: Bill): number => Object.values(bill).reduce((sum, part) => sum + part, 0);
