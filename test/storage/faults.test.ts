// Each call of each store failing in each way: told as an outage of that action, and nothing decided.
import { BatchGetCommand, DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, describe, expect, it } from 'vitest';
import { Outage } from '../../src/outage.ts';
import { createClientStore } from '../../src/storage/client-store.ts';
import { createDynamoDb } from '../../src/storage/dynamodb-client.ts';
import { createFeedStore } from '../../src/storage/feed-store.ts';
import { createKeyLifeStore } from '../../src/storage/key-life-store.ts';
import { createKeyRecordStore } from '../../src/storage/key-record-store.ts';
import { createRequestStore } from '../../src/storage/request-store.ts';
import { createRevocationCheck } from '../../src/storage/revocation-check.ts';
import { createRevocationStore } from '../../src/storage/revocation-store.ts';
import { createSessionListing } from '../../src/storage/session-listing.ts';
import { createSessionStore } from '../../src/storage/session-store.ts';
import { auditEvent, client, NOW, rateWindow, rotation, session } from './records.ts';

const dynamodb = mockClient(DynamoDBDocumentClient);
afterEach(() => dynamodb.reset());
const table = { table: 'service', dynamodb: createDynamoDb() };

const [requests, sessions, clients] = [createRequestStore(table), createSessionStore(table), createClientStore(table)];
const keyLife = createKeyLifeStore(table);
const record = { kid: 'k', alg: 'RS256', arn: 'a', jwk: {}, created_at: 1, active_from: 1 } as const;

/** Every method of every port, with the one call that it makes when all goes well. */
const CALLS: readonly (readonly [string, string, () => Promise<unknown>])[] = [
  ['RequestStore.load', 'BatchGetItem', () => requests.load({ clientId: 'c' }, NOW)],
  ['RequestStore.countCall', 'UpdateItem', () => requests.countCall(rateWindow())],
  ['RequestStore.recordIssue', 'UpdateItem', () => requests.recordIssue(rateWindow(), auditEvent())],
  ['RequestStore.recordDenial', 'PutItem', () => requests.recordDenial(rateWindow(), auditEvent())],
  ['SessionStore.create', 'PutItem', () => sessions.create(session(), auditEvent())],
  ['SessionStore.rotate', 'UpdateItem', () => sessions.rotate(rotation())],
  ['SessionStore.end', 'UpdateItem', () => sessions.end({ clientId: 'c', sid: 's' }, auditEvent(), NOW)],
  ['SessionListing.read', 'GetItem', () => createSessionListing(table).read({ clientId: 'c', sid: 's' }, NOW)],
  ['SessionListing.list', 'Query', () => createSessionListing(table).list({ clientId: 'c', limit: 1, cursor: undefined }, NOW)],
  [
    'RevocationStore.revokeToken',
    'PutItem',
    () => createRevocationStore(table).revokeToken({ jti: 'j', exp: 1, clientId: 'c', reason: '' }, auditEvent(), NOW),
  ],
  ['ClientStore.read', 'GetItem', () => clients.read('c')],
  ['ClientStore.create', 'PutItem', () => clients.create(client(), auditEvent())],
  ['ClientStore.replace', 'UpdateItem', () => clients.replace({ from: client(), to: client() }, auditEvent())],
  ['ClientStore.raiseEpoch', 'UpdateItem', () => clients.raiseEpoch('c', auditEvent(), NOW)],
  ['ClientStore.list', 'Query', () => clients.list({ limit: 1, cursor: undefined })],
  ['FeedStore.since', 'Query', () => createFeedStore(table).since(0)],
  ['KeyRecordStore.readAll', 'Query', () => createKeyRecordStore(table).readAll()],
  ['KeyRecordStore.record', 'PutItem', () => createKeyRecordStore(table).record(record, auditEvent())],
  ['KeyLifeStore.beginRun', 'UpdateItem', () => keyLife.beginRun('run', NOW, NOW + 90)],
  ['KeyLifeStore.endRun', 'UpdateItem', () => keyLife.endRun('run', [])],
  ['KeyLifeStore.add', 'PutItem', () => keyLife.add(record, auditEvent())],
  ['KeyLifeStore.activate', 'UpdateItem', () => keyLife.activate('k', NOW, auditEvent())],
  ['KeyLifeStore.retire', 'UpdateItem', () => keyLife.retire('k', { retires_at: NOW, removed_at: NOW }, auditEvent())],
  ['KeyLifeStore.distrust', 'UpdateItem', () => keyLife.distrust('k', NOW, NOW, auditEvent())],
  ['KeyLifeStore.discard', 'UpdateItem', () => keyLife.discard('k', NOW, NOW)],
  ['RevocationCheck', 'BatchGetItem', () => createRevocationCheck(table)({ jti: 'j', clientId: 'c' }, NOW)],
];

