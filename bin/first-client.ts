/**
 * Registers the first client of a deployed service, one that may register the others, and prints its secret, once.
 * Needs AWS credentials that may read the ring and put items into the table: whoever has them rules the service anyway.
 * `TABLE_NAME` and `RING_SECRET_ARN` are outputs of the service stack (docs/operations.md#the-first-client).
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { clientCreated } from '../src/audit/events.ts';
import { readClientMetadata } from '../src/clients/client-metadata.ts';
import { newClient } from '../src/endpoints/new-client.ts';
import { ConfigurationError, required } from '../src/environment.ts';
import { Outage } from '../src/outage.ts';
import { createSecretRing } from '../src/signing/secret-ring.ts';
import { createSecretsManager } from '../src/signing/secrets-client.ts';
import { createClientStore } from '../src/storage/client-store.ts';
import { createDynamoDb } from '../src/storage/dynamodb-client.ts';

async function registerFirstClient(): Promise<{ client_id: string; client_secret: string }> {
  const store = createClientStore({ table: required(process.env, 'TABLE_NAME'), dynamodb: createDynamoDb() });
  const ring = createSecretRing({ secrets: createSecretsManager(), secretArn: required(process.env, 'RING_SECRET_ARN') });
  const metadata = readClientMetadata({ client_name: 'operator', scope: 'clients:manage', access_token_lifetime: 300 });
  if (!metadata.ok) throw new Error(`${metadata.failure.field} ${metadata.failure.problem}`);
  const nowMs = Date.now();
  const { client, secret } = await newClient(metadata.value, Math.floor(nowMs / 1000), { ring, random: randomBytes });
  const facts = { eventId: randomUUID(), ip: '', userAgent: 'first-client', traceId: randomBytes(16).toString('hex'), nowMs };
  await store.create(client, clientCreated(facts, { client_id: client.client_id, reason: 'first_client' }));
  return { client_id: client.client_id, client_secret: secret };
}

try {
  console.log(JSON.stringify(await registerFirstClient()));
} catch (error) {
  if (error instanceof ConfigurationError) console.error(`${error.message}. See docs/operations.md#the-first-client.`);
  else if (error instanceof Outage)
    console.error(`${error.message}: ${String(error.cause)}. Check your AWS credentials, their permissions and AWS_REGION.`);
  else throw error;
  process.exitCode = 1;
}
