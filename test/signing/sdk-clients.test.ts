// KMS and Secrets Manager clients have the limits of the DynamoDB client: an end comes, and it is told as an outage.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createKeyRing } from '../../src/signing/key-ring.ts';
import { createKms } from '../../src/signing/kms-client.ts';
import { createSecretRing } from '../../src/signing/secret-ring.ts';
import { createSecretsManager } from '../../src/signing/secrets-client.ts';
import { createTemplateKeys } from '../../src/signing/template-keys.ts';
import { createRecordsInMemory } from './records-in-memory.ts';

const NOW = 1_800_000_000;
let requests = 0;
const server = createServer((request) => {
  requests++;
  request.resume();
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_KMS: endpoint,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'test',
  });
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

it('both give up on a service that never answers, after three attempts each', async () => {
  const template = createTemplateKeys({ kms: createKms(), arns: new Map([['RS256', 'arn:aws:kms:eu-central-1:111122223333:key/1']]) });
  const calls = await Promise.allSettled([
    createKeyRing({ records: createRecordsInMemory(), template }).active('RS256', NOW),
    createSecretRing({ secrets: createSecretsManager(), secretArn: 'ring' }).currentId(NOW),
  ]);
  expect(calls).toMatchObject([
    { status: 'rejected', reason: { name: 'Outage', dependency: 'kms:GetPublicKey' } },
    { status: 'rejected', reason: { name: 'Outage', dependency: 'secretsmanager:GetSecretValue' } },
  ]);
  expect(requests).toBe(6);
});
