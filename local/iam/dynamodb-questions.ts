// What a DynamoDB call must be allowed to do: action, table or index, and the partition keys that it touches.
import type { KeySchema, TableSpec } from '../template/state.ts';
import type { AccessQuestion } from './access.ts';

type AttributeValue = { readonly S?: string; readonly N?: string; readonly B?: string };
type Item = Readonly<Record<string, AttributeValue | undefined>>;
type Keyed = { readonly Key?: Item; readonly Item?: Item };
type Input = Keyed & {
  readonly TableName?: string;
  readonly IndexName?: string;
  readonly KeyConditionExpression?: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Item;
  readonly Select?: string;
  readonly RequestItems?: Readonly<Record<string, unknown>>;
};

export function dynamodbQuestions(operation: string, input: unknown, table: TableSpec): readonly AccessQuestion[] {
  const request = input as Input;
  const partitionKey = hashKeyOf(table.keySchema);
  const ask = (leadingKeys: readonly string[], indexName?: string): AccessQuestion => ({
    action: `dynamodb:${operation}`,
    resource: indexName === undefined ? table.arn : `${table.arn}/index/${indexName}`,
    context: {
      ...(leadingKeys.length > 0 ? { 'dynamodb:LeadingKeys': leadingKeys } : {}),
      ...(request.Select === undefined ? {} : { 'dynamodb:Select': request.Select }),
    },
  });
  switch (operation) {
    case 'BatchGetItem':
      return [
        ask(
          Object.values(request.RequestItems ?? {}).flatMap((part) =>
            keysOf((part as { Keys?: readonly Item[] }).Keys ?? [], partitionKey),
          ),
        ),
      ];
    case 'BatchWriteItem':
      return [ask(Object.values(request.RequestItems ?? {}).flatMap((writes) => keysOf(writtenIn(writes), partitionKey)))];
    case 'Query': {
      const index = table.indexes.find(({ IndexName }) => IndexName === request.IndexName);
      return [ask(queriedKey(request, index ? hashKeyOf(index.KeySchema) : partitionKey), request.IndexName)];
    }
    case 'Scan':
      return [ask([], request.IndexName)];
    default:
      return [ask(keysOf([request.Key ?? request.Item ?? {}], partitionKey))];
  }
}

const hashKeyOf = (schema: KeySchema): string => schema.find(({ KeyType }) => KeyType === 'HASH')?.AttributeName ?? '';

const keysOf = (items: readonly Item[], name: string): readonly string[] => items.flatMap((item) => textOf(item[name]));

const textOf = (value: AttributeValue | undefined): readonly string[] => {
  const text = value?.S ?? value?.N ?? value?.B;
  return typeof text === 'string' ? [text] : [];
};

type Write = { readonly PutRequest?: { readonly Item: Item }; readonly DeleteRequest?: { readonly Key: Item } };
const writtenIn = (writes: unknown): readonly Item[] =>
  (Array.isArray(writes) ? (writes as readonly Write[]) : []).map((write) => write.PutRequest?.Item ?? write.DeleteRequest?.Key ?? {});

/** The value that a key condition demands of the partition key: `#pk = :pk`, in either order. */
function queriedKey(
  { KeyConditionExpression: expression = '', ExpressionAttributeNames: names = {}, ExpressionAttributeValues: values = {} }: Input,
  hashKey: string,
): readonly string[] {
  for (const [, left = '', right = ''] of expression.matchAll(/([#:A-Za-z0-9_.-]+)\s*=\s*([#:A-Za-z0-9_.-]+)/g)) {
    const [name, value] = left.startsWith(':') ? [right, left] : [left, right];
    if ((names[name] ?? name) === hashKey) return textOf(values[value]);
  }
  return [];
}
