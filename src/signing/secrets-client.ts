// The Secrets Manager client: made once per execution environment, outside the handler.
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SDK_LIMITS } from '../sdk-calls.ts';

/** Region, credentials and AWS_ENDPOINT_URL_SECRETS_MANAGER come from the environment, which the SDK reads itself. */
export const createSecretsManager = (): SecretsManagerClient => new SecretsManagerClient(SDK_LIMITS);
