// The KMS client: made once per execution environment, outside the handler, so that connections are kept alive between calls.
import { KMSClient } from '@aws-sdk/client-kms';
import { SDK_LIMITS } from '../sdk-calls.ts';

/** Region, credentials and AWS_ENDPOINT_URL_KMS come from the environment, which the SDK reads itself. */
export const createKms = (): KMSClient => new KMSClient(SDK_LIMITS);

/** For CreateKey: sent once, because a repeat makes a second key; and given its time, because nobody waits for it. */
export const createKmsOnce = (): KMSClient =>
  new KMSClient({ maxAttempts: 1, requestHandler: { ...SDK_LIMITS.requestHandler, requestTimeout: 10_000, socketTimeout: 10_000 } });
