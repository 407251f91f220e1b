/**
 * The table on disk: dynalite's store with what it lacks. Every item write is one LevelDB batch of the item, its index entries
 * and, where the pipe makes an event of it, the event still to be delivered; so nothing is half there after `kill -9`, and an
 * event outlives it.
 */
import { randomUUID } from 'node:crypto';
import { REGION } from '../template/account.ts';
import { schemaDigest, type TableSpec } from '../template/state.ts';
import { db, type BatchOperation, type Callback, type DynaliteError, type Item, type Store, type TableDescription } from './dynalite.ts';
import { createExpiryIndex, type ExpiryIndex } from './expiry-index.ts';
import type { AuditRecord } from './messages.ts';
import type { Pipe, StreamRecord } from './pipe.ts';

export type TableStore = {
  readonly store: Store;
  readonly expiry: ExpiryIndex;
  /** New items, many in one write and without their events: to fill a table that nobody else uses. */
  fill(items: readonly Item[]): Promise<void>;
  /** Delivers what a crash kept from being delivered. */
  redeliver(): Promise<void>;
  close(): Promise<void>;
};

export type TableStoreOptions = {
  readonly table: TableSpec;
  readonly pipes: readonly Pipe[];
  /** Folder of the LevelDB files; undefined = in memory. */
  readonly path: string | undefined;
  /** Resolves once the event is safely in the audit trail. */
  readonly deliver: (event: AuditRecord) => Promise<void>;
  /** What to throw when a table that should be there is not. */
  readonly missing: (() => Error) | undefined;
};

const SCHEMA_KEY = 'meta~schema';
const PENDING = 'pending~';
type Pending = { readonly key: string; readonly event: AuditRecord };

export async function openTableStore(options: TableStoreOptions): Promise<TableStore> {
  const { table, path, missing } = options;
  patchDynalite();
  const store = db.create(path === undefined ? {} : { path });
  await store.db.open();
  const description = describe(table);
  store.getTable = (name, checkStatus, callback) => {
    const done = (typeof checkStatus === 'function' ? checkStatus : callback) as Callback<TableDescription>;
    if (name === table.name) done(null, description);
    else done(notFound(name));
  };
  const expiry = createExpiryIndex(table);
  // The indexes of a table from before there was one of expiry are made anew.
  const digest = `${schemaDigest(table)} ${expiry.prefix}${table.timeToLive ?? ''}`;
  const stored = await store.db.get(SCHEMA_KEY);
  if (stored === undefined && missing) throw missing();
  const itemPrefix = `item-${table.name}~`;
  const indexed = { description, expiry };
  atomicWrites(store, itemPrefix, indexed, options);
  if (stored !== digest) {
    await rebuildIndexes(store, indexed, itemPrefix);
    await store.db.put(SCHEMA_KEY, digest);
  }
  const fill = (items: readonly Item[]): Promise<void> => writeNew(store, itemPrefix, indexed, items);
  return { store, expiry, fill, redeliver: () => redeliver(store, options.deliver), close: () => store.db.close() };
}

const endOf = (prefix: string): string => `${prefix}\xFF`;

function describe(table: TableSpec): TableDescription {
  return {
    TableName: table.name,
    TableArn: table.arn,
    TableStatus: 'ACTIVE',
    KeySchema: table.keySchema,
    AttributeDefinitions: table.attributes,
    BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
    ProvisionedThroughput: { ReadCapacityUnits: 0, WriteCapacityUnits: 0, NumberOfDecreasesToday: 0 },
    ...(table.indexes.length > 0 ? { GlobalSecondaryIndexes: table.indexes.map((index) => ({ ...index, IndexStatus: 'ACTIVE' })) } : {}),
  };
}

function notFound(name: string): DynaliteError {
  const message = `Requested resource not found: Table: ${name} not found`;
  const body = { __type: 'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException', message };
  return Object.assign(new Error(message), { statusCode: 400, body });
}

type IndexHook = (table: TableDescription, existing: Item | undefined, item: Item | null) => void;
const hooks = new WeakMap<Store, IndexHook>();
let patched = false;

/** dynalite calls both through its module object, under the item's lock, with the item as it was and as it will be. */
function patchDynalite(): void {
  if (patched) return;
  patched = true;
  const { checkConditional, updateIndexes } = db;
  db.checkConditional = (request, existing) => {
    const failure = checkConditional(request, existing);
    // dynalite forgets to give back the old item of a failed condition.
    if (failure && existing && request.ReturnValuesOnConditionCheckFailure === 'ALL_OLD') failure.body['Item'] = existing;
    return failure;
  };
  db.updateIndexes = (store, table, existing, item, callback) => {
    const hook = hooks.get(store);
    if (!hook) {
      updateIndexes(store, table, existing, item, callback);
      return;
    }
    hook(table, existing, item);
    callback(null);
  };
}

