// The engine does the write, the connection dies before its answer arrives, and the SDK writes again: nobody may notice.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SDK_LIMITS } from '../../src/sdk-calls.ts';
import { createClientStore } from '../../src/storage/client-store.ts';
import { sessionKey } from '../../src/storage/keys.ts';
import { createSessionStore } from '../../src/storage/session-store.ts';
import { startEngine, type Engine } from './engine.ts';
import { auditEvent, client, NOW, rotation, session } from './records.ts';

let engine: Engine;
let answersToLose = 0;
let attempts = 0;
beforeAll(async () => {
  engine = await startEngine();
  // Below the SDK's retries: each pass through here is one attempt over the network.
  engine.dynamodb.middlewareStack.add(
    (next) => async (args) => {
      attempts++;
      const answer = await next(args);
      if (answersToLose === 0) return answer;
      answersToLose--;
      throw Object.assign(new Error('socket hang up'), { name: 'TimeoutError', code: 'ECONNRESET' });
    },
    { step: 'deserialize', priority: 'low', name: 'loseAnswers' },
  );
});
afterAll(() => engine.close());
beforeEach(() => {
  answersToLose = 0;
  attempts = 0;
});

describe('a write whose answer is lost', () => {
  it('is recognised as our own rotation, made once', async () => {
    const store = createSessionStore(engine);
    await store.create(session({ sid: 'rotated' }), auditEvent());
    attempts = 0;
    answersToLose = 1;
    expect(await store.rotate(rotation({ sid: 'rotated' }))).toEqual({ rotated: true });
    expect(attempts).toBe(3); // the write, the same again (refused), the read
    expect(await engine.item(sessionKey(session().client_id, 'rotated'))).toMatchObject({ generation: 2 });
  });

  it('creates a session all the same', async () => {
    answersToLose = 2;
    await createSessionStore(engine).create(session({ sid: 'created' }), auditEvent());
    expect(await engine.item(sessionKey(session().client_id, 'created'))).toMatchObject({ generation: 1 });
  });

  it('registers and changes a client all the same', async () => {
    const store = createClientStore(engine);
    answersToLose = 1;
    expect(await store.create(client(), auditEvent())).toBe(true);
    answersToLose = 1;
    const change = { from: client(), to: client({ client_name: 'New' }) };
    expect(await store.replace(change, auditEvent({ event_id: 'change' }))).toBe(true);
    expect(await store.read(client().client_id)).toMatchObject({ client_name: 'New', version: 2 });
  });

  it('ends a session once: the second attempt finds it ended', async () => {
    const store = createSessionStore(engine);
    await store.create(session({ sid: 'ended' }), auditEvent());
    answersToLose = 1;
    expect(await store.end({ clientId: session().client_id, sid: 'ended' }, auditEvent({ event_id: 'end' }), NOW)).toBe(false);
    expect(await engine.item(sessionKey(session().client_id, 'ended'))).toMatchObject({ status: 'ended', event: { event_id: 'end' } });
  });
});

it('an outage after all attempts leaves a state from which the same call succeeds', async () => {
  const store = createSessionStore(engine);
  await store.create(session({ sid: 'again' }), auditEvent());
  answersToLose = SDK_LIMITS.maxAttempts;
  await expect(store.rotate(rotation({ sid: 'again' }))).rejects.toMatchObject({ dependency: 'dynamodb:UpdateItem' });
  expect(attempts).toBe(1 + SDK_LIMITS.maxAttempts);
  expect(await store.rotate(rotation({ sid: 'again' }))).toEqual({ rotated: true });
});
