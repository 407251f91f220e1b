/**
 * The calls that the stores make, each one SDK call with its failure told as `Outage`. A failed condition is an answer, not a
 * failure. Expressions are the stores' own: they are the security property and stand in plain sight there.
 */
import {
  BatchGetCommand,
  type BatchGetCommandOutput,
  GetCommand,
  PutCommand,
  type PutCommandInput,
  QueryCommand,
  type QueryCommandInput,
  UpdateCommand,
  type UpdateCommandInput,
  type DynamoDBDocumentClient,
} from '@aws-sdk/lib-dynamodb';
import { DEADLINE_MS } from '../deadline.ts';
import { Outage } from '../outage.ts';
import { outageOf, sdkCall } from '../sdk-calls.ts';
import type { Item } from './item.ts';
import { keyText, type Key } from './keys.ts';

export type Table = { readonly table: string; readonly dynamodb: DynamoDBDocumentClient };

/** Most keys that one BatchGetItem takes. */
export const BATCH_KEYS_MAX = 100;

/** One consistent GetItem. */
export async function getItem({ table, dynamodb }: Table, key: Key): Promise<Item | undefined> {
  const get = new GetCommand({ TableName: table, Key: key, ConsistentRead: true });
  const answer = await sdkCall('dynamodb:GetItem', () => dynamodb.send(get));
  return answer.Item;
}

/**
 * One strongly consistent BatchGetItem, answering the items by `keyText`; no call for no keys. Keys that DynamoDB left
 * unprocessed mean that it throttled: deciding on half an answer could miss a revocation.
 */
export async function getItems({ table, dynamodb }: Table, keys: readonly Key[]): Promise<ReadonlyMap<string, Item>> {
  if (keys.length === 0) return new Map();
  // DynamoDB refuses a batch that names a key twice.
  const distinct = [...new Map(keys.map((key) => [keyText(key), key])).values()];
  const get = new BatchGetCommand({ RequestItems: { [table]: { Keys: distinct, ConsistentRead: true } } });
  const answer: BatchGetCommandOutput = await sdkCall('dynamodb:BatchGetItem', () => dynamodb.send(get));
  if (Object.values(answer.UnprocessedKeys ?? {}).some((left) => (left.Keys ?? []).length > 0))
    throw new Outage('dynamodb:BatchGetItem', { throttled: true });
  return new Map((answer.Responses?.[table] ?? []).map((item) => [keyText(item as Key), item]));
}

/**
 * A write that is still being retried when its caller has had a 503 is given up: in a frozen environment it would commit minutes
 * later, with the times of then.
 */
const inTime = (): { readonly abortSignal: AbortSignal } => ({ abortSignal: AbortSignal.timeout(DEADLINE_MS) });

/** One PutItem; false when its condition failed. */
export async function putItem({ table, dynamodb }: Table, input: Omit<PutCommandInput, 'TableName'>): Promise<boolean> {
  const put = new PutCommand({ TableName: table, ...input });
  const answer = await conditional('dynamodb:PutItem', () => dynamodb.send(put, inTime()));
  return answer !== undefined;
}

/** One UpdateItem, answering what `ReturnValues` asked for; undefined when its condition failed. */
export async function updateItem({ table, dynamodb }: Table, input: Omit<UpdateCommandInput, 'TableName'>): Promise<Item | undefined> {
  const update = new UpdateCommand({ TableName: table, ...input });
  const answer = await conditional('dynamodb:UpdateItem', () => dynamodb.send(update, inTime()));
  return answer === undefined ? undefined : (answer.Attributes ?? {});
}

/** One Query. */
export async function queryPage({ table, dynamodb }: Table, input: Omit<QueryCommandInput, 'TableName'>): Promise<readonly Item[]> {
  const answer = await sdkCall('dynamodb:Query', () => dynamodb.send(new QueryCommand({ TableName: table, ...input })));
  return answer.Items ?? [];
}

/** All pages of a Query, one call each. */
export async function queryAll({ table, dynamodb }: Table, input: Omit<QueryCommandInput, 'TableName'>): Promise<readonly Item[]> {
  const items: Item[] = [];
  let start: QueryCommandInput['ExclusiveStartKey'];
  do {
    const query = new QueryCommand({ TableName: table, ...input, ExclusiveStartKey: start });
    const answer = await sdkCall('dynamodb:Query', () => dynamodb.send(query));
    items.push(...(answer.Items ?? []));
    start = answer.LastEvaluatedKey;
  } while (start !== undefined);
  return items;
}

async function conditional<T>(dependency: string, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return undefined;
    throw outageOf(dependency, error);
  }
}
