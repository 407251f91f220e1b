// A connection is opened once and kept: a TLS handshake with each call would cost more than the call.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignCommand } from '@aws-sdk/client-kms';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, expect, it, vi } from 'vitest';
import { createKms } from '../../src/signing/kms-client.ts';
import { createDynamoDb } from '../../src/storage/dynamodb-client.ts';

afterEach(() => vi.unstubAllEnvs());

it.each([
  [
    'DynamoDB',
    'AWS_ENDPOINT_URL_DYNAMODB',
    () => {
      const client = createDynamoDb();
      return { call: () => client.send(new GetCommand({ TableName: 't', Key: { PK: 'a', SK: 'a' } })), end: () => client.destroy() };
    },
  ],
  [
    'KMS',
    'AWS_ENDPOINT_URL_KMS',
    () => {
      const client = createKms();
      const sign = () =>
        new SignCommand({ KeyId: 'k', Message: new Uint8Array(32), MessageType: 'DIGEST', SigningAlgorithm: 'ECDSA_SHA_256' });
      return { call: () => client.send(sign()), end: () => client.destroy() };
    },
  ],
] as const)('the client of %s makes all calls, one after the other, on one connection', async (_, variable, start) => {
  let [connections, calls] = [0, 0];
  const server = createServer((_request, response) => {
    calls += 1;
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end('{}');
  }).on('connection', () => void (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vi.stubEnv(variable, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAIOSFODNN7EXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  const { call, end } = start();
  for (let at = 0; at < 20; at += 1) await call();
  end();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  expect({ calls, connections }).toEqual({ calls: 20, connections: 1 });
});
