// The DynamoDB client: made once per execution environment, outside the handler, so that connections are kept alive between calls.
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { SDK_LIMITS } from '../sdk-calls.ts';

/** Region, credentials and AWS_ENDPOINT_URL_DYNAMODB come from the environment, which the SDK reads itself. */
export function createDynamoDb(limits: DynamoDBClientConfig = SDK_LIMITS): DynamoDBDocumentClient {
  const marshallOptions = { removeUndefinedValues: true };
  return DynamoDBDocumentClient.from(new DynamoDBClient(limits), { marshallOptions });
}
