// DynamoDB charges a write for each started kilobyte, so the items that every token touches stay within one.
import { beforeAll, describe, expect, it } from 'vitest';
import { DynamoDBDocumentClient, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { createClientStore } from '../../src/storage/client-store.ts';
import { createSessionStore } from '../../src/storage/session-store.ts';
import { createRequestStore } from '../../src/storage/request-store.ts';
import { createRevocationStore } from '../../src/storage/revocation-store.ts';
import { createDynamoDb } from '../../src/storage/dynamodb-client.ts';
import { windowKey } from '../../src/storage/keys.ts';
import { auditEvent, client, NOW, rateWindow, session } from './records.ts';

/** As the developer guide counts ("DynamoDB item sizes and formats"): UTF-8 of names and strings, about half a byte a digit. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number') return Math.ceil(String(value).length / 2) + 1;
  if (typeof value === 'boolean') return 1;
  if (Array.isArray(value)) return value.reduce((sum: number, entry) => sum + 1 + sizeOf(entry), 3);
  if (typeof value === 'object' && value !== null) return 3 + membersOf(value);
  return 0;
}
const membersOf = (item: object): number =>
  Object.entries(item).reduce((sum, [name, value]) => (value === undefined ? sum : sum + Buffer.byteLength(name) + 1 + sizeOf(value)), 0);

describe('items with their events stay under 1 KB', () => {
  const table = { table: 'service', dynamodb: createDynamoDb() };
  const dynamodb = mockClient(DynamoDBDocumentClient);
  beforeAll(() => {
    dynamodb.on(PutCommand).resolves({});
    dynamodb.on(UpdateCommand).resolves({ Attributes: { hits: 1 } });
  });
  const written = () => dynamodb.commandCalls(PutCommand).at(-1)?.args[0].input.Item ?? {};

  it('a typical client', async () => {
    await createClientStore(table).create(client(), auditEvent());
    expect(membersOf(written())).toBeLessThan(1024);
  });

  it('a typical session after a rotation', async () => {
    const rotated = session({ generation: 1234, rotated_by: 'o0cKxJ8mQ2eYb1sT9uVw3A', rotated_at: NOW * 1000, idle_expires_at: NOW });
    await createSessionStore(table).create(rotated, auditEvent());
    expect(membersOf(written())).toBeLessThan(1024);
  });

  it('a revocation', async () => {
    await createRevocationStore(table).revokeToken(
      { jti: 'AbCdEfGhIjKlMnOpQrStUv', exp: NOW, clientId: 'x'.repeat(64), reason: 'revoked' },
      auditEvent(),
      NOW,
    );
    expect(membersOf(written())).toBeLessThan(1024);
  });

  it('a window that carries the event of an issued token', async () => {
    await createRequestStore(table).recordIssue(rateWindow(), auditEvent());
    expect(membersOf({ ...windowKey(rateWindow()), hits: 1_000_000, purge_at: NOW, event: auditEvent() })).toBeLessThan(1024);
  });
});
