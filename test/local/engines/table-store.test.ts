import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AwsError } from '../../../local/engines/aws-endpoint.ts';
import { createDynamoDb, deleteExpired } from '../../../local/engines/dynamodb.ts';
import { createPipe } from '../../../local/engines/pipe.ts';
import { openTableStore, type TableStore } from '../../../local/engines/table-store.ts';
import type { AuditRecord } from '../../../local/engines/messages.ts';
import type { TableSpec } from '../../../local/template/state.ts';
import { TABLE } from '../table.ts';

const PIPE = createPipe({
  name: 'audit',
  source: TABLE.streamArn,
  filters: ['{"eventName":["INSERT","MODIFY"],"dynamodb":{"NewImage":{"event":{"M":{"event_id":{"S":[{"exists":true}]}}}}}}'],
  inputTemplate: '{"event_id": <$.dynamodb.NewImage.event.M.event_id.S>}',
});
let folder: string;
let delivered: AuditRecord[];
let tableStore: TableStore;
/** A delivery that never ends is what a crash between the write and the trail looks like. */
async function open(options: { delivers?: boolean; table?: TableSpec } = {}) {
  const deliver = (event: AuditRecord): Promise<void> => {
    if (options.delivers === false) return new Promise(() => undefined);
    delivered.push(event);
    return Promise.resolve();
  };
  tableStore = await openTableStore({
    table: options.table ?? TABLE,
    pipes: [PIPE],
    path: join(folder, 'db'),
    deliver,
    missing: undefined,
  });
}
const call = (operation: string, input: object) =>
  createDynamoDb(TABLE, tableStore).execute(operation, { TableName: TABLE.name, ...input });
