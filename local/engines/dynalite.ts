// The inner parts of dynalite that the local engine is made of, with the types that it lacks. No HTTP between them and us.
import { createRequire } from 'node:module';

export type AttributeValue = Readonly<Record<string, unknown>>;
export type Item = Readonly<Record<string, AttributeValue>>;
export type Callback<T = unknown> = (error: DynaliteError | Error | null | undefined, value?: T) => void;
/** An error that DynamoDB would answer. */
export type DynaliteError = Error & { readonly statusCode: number; body: Record<string, unknown> };

export type TableDescription = {
  readonly TableName: string;
  readonly TableStatus: 'ACTIVE';
  readonly KeySchema: unknown;
  readonly AttributeDefinitions: unknown;
  readonly GlobalSecondaryIndexes?: readonly { readonly IndexName: string }[];
  readonly [name: string]: unknown;
};

export type BatchOperation =
  { readonly type: 'put'; readonly key: string; readonly value: unknown } | { readonly type: 'del'; readonly key: string };
type Range = { readonly gte: string; readonly lt: string };
export type Level = {
  open(): Promise<void>;
  batch(operations: readonly BatchOperation[], callback: Callback): void;
  get(key: string): Promise<unknown>;
  getSync(key: string): unknown;
  put(key: string, value: unknown): Promise<void>;
  del(key: string): Promise<void>;
  iterator(range: Range): AsyncIterable<[key: string, value: unknown]>;
  close(): Promise<void>;
};
type ItemDb = {
  get(key: string, callback: Callback): void;
  put(key: string, item: Item, callback: Callback): void;
  del(key: string, callback: Callback): void;
};
export type Store = {
  readonly db: Level;
  getItemDb(table: string): ItemDb;
  getTable(name: string, checkStatus: unknown, callback?: Callback<TableDescription>): void;
};

type IndexAction = { readonly index: string; readonly key: string; readonly item?: Item };
export type Request = Record<string, unknown> & { ReturnValuesOnConditionCheckFailure?: unknown };
type DbModule = {
  create(options: { path?: string }): Store;
  createKey(item: Item, table: TableDescription): string;
  getIndexActions(
    indexes: unknown,
    existing: Item | null | undefined,
    item: Item | null | undefined,
    table: TableDescription,
  ): { puts: readonly IndexAction[]; deletes: readonly IndexAction[] };
  checkConditional(request: Request, existing: Item | undefined): DynaliteError | null | undefined;
  updateIndexes(store: Store, table: TableDescription, existing: Item | undefined, item: Item | null, callback: Callback): void;
};
type Validation = { readonly types: unknown; readonly custom?: unknown };
type Validations = {
  checkTypes(data: unknown, types: unknown): Request;
  checkValidations(data: Request, types: unknown, custom: unknown, store: Store): void;
};
type Action = (store: Store, request: Request, callback: Callback) => void;

const require = createRequire(import.meta.url);
export const db = require('dynalite/db') as DbModule;
export const validations = require('dynalite/validations') as Validations;

export const OPERATIONS = ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem', 'Query', 'Scan'] as const;
export type Operation = (typeof OPERATIONS)[number];
export const isOperation = (name: string): name is Operation => (OPERATIONS as readonly string[]).includes(name);

export const operations: ReadonlyMap<Operation, { readonly action: Action; readonly validation: Validation }> = new Map(
  OPERATIONS.map((name) => {
    const file = name.charAt(0).toLowerCase() + name.slice(1);
    return [
      name,
      { action: require(`dynalite/actions/${file}`) as Action, validation: require(`dynalite/validations/${file}`) as Validation },
    ];
  }),
);
