// What one call through the AWS SDK costs its caller in processor time: marshalling, signing, HTTP. Waiting costs none.
import { BatchGetCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createDynamoDb } from '../../src/storage/dynamodb-client.ts';
import { startChild } from '../child.ts';
import { functionEnvironment, TABLE_NAME } from '../function-environment.ts';

const WARM_UP_CALLS = 500;
const CALLS = 3000;
const AT_ONCE = 8;

/** Milliseconds of one core. */
export async function sdkCallMs(): Promise<number> {
  const { child, hello } = await startChild('cost/aws-stub-process.ts');
  const environment = process.env;
  const stub = `http://127.0.0.1:${(hello as { port: number }).port}`;
  process.env = { ...environment, ...functionEnvironment(), AWS_ENDPOINT_URL_DYNAMODB: stub };
  const dynamodb = createDynamoDb();
  await makeCalls(dynamodb, WARM_UP_CALLS);
  const before = process.cpuUsage();
  await makeCalls(dynamodb, CALLS);
  const { user, system } = process.cpuUsage(before);
  dynamodb.destroy();
  process.env = environment;
  await child.stop();
  return (user + system) / 1000 / CALLS;
}

async function makeCalls(dynamodb: DynamoDBDocumentClient, calls: number): Promise<void> {
  let left = calls;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await dynamodb.send(
        new BatchGetCommand({ RequestItems: { [TABLE_NAME]: { Keys: [{ PK: 'CLIENT#a', SK: 'CLIENT' }], ConsistentRead: true } } }),
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, caller));
}
