// The ring of MAC keys and peppers: one Secrets Manager value, kept for 5 minutes (DESIGN section 5, "Keys and peppers").
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SecretRing } from '../endpoints/stores.ts';
import { ConfigurationError } from '../environment.ts';
import { sdkCall } from '../sdk-calls.ts';
import { createCachedValue } from './cached-value.ts';
import { parseRing, RING_KEY_ID_PATTERN, type Ring } from './ring-value.ts';

/** Half of the time that a new key waits before it mints, so that every environment knows it by then. */
const RING_MAX_AGE_SECONDS = 5 * 60;

export function createSecretRing({ secrets, secretArn }: { secrets: SecretsManagerClient; secretArn: string }): SecretRing {
  const ring = createCachedValue<Ring>({ fetch: () => fetchRing(secrets, secretArn), maxAgeSeconds: RING_MAX_AGE_SECONDS });
  return {
    async currentId(now) {
      return (await ring.get(now)).currentId(now);
    },
    async key(id, use, now) {
      // No ring ever holds such an id: not worth asking for again.
      if (!RING_KEY_ID_PATTERN.test(id)) return undefined;
      return (await ring.get(now)).derivedKey(id, use) ?? (await ring.refetch(now)).derivedKey(id, use);
    },
  };
}

async function fetchRing(secrets: SecretsManagerClient, secretArn: string): Promise<Ring> {
  const answer = await sdkCall('secretsmanager:GetSecretValue', () => secrets.send(new GetSecretValueCommand({ SecretId: secretArn })));
  if (answer.SecretString === undefined) throw new ConfigurationError('RING_SECRET_ARN', 'names a secret without a string value');
  return parseRing(answer.SecretString);
}
