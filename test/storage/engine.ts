// A real DynamoDB-protocol engine (dynalite, in memory, over HTTP) with the service's table, for one test file.
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, GetCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { SDK_LIMITS } from '../../src/sdk-calls.ts';
import { createDynamoDb } from '../../src/storage/dynamodb-client.ts';
import type { Item } from '../../src/storage/item.ts';
import type { Key } from '../../src/storage/keys.ts';
import { FEED_INDEX, LISTING_INDEX, TABLE } from '../../src/storage/table-schema.ts';
import type { Table } from '../../src/storage/table.ts';

/** dynalite is CommonJS and comes without types. */
const dynalite = createRequire(import.meta.url)('dynalite') as (options: Record<string, unknown>) => Server;

export type Engine = Table & {
  item(key: Key): Promise<Item | undefined>;
  put(item: Item): Promise<void>;
  remove(key: Key): Promise<void>;
  items(): Promise<readonly Item[]>;
  close(): Promise<void>;
};

/** The client under test is the service's own, pointed at the engine as a deployed one could be: by its environment. */
export async function startEngine(): Promise<Engine> {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env['AWS_ENDPOINT_URL_DYNAMODB'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env['AWS_REGION'] = 'eu-central-1';
  process.env['AWS_ACCESS_KEY_ID'] = 'AKIAIOSFODNN7EXAMPLE';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
  const table = 'service';
  // No time limits: a slow machine must not fail a test.
  const dynamodb = createDynamoDb({ maxAttempts: SDK_LIMITS.maxAttempts });
  await createTable({ table, dynamodb });
  return {
    table,
    dynamodb,
    item: async (key) => (await dynamodb.send(new GetCommand({ TableName: table, Key: key, ConsistentRead: true }))).Item,
    put: async (item) => {
      await dynamodb.send(new PutCommand({ TableName: table, Item: item }));
    },
    remove: async (key) => {
      await dynamodb.send(new DeleteCommand({ TableName: table, Key: key }));
    },
    items: async () => (await dynamodb.send(new ScanCommand({ TableName: table }))).Items ?? [],
    close: async () => {
      dynamodb.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function createTable({ table, dynamodb }: Table): Promise<void> {
  const indexKeys = (hash: string, range: string) => [
    { AttributeName: hash, KeyType: 'HASH' as const },
    { AttributeName: range, KeyType: 'RANGE' as const },
  ];
  const names = new Set([TABLE.partitionKey, TABLE.sortKey, FEED_INDEX.partitionKey, FEED_INDEX.sortKey, LISTING_INDEX.partitionKey]);
  await dynamodb.send(
    new CreateTableCommand({
      TableName: table,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [...names].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: indexKeys(TABLE.partitionKey, TABLE.sortKey),
      GlobalSecondaryIndexes: [
        {
          IndexName: FEED_INDEX.name,
          KeySchema: indexKeys(FEED_INDEX.partitionKey, FEED_INDEX.sortKey),
          Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...FEED_INDEX.projected] },
        },
        {
          IndexName: LISTING_INDEX.name,
          KeySchema: indexKeys(LISTING_INDEX.partitionKey, LISTING_INDEX.sortKey),
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
    }),
  );
  for (;;) {
    const { Table: described } = await dynamodb.send(new DescribeTableCommand({ TableName: table }));
    if (described?.TableStatus === 'ACTIVE' && described.GlobalSecondaryIndexes?.every(({ IndexStatus }) => IndexStatus === 'ACTIVE'))
      return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
