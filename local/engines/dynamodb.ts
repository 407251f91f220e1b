// DynamoDB as the SDK calls it, on the table store; and the deletion of what has expired.
import { dynamodbQuestions } from '../iam/dynamodb-questions.ts';
import type { TableSpec } from '../template/state.ts';
import { AwsError, type AwsService } from './aws-endpoint.ts';
import { isOperation, operations, validations, type DynaliteError, type Item, type Request } from './dynalite.ts';
import type { TableStore } from './table-store.ts';

const NAMESPACE = 'com.amazonaws.dynamodb.v20120810#';

export function createDynamoDb(table: TableSpec, tableStore: TableStore): AwsService {
  return {
    name: 'dynamodb',
    questions(operation, input) {
      if (!isOperation(operation))
        throw new AwsError(`${NAMESPACE}UnknownOperationException`, `the local DynamoDB does not know ${operation}`);
      return dynamodbQuestions(operation, input, table);
    },
    execute: (operation, input) => execute(tableStore, operation, input),
  };
}

function execute({ store }: TableStore, operation: string, input: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      reject(isDynaliteError(error) ? awsErrorFrom(error) : error instanceof Error ? error : new Error(String(error)));
    };
    const known = isOperation(operation) ? operations.get(operation) : undefined;
    if (!known) {
      fail(new AwsError(`${NAMESPACE}UnknownOperationException`, operation));
      return;
    }
    const returnOld = (input as Request).ReturnValuesOnConditionCheckFailure;
    try {
      const request = validations.checkTypes(input, known.validation.types);
      validations.checkValidations(request, known.validation.types, known.validation.custom, store);
      // dynalite's validation drops what it does not know.
      if (returnOld !== undefined) request.ReturnValuesOnConditionCheckFailure = returnOld;
      known.action(store, request, (error, value) => {
        if (error) fail(error);
        else resolve(value);
      });
    } catch (error) {
      fail(error);
    }
  });
}

const isDynaliteError = (error: unknown): error is DynaliteError => error instanceof Error && 'statusCode' in error && 'body' in error;

function awsErrorFrom({ statusCode, body, message }: DynaliteError): AwsError {
  const { __type: type, message: text = message, ...members } = body;
  return new AwsError(String(type), String(text), { status: statusCode, members });
}

/** Deletes items whose time to live is over, as DynamoDB does in the background. Resolves with how many. */
export async function deleteExpired(table: TableSpec, tableStore: TableStore, now: number): Promise<number> {
  const attribute = table.timeToLive;
  if (attribute === undefined) return 0;
  let deleted = 0;
  for await (const key of tableStore.expiry.expired(tableStore.store.db, now))
    if (await deleteIfExpired(table, tableStore, key, attribute, now)) deleted += 1;
  return deleted;
}

/** On condition that it is still expired: it may have been written again since it was read. */
async function deleteIfExpired(table: TableSpec, tableStore: TableStore, key: Item, attribute: string, now: number): Promise<boolean> {
  try {
    await execute(tableStore, 'DeleteItem', {
      TableName: table.name,
      Key: key,
      ConditionExpression: '#expiry <= :now',
      ExpressionAttributeNames: { '#expiry': attribute },
      ExpressionAttributeValues: { ':now': { N: String(now) } },
    });
    return true;
  } catch (error) {
    if (error instanceof AwsError) return false;
    throw error;
  }
}
