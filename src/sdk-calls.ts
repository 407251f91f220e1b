/**
 * What every AWS SDK client of ours has in common: limits that let all attempts of one call end inside our own deadline of
 * 4 s (3 attempts of 1.2 s and the pauses between them), and one way to say that a call failed. Nothing of the SDK is
 * imported, so `storage` and `signing` share this without sharing clients.
 */
import { Outage } from './outage.ts';

export const SDK_LIMITS = {
  /** The first attempt and two retries, with jittered pauses of at most 0.3 s together unless the service says "slow down". */
  maxAttempts: 3,
  requestHandler: {
    connectionTimeout: 500,
    requestTimeout: 1200,
    /** Without it the SDK only warns when `requestTimeout` has passed, and waits on. */
    throwOnRequestTimeout: true,
    /** Ends an answer that stalls after its headers. */
    socketTimeout: 1200,
  },
} as const;

/** The names under which DynamoDB, KMS and Secrets Manager say "slow down". */
const THROTTLING_NAMES: ReadonlySet<string> = new Set([
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestLimitExceededException',
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'TooManyRequestsException',
]);

/** The answer of one SDK call; every failure of it is an outage. */
export async function sdkCall<T>(dependency: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw outageOf(dependency, error);
  }
}

/** The outage that an SDK error means, whatever its class: `dependency` is `<service>:<Action>`. */
export function outageOf(dependency: string, cause: unknown): Outage {
  return new Outage(dependency, { cause, throttled: isThrottling(cause) });
}

function isThrottling(cause: unknown): boolean {
  if (typeof cause !== 'object' || cause === null) return false;
  const { name, $metadata: metadata } = cause as { name?: unknown; $metadata?: { httpStatusCode?: unknown } };
  return (typeof name === 'string' && THROTTLING_NAMES.has(name)) || metadata?.httpStatusCode === 429;
}