function atomicWrites(store: Store, itemPrefix: string, indexed: Indexed, { table: spec, pipes, deliver }: TableStoreOptions): void {
  const staged = new Map<string, { readonly operations: readonly BatchOperation[]; readonly events: readonly AuditRecord[] }>();
  hooks.set(store, (table, existing, item) => {
    const image = item ?? existing;
    if (!image) return;
    const record = streamRecord(spec, existing, item ?? undefined);
    const events = pipes.map((pipe) => pipe(record)).filter((event) => event !== undefined);
    staged.set(db.createKey(image, table), { operations: indexOperations(indexed, existing, item), events });
  });
  const write = (key: string, own: BatchOperation, callback: Callback): void => {
    const { operations = [], events = [] } = staged.get(key) ?? {};
    staged.delete(key);
    const pending = events.map((event) => ({ pendingKey: `${PENDING}${randomUUID()}`, event }));
    const puts = pending.map(
      ({ pendingKey, event }) => ({ type: 'put', key: pendingKey, value: { key, event } satisfies Pending }) as const,
    );
    store.db.batch([...operations, own, ...puts], (error) => {
      if (error || pending.length === 0) callback(error);
      else
        Promise.all(pending.map(({ event }) => deliver(event))).then(
          () => {
            callback(null);
            for (const { pendingKey } of pending) store.db.del(pendingKey).catch(() => undefined); // At worst delivered twice.
          },
          (failure: unknown) => {
            callback(failure instanceof Error ? failure : new Error(String(failure)));
          },
        );
    });
  };
  const items = store.getItemDb(spec.name);
  // A read finds its block in memory nearly always: asking the thread pool for it takes ten times as long.
  items.get = (key, callback) => {
    let item: unknown;
    try {
      item = store.db.getSync(`${itemPrefix}${key}`);
    } catch (error) {
      callback(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    callback(null, item);
  };
  items.put = (key, value, callback) => {
    write(key, { type: 'put', key: `${itemPrefix}${key}`, value }, callback);
  };
  items.del = (key, callback) => {
    write(key, { type: 'del', key: `${itemPrefix}${key}` }, callback);
  };
}

type Indexed = { readonly description: TableDescription; readonly expiry: ExpiryIndex };

function indexOperations(
  { description: table, expiry }: Indexed,
  existing: Item | undefined,
  item: Item | null,
): readonly BatchOperation[] {
  const { puts, deletes } = db.getIndexActions(table.GlobalSecondaryIndexes ?? [], existing, item, table);
  const keyOf = (action: { readonly index: string; readonly key: string }): string =>
    `index-global~${table.TableName}~${action.index}~${action.key}`;
  return [
    ...deletes.map((action) => ({ type: 'del', key: keyOf(action) }) as const),
    ...puts.map((action) => ({ type: 'put', key: keyOf(action), value: action.item }) as const),
    ...expiry.operations(db.createKey(item ?? existing ?? {}, table), existing, item),
  ];
}

function streamRecord(table: TableSpec, existing: Item | undefined, item: Item | undefined): StreamRecord {
  const image = item ?? existing ?? {};
  return {
    eventID: randomUUID(),
    eventName: item ? (existing ? 'MODIFY' : 'INSERT') : 'REMOVE',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: REGION,
    eventSourceARN: table.streamArn,
    dynamodb: {
      ApproximateCreationDateTime: Math.floor(Date.now() / 1000),
      Keys: Object.fromEntries(table.keySchema.map(({ AttributeName: name }) => [name, image[name]])),
      ...(item ? { NewImage: item } : {}),
      StreamViewType: 'NEW_IMAGE',
    },
  };
}

function writeNew(store: Store, itemPrefix: string, indexed: Indexed, items: readonly Item[]): Promise<void> {
  const puts = items.flatMap((item) => [
    ...indexOperations(indexed, undefined, item),
    { type: 'put', key: `${itemPrefix}${db.createKey(item, indexed.description)}`, value: item } as const,
  ]);
  return new Promise((resolve, reject) => {
    store.db.batch(puts, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

/** An event is only ever pending together with the write that it belongs to, so all that is left is due. */
async function redeliver(store: Store, deliver: TableStoreOptions['deliver']): Promise<void> {
  for await (const [key, value] of store.db.iterator({ gte: PENDING, lt: endOf(PENDING) })) {
    await deliver((value as Pending).event);
    await store.db.del(key);
  }
}

/** A table schema that changed since the last start: every index entry is made anew, as a new index is backfilled. */
async function rebuildIndexes(store: Store, indexed: Indexed, itemPrefix: string): Promise<void> {
  for (const prefix of [`index-global~${indexed.description.TableName}~`, indexed.expiry.prefix])
    for await (const [key] of store.db.iterator({ gte: prefix, lt: endOf(prefix) })) await store.db.del(key);
  for await (const [, item] of store.db.iterator({ gte: itemPrefix, lt: endOf(itemPrefix) }))
    for (const operation of indexOperations(indexed, undefined, item as Item))
      if (operation.type === 'put') await store.db.put(operation.key, operation.value);
}
