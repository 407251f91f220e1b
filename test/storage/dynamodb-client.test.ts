// The client's limits, against servers that misbehave. Time is not measured: what counts is that an end comes, and how it is told.
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { SDK_LIMITS } from '../../src/sdk-calls.ts';
import { createDynamoDb } from '../../src/storage/dynamodb-client.ts';
import { clientKey } from '../../src/storage/keys.ts';
import { getItem } from '../../src/storage/table.ts';

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
});

async function serve(answer: (response: ServerResponse) => void): Promise<{ requests: () => number; connections: () => number }> {
  let [requests, connections] = [0, 0];
  const started = createServer((request, response) => {
    requests++;
    request.resume();
    request.on('end', () => answer(response));
  });
  started.on('connection', () => connections++);
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  server = started;
  process.env['AWS_ENDPOINT_URL_DYNAMODB'] = `http://127.0.0.1:${(started.address() as AddressInfo).port}`;
  process.env['AWS_REGION'] = 'eu-central-1';
  process.env['AWS_ACCESS_KEY_ID'] = 'AKIAIOSFODNN7EXAMPLE';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
  return { requests: () => requests, connections: () => connections };
}
const table = () => ({ table: 'service', dynamodb: createDynamoDb() });
const json = { 'content-type': 'application/x-amz-json-1.0' };

describe('the DynamoDB client', () => {
  it('gives up on a server that never answers, after three attempts', async () => {
    const { requests } = await serve(() => undefined);
    await expect(getItem(table(), clientKey('c'))).rejects.toMatchObject({
      dependency: 'dynamodb:GetItem',
      cause: { name: 'TimeoutError' },
    });
    expect(requests()).toBe(3);
  });

  it('gives up on an answer that stalls in its middle', async () => {
    await serve((response) => {
      response.writeHead(200, { ...json, 'content-length': '100' });
      response.write('{"Item":');
    });
    await expect(getItem(table(), clientKey('c'))).rejects.toMatchObject({ dependency: 'dynamodb:GetItem' });
  });

  it('says that a throttling service throttled, after three attempts', async () => {
    const { requests } = await serve((response) => {
      response.writeHead(400, json);
      response.end(
        JSON.stringify({ __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException', message: 'slow down' }),
      );
    });
    await expect(getItem(table(), clientKey('c'))).rejects.toMatchObject({ dependency: 'dynamodb:GetItem', throttled: true });
    expect(requests()).toBe(3);
  });

  it('gets over a server that fails twice', async () => {
    let failures = 2;
    await serve((response) => {
      response.writeHead(failures-- > 0 ? 500 : 200, json);
      response.end(failures >= 0 ? JSON.stringify({ __type: 'InternalServerError' }) : '{}');
    });
    expect(await getItem(table(), clientKey('c'))).toBeUndefined();
  });

  it('is an outage where nobody listens', async () => {
    await serve(() => undefined);
    await new Promise((resolve) => server?.close(resolve));
    server = undefined;
    await expect(getItem(table(), clientKey('c'))).rejects.toMatchObject({ dependency: 'dynamodb:GetItem', throttled: false });
  });

  it('keeps its connection from one call to the next', async () => {
    const { connections } = await serve((response) => {
      response.writeHead(200, json);
      response.end('{}');
    });
    const one = table();
    for (let call = 0; call < 3; call++) await getItem(one, clientKey('c'));
    expect(connections()).toBe(1);
  });
});

it('all attempts of a call fit into the deadline of 4 s, with the pauses between them', () => {
  expect(SDK_LIMITS.maxAttempts * SDK_LIMITS.requestHandler.requestTimeout).toBeLessThan(4000 - 300);
});