const key = (pk: string) => ({ PK: { S: pk }, SK: { S: 'x' } });
const event = (id: string) => ({ event: { M: { event_id: { S: id } } } });
const item = async (pk: string) =>
  ((await call('GetItem', { Key: key(pk), ConsistentRead: true })) as { Item?: Record<string, unknown> }).Item;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'm2m-table-'));
  delivered = [];
  await open();
});
afterEach(async () => {
  await tableStore.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('conditional writes', () => {
  it('have exactly one winner', async () => {
    const racers = await Promise.allSettled(
      Array.from({ length: 50 }, (_, index) =>
        call('PutItem', { Item: { ...key('a'), by: { N: String(index) } }, ConditionExpression: 'attribute_not_exists(PK)' }),
      ),
    );
    expect(racers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
  it('give back the old item of a failed condition, when asked', async () => {
    await call('PutItem', { Item: { ...key('a'), v: { N: '1' } } });
    const update = {
      Key: key('a'),
      UpdateExpression: 'SET v = :two',
      ConditionExpression: 'v = :two',
      ExpressionAttributeValues: { ':two': { N: '2' } },
    };
    const failed = (input: object): Promise<AwsError> =>
      call('UpdateItem', input).then(
        () => expect.unreachable(),
        (error: unknown) => error as AwsError,
      );
    expect((await failed({ ...update, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' })).body).toEqual({
      __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException',
      message: 'The conditional request failed',
      Item: { ...key('a'), v: { N: '1' } },
    });
    expect((await failed(update)).body).not.toHaveProperty('Item');
  });
  it('count up exactly, however many at once', async () => {
    const add = { Key: key('n'), UpdateExpression: 'ADD hits :one', ExpressionAttributeValues: { ':one': { N: '1' } } };
    await Promise.all(Array.from({ length: 200 }, () => call('UpdateItem', add)));
    expect((await item('n'))?.['hits']).toEqual({ N: '200' });
  });
});

describe('indexes', () => {
  const feed = async () => {
    const query = { IndexName: 'feed', KeyConditionExpression: 'feed = :f', ExpressionAttributeValues: { ':f': { S: 'FEED' } } };
    return ((await call('Query', query)) as { Items: Record<string, { S: string }>[] }).Items.map(
      (entry) => `${entry['feed_at']?.S} ${entry['PK']?.S}`,
    );
  };
  it('follow their items, and are made anew when the schema changes', async () => {
    await call('PutItem', { Item: { ...key('b'), feed: { S: 'FEED' }, feed_at: { S: '2' } } });
    await call('PutItem', { Item: { ...key('a'), feed: { S: 'FEED' }, feed_at: { S: '1' } } });
    expect(await feed()).toEqual(['1 a', '2 b']);
    await call('UpdateItem', { Key: key('a'), UpdateExpression: 'SET feed_at = :t', ExpressionAttributeValues: { ':t': { S: '3' } } });
    await call('DeleteItem', { Key: key('b') });
    expect(await feed()).toEqual(['3 a']);

    await tableStore.close();
    await open({ table: { ...TABLE, indexes: [] } });
    await tableStore.close();
    await open();
    expect(await feed()).toEqual(['3 a']);
  });
  it('know items that a table was filled with, as does the deletion of what has expired; their events are not delivered', async () => {
    const filled = ['a', 'b'].map((pk) => ({
      ...key(pk),
      ...event(pk),
      feed: { S: 'FEED' },
      feed_at: { S: pk },
      purge_at: { N: '2000000000' },
    }));
    await tableStore.fill(filled);
    expect(await feed()).toEqual(['a a', 'b b']);
    expect(await item('a')).toEqual(filled[0]);
    expect(await deleteExpired(TABLE, tableStore, 2_000_000_000)).toBe(2);
    expect(await feed()).toEqual([]);
    expect(delivered).toEqual([]);
  });
});

describe("the table's stream", () => {
  it('delivers writes that carry an event before they are answered, and nothing else', async () => {
    await call('PutItem', { Item: { ...key('a'), ...event('1') } });
    expect(delivered).toEqual([{ event_id: '1' }]);
    await call('UpdateItem', {
      Key: key('a'),
      UpdateExpression: 'SET event.event_id = :e',
      ExpressionAttributeValues: { ':e': { S: '2' } },
    });
    await call('UpdateItem', { Key: key('a'), UpdateExpression: 'REMOVE event' });
    await call('PutItem', { Item: { ...key('b'), ...event('3') } });
    await call('DeleteItem', { Key: key('b') });
    expect(delivered).toEqual([{ event_id: '1' }, { event_id: '2' }, { event_id: '3' }]);
  });
  it('delivers nothing for a write whose condition failed', async () => {
    await call('PutItem', { Item: { ...key('a'), ...event('1') }, ConditionExpression: 'attribute_exists(PK)' }).catch(() => undefined);
    expect(delivered).toEqual([]);
  });
  it('delivers after a restart what a crash kept back, once', async () => {
    await tableStore.close();
    await open({ delivers: false });
    void call('PutItem', { Item: { ...key('a'), ...event('1') } });
    await expect.poll(() => item('a')).toBeDefined();
    await tableStore.close();
    await open();
    await tableStore.redeliver();
    await tableStore.redeliver();
    expect(delivered).toEqual([{ event_id: '1' }]);
  });
});

describe('time to live', () => {
  it('deletes what has expired and nothing else, without an event', async () => {
    const now = 2_000_000_000;
    const until = (seconds: number) => ({ purge_at: { N: String(seconds) } });
    await call('PutItem', { Item: { ...key('expired'), ...until(now - 1) } });
    await call('PutItem', { Item: { ...key('live'), ...until(now + 1) } });
    await call('PutItem', { Item: { ...key('forever'), purge_at: { S: 'no number' } } });
    await call('PutItem', { Item: { ...key('ancient'), ...until(now - 6 * 365 * 86_400) } });
    expect(await deleteExpired(TABLE, tableStore, now)).toBe(1);
    expect(await Promise.all(['expired', 'live', 'forever', 'ancient'].map(item))).toEqual([
      undefined,
      expect.anything(),
      expect.anything(),
      expect.anything(),
    ]);
    // An item lives as long as its latest write says, and what is deleted by hand is not looked for again.
    await call('PutItem', { Item: { ...key('live'), ...until(now + 100) } });
    expect(await deleteExpired(TABLE, tableStore, now + 50)).toBe(0);
    await call('UpdateItem', { Key: key('live'), UpdateExpression: 'REMOVE purge_at' });
    expect(await deleteExpired(TABLE, tableStore, now + 200)).toBe(0);
    expect(await item('live')).toBeDefined();
    expect(delivered).toEqual([]);
  });

  it('finds what expires in a table from before its index of that, or with another attribute for it', async () => {
    const now = 2_000_000_000;
    await call('PutItem', { Item: { ...key('expired'), purge_at: { N: String(now - 1) }, gone_at: { N: String(now + 1) } } });
    await tableStore.close();
    const other = { ...TABLE, timeToLive: 'gone_at' };
    await open({ table: other });
    expect(await deleteExpired(other, tableStore, now)).toBe(0);
    await tableStore.store.db.put('meta~schema', 'as written by an older version');
    await tableStore.close();
    await open();
    expect(await deleteExpired(TABLE, tableStore, now)).toBe(1);
  });
});
