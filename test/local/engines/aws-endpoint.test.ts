import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startAwsEndpoint, type AwsEndpoint } from '../../../local/engines/aws-endpoint.ts';
import { createDynamoDb } from '../../../local/engines/dynamodb.ts';
import type { FaultMode } from '../../../local/engines/faults.ts';
import { openTableStore, type TableStore } from '../../../local/engines/table-store.ts';
import type { Credentials } from '../../../local/functions/variables.ts';
import { createAccessCheck } from '../../../local/iam/access.ts';
import { principalOf } from '../../../local/iam/principals.ts';
import { createDynamoDb as createSdk } from '../../../src/storage/dynamodb-client.ts';
import { TABLE } from '../table.ts';

const policy = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'dynamodb:GetItem', Resource: TABLE.arn }],
};
const { principal, credentials } = principalOf(
  { arn: 'arn:aws:iam::000000000000:role/reader', name: 'reader', policies: [{ name: 'p', policy }] },
  'fn',
);
let fault: FaultMode = 'ok';
let tableStore: TableStore;
let endpoint: AwsEndpoint;
const problems: string[] = [];
beforeAll(async () => {
  tableStore = await openTableStore({ table: TABLE, pipes: [], path: undefined, deliver: () => Promise.resolve(), missing: undefined });
  endpoint = await startAwsEndpoint({
    services: new Map([['DynamoDB_20120810', createDynamoDb(TABLE, tableStore)]]),
    principals: [principal],
    allowed: createAccessCheck(),
    faultOf: () => fault,
    onProblem: (text) => problems.push(text),
  });
});
afterAll(async () => {
  await endpoint.close();
  await tableStore.close();
});
beforeEach(() => {
  fault = 'ok';
});

/** Patient, so that only the fault that is slow runs into the limit. */
const sdk = (as: Credentials = credentials, requestTimeout = 30_000) =>
  createSdk({
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${endpoint.port}`,
    credentials: as,
    maxAttempts: 1,
    requestHandler: { requestTimeout, throwOnRequestTimeout: true },
  });
const Key = { PK: { S: 'a' }, SK: { S: 'b' } };
const get = new GetItemCommand({ TableName: TABLE.name, Key });

describe('a call of the SDK', () => {
  it('is served when the role of its access key allows it', async () => {
    expect((await sdk().send(get)).Item).toBeUndefined();
  });
  it('is refused as AWS refuses it when the role does not, and the operator is told', async () => {
    await expect(sdk().send(new PutItemCommand({ TableName: TABLE.name, Item: Key }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('assumed-role/reader/fn is not authorized to perform: dynamodb:PutItem') as string,
    });
    expect(problems.at(-1)).toContain('dynamodb:PutItem');
    expect((await sdk().send(get)).Item).toBeUndefined();
  });
  it('is refused with an access key that nobody was given', async () => {
    await expect(sdk({ ...credentials, accessKeyId: 'ASIAOTHER' }).send(get)).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
    });
  });
  it.each([
    ['throttle', 'ProvisionedThroughputExceededException'],
    ['down', 'ECONNRESET'],
    ['slow', 'TimeoutError'],
  ] as const)('fails while the fault is %s, and succeeds after', async (mode, failure) => {
    fault = mode;
    const error: unknown = await sdk(credentials, mode === 'slow' ? 300 : undefined)
      .send(get)
      .then(
        () => undefined,
        (reason: unknown) => reason,
      );
    expect(`${(error as Error).name} ${(error as NodeJS.ErrnoException).code ?? ''}`).toContain(failure);
    fault = 'ok';
    expect((await sdk().send(get)).Item).toBeUndefined();
  });
});