const FAULTS: readonly (readonly [string, Error & { $metadata?: object }, boolean])[] = [
  ['ProvisionedThroughputExceededException', fault('ProvisionedThroughputExceededException', 400), true],
  ['ThrottlingException', fault('ThrottlingException', 400), true],
  ['RequestLimitExceeded', fault('RequestLimitExceeded', 400), true],
  ['a 429', fault('SomethingNew', 429), true],
  ['InternalServerError', fault('InternalServerError', 500), false],
  ['AccessDeniedException', fault('AccessDeniedException', 400), false],
  ['ResourceNotFoundException', fault('ResourceNotFoundException', 400), false],
  ['ValidationException', fault('ValidationException', 400), false],
  ['ExpiredTokenException', fault('ExpiredTokenException', 400), false],
  ['TransactionConflictException', fault('TransactionConflictException', 400), false],
  ['TimeoutError', fault('TimeoutError'), false],
  ['a reset connection', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }), false],
  ['CredentialsProviderError', fault('CredentialsProviderError'), false],
];
function fault(name: string, httpStatusCode?: number): Error & { $metadata?: object } {
  return Object.assign(new Error(name), { name }, httpStatusCode === undefined ? {} : { $metadata: { httpStatusCode } });
}

describe.each(CALLS)('%s', (_, action, call) => {
  it.each(FAULTS)(`tells %s as an outage of dynamodb:${action}`, async (_name, error, throttled) => {
    dynamodb.onAnyCommand().rejects(error);
    const failure: unknown = await call().catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(Outage);
    expect(failure).toMatchObject({ dependency: `dynamodb:${action}`, throttled, cause: error });
    expect(dynamodb.calls()).toHaveLength(1);
  });
});

describe('half an answer', () => {
  it('is an outage: a batch with unprocessed keys could hide a revocation', async () => {
    dynamodb.on(BatchGetCommand).resolves({
      Responses: { service: [] },
      UnprocessedKeys: { service: { Keys: [{ PK: 'REVOKED#j', SK: 'REVOKED' }] } },
    });
    for (const call of [requests.load({ jti: 'j' }, NOW), createRevocationCheck(table)({ jti: 'j', clientId: 'c' }, NOW)])
      await expect(call).rejects.toMatchObject({ dependency: 'dynamodb:BatchGetItem', throttled: true });
  });

  it('is an outage also where the second of two calls fails', async () => {
    dynamodb.on(UpdateCommand).rejects(fault('ConditionalCheckFailedException', 400));
    dynamodb.on(PutCommand).rejects(fault('ConditionalCheckFailedException', 400));
    dynamodb.on(GetCommand).rejects(fault('ThrottlingException', 400));
    const failure = { dependency: 'dynamodb:GetItem', throttled: true };
    await expect(sessions.rotate(rotation())).rejects.toMatchObject(failure);
    await expect(sessions.create(session(), auditEvent())).rejects.toMatchObject(failure);
    await expect(clients.create(client(), auditEvent())).rejects.toMatchObject(failure);
    await expect(clients.replace({ from: client(), to: client() }, auditEvent())).rejects.toMatchObject(failure);
  });
});

describe('calls', () => {
  it('that decide are strongly consistent', async () => {
    dynamodb.on(BatchGetCommand).resolves({});
    dynamodb.on(GetCommand).resolves({});
    dynamodb.on(QueryCommand).resolves({});
    await requests.load({ clientId: 'c', sid: 's', jti: 'j', window: rateWindow() }, NOW);
    await clients.read('c');
    await createKeyRecordStore(table).readAll();
    const batch = dynamodb.commandCalls(BatchGetCommand)[0]?.args[0].input.RequestItems?.['service'];
    expect(batch?.ConsistentRead).toBe(true);
    expect(batch?.Keys).toHaveLength(4);
    expect(dynamodb.commandCalls(GetCommand)[0]?.args[0].input.ConsistentRead).toBe(true);
    expect(dynamodb.commandCalls(QueryCommand)[0]?.args[0].input.ConsistentRead).toBe(true);
  });

  it('are none where nothing is asked for', async () => {
    await requests.load({}, NOW);
    expect(dynamodb.calls()).toHaveLength(0);
  });

  it('are two to list clients: the index and one batch', async () => {
    dynamodb.on(QueryCommand).resolves({ Items: [{ PK: 'CLIENT#c', SK: 'CLIENT', listing: 'CLIENTS' }] });
    dynamodb.on(BatchGetCommand).resolves({ Responses: { service: [] } });
    expect(await clients.list({ limit: 10, cursor: undefined })).toEqual({ items: [], next: undefined });
    expect(dynamodb.calls()).toHaveLength(2);
  });
});
