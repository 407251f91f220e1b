import { BatchGetCommand, DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { PolicyAnswer } from '../../src/authorizer/adapters/answer.ts';
import type { AuthorizerHandler } from '../../src/authorizer/handler.ts';
import { createClientStore } from '../../src/storage/client-store.ts';
import { createKeyRecordStore } from '../../src/storage/key-record-store.ts';
import { createRevocationStore } from '../../src/storage/revocation-store.ts';
import { createSessionStore } from '../../src/storage/session-store.ts';
import { restRequest } from '../authorizer/events.ts';
import { isAllowedBy } from '../authorizer/iam-policy.ts';
import { startEngine, type Engine } from '../storage/engine.ts';
import { auditEvent, client, session } from '../storage/records.ts';
import { accessToken, AUDIENCE, ISSUER, testKey } from '../tokens/test-issuer.ts';

const key = testKey('RS256');
const now = Math.floor(Date.now() / 1000);
let engine: Engine;
let handler: AuthorizerHandler;
beforeAll(async () => {
  engine = await startEngine();
  await createClientStore(engine).create(client({ client_id: 'client-1', epoch: 3 }), auditEvent());
  await createSessionStore(engine).create(
    session({ client_id: 'client-1', sid: 's1', created_at: now, expires_at: now + 9000, last_access_exp: now + 900 }),
    auditEvent(),
  );
  const { kid, alg, jwk } = key;
  const { kty = '', n = '', e = '' } = jwk;
  const arn = 'arn:aws:kms:eu-west-1:123456789012:key/1';
  await createKeyRecordStore(engine).record({ kid, alg, arn, jwk: { kty, n, e }, created_at: now - 9, active_from: now - 9 }, auditEvent());
  const rules = JSON.stringify([{ method: 'GET', path: '/protected', scopes: ['read'] }]);
  const environment = { ISSUER, AUDIENCE, RULES: rules, RESPONSE_FORMAT: 'policy', TABLE_NAME: engine.table };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  ({ handler } = await import('../../functions/authorizer/table.ts'));
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterAll(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await engine.close();
});
const eventWith = (claims: object) => restRequest({ authorization: `Bearer ${accessToken(key, { iat: now, exp: now + 900, ...claims })}` });
const outcomeOf = async (claims: object): Promise<string> => {
  const event = eventWith(claims);
  try {
    return String(isAllowedBy(((await handler(event)) as PolicyAnswer).policyDocument, event.methodArn));
  } catch (error) {
    return (error as Error).message;
  }
};

it('takes a token in good standing', async () => {
  expect(await outcomeOf({ jti: 'a' })).toBe('true');
  expect(await outcomeOf({ jti: 'b', sid: 's1' })).toBe('true');
});

it.each([
  ['of an unknown client', { client_id: 'nobody', sub: 'nobody' }],
  ['of an unknown session', { sid: 'unknown' }],
  ['of an older epoch', { epoch: 2 }],
])('refuses a token %s, however well it is signed', async (_, claims) => {
  expect(await outcomeOf(claims)).toBe('Unauthorized');
});

it('refuses what was revoked at the very next call', async () => {
  expect(await outcomeOf({ jti: 'r' })).toBe('true');
  await createRevocationStore(engine).revokeToken({ jti: 'r', exp: now + 900, clientId: 'client-1', reason: '' }, auditEvent(), now);
  expect(await outcomeOf({ jti: 'r' })).toBe('Unauthorized');
  await createSessionStore(engine).end({ clientId: 'client-1', sid: 's1' }, auditEvent(), now);
  expect(await outcomeOf({ jti: 'b', sid: 's1' })).toBe('Unauthorized');
});

it('puts a refusal into the outbox, once a minute for a client and network', async () => {
  const denials = async () => (await engine.items()).filter((item) => String(item['PK']).startsWith('DENIED#authorizer#client-1#'));
  await outcomeOf({ jti: 'r' });
  await outcomeOf({ jti: 'r' });
  const [first, ...more] = await denials();
  expect(first).toMatchObject({ event: { event_type: 'token_invalid', client_id: 'client-1', reason: expect.any(String) as string } });
  expect(more.length).toBeLessThanOrEqual(1); // a minute may have begun meanwhile
});

it('makes one call for a decision, and answers neither yes nor no when that fails', async () => {
  const failing = mockClient(DynamoDBDocumentClient);
  failing.on(BatchGetCommand).rejects(Object.assign(new Error('slow down'), { name: 'ThrottlingException' }));
  expect(await outcomeOf({ jti: 'a' })).toBe('Unavailable');
  expect(failing.commandCalls(BatchGetCommand)).toHaveLength(1);
  expect(failing.calls()).toHaveLength(1);
  failing.restore();
});

it('makes no call for a token that fails by itself', async () => {
  const counting = mockClient(DynamoDBDocumentClient);
  counting.on(PutCommand).resolves({});
  expect(await outcomeOf({ jti: 'a', exp: now - 1 })).toBe('Unauthorized');
  expect(counting.commandCalls(BatchGetCommand).length + counting.commandCalls(QueryCommand).length).toBe(0);
  counting.restore();
});
