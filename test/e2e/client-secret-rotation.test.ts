// Secrets Manager's rotation contract, driven over HTTP against versions and labels with its rules, and against the running service.
import { UpdateSecretVersionStageCommand } from '@aws-sdk/client-secrets-manager';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { STEPS } from '../../src/consumer/rotate.ts';
import { captureLog, type CapturedLog } from '../telemetry/captured-log.ts';
import { endpointsOf, type Endpoints, type TestClient } from './endpoints.ts';
import { rotateAsSecretsManagerDoes, startConsumer, step, type Consumer, type Fault, type RotationFunction } from './rotated-secret.ts';
import { runningService } from './running-service.ts';
import type { Credentials } from './service-process.ts';

/** What a rotation calls when nothing goes wrong. */
const DESCRIBE = 'secretsmanager.DescribeSecret';
const GET = 'secretsmanager.GetSecretValue';
const UNDISTURBED = [
  ...[DESCRIBE, GET, GET, 'POST rotation', 'secretsmanager.PutSecretValue'],
  ...[DESCRIBE],
  ...[DESCRIBE, GET, 'POST /token'],
  ...[DESCRIBE, GET, 'secretsmanager.UpdateSecretVersionStage'],
];

let api: Endpoints;
let consumer: Consumer;
let log: CapturedLog;
let client: TestClient;
let secretId: string;
let run: RotationFunction;
const given: string[] = [];
beforeAll(async () => {
  const service = runningService();
  api = endpointsOf(service);
  log = captureLog();
  consumer = await startConsumer(service.issuer);
});
afterAll(async () => {
  const text = log.texts().join('\n');
  log.release();
  await consumer.close();
  for (const secret of given) expect(text).not.toContain(secret);
});
beforeEach(async () => {
  client = await api.register({ secret_rotation: { every_days: 30 } });
  given.push(client.client_secret);
  secretId = consumer.keep(client);
  run = await consumer.functionFor(client.client_id);
  consumer.calls.names.length = 0;
});
afterEach(() => (consumer.calls.fault = undefined));

const secretsOf = async () => (await api.manage('GET', `/clients/${client.client_id}/secrets`)).body.items as Record<string, string>[];

/** Asks for tokens all the time, with what it reads each time or with what it read at first. */
function startReaders() {
  const failures: string[] = [];
  let asked = 0;
  let stopped = false;
  const read = async (credentials: () => Promise<Credentials> | Credentials): Promise<void> => {
    while (!stopped) {
      const answer = await api.token(await credentials());
      asked += 1;
      if (answer.status !== 200) failures.push(answer.text);
    }
  };
  const readers = [read(() => consumer.kept(secretId)), read(() => client)];
  return async () => {
    stopped = true;
    await Promise.all(readers);
    expect(failures).toEqual([]);
    expect(asked).toBeGreaterThan(1);
  };
}

/** The new secret is current and the client's only one without an end; the former one is the previous one, works and ends. */
async function expectRotated(versionId: string): Promise<void> {
  const { AWSCURRENT, AWSPREVIOUS } = await consumer.stages(secretId);
  expect(AWSCURRENT).toBe(versionId);
  expect(AWSPREVIOUS).not.toBe(versionId);
  const kept = await consumer.kept(secretId);
  given.push(kept.client_secret);
  expect(kept).toEqual({ client_id: client.client_id, client_secret: kept.client_secret, token_endpoint: `${api.issuer}/token` });
  expect(kept.client_secret).not.toBe(client.client_secret);
  for (const credentials of [kept, client]) expect((await api.token(credentials)).status).toBe(200);
  const [former, successor, ...others] = await secretsOf();
  expect(others).toEqual([]);
  expect(former).toMatchObject({ expires_at: expect.any(String) as string, rotating_since: expect.any(String) as string });
  expect(successor).toMatchObject({ successor_of: former?.['id'] });
  expect(successor).not.toHaveProperty('expires_at');
}

describe('a rotation', () => {
  it('leaves one new secret without an end and the former one with one, and no reader fails', async () => {
    const stop = startReaders();
    const version = await consumer.begin(secretId);
    expect(await rotateAsSecretsManagerDoes(run, secretId, version)).toBe(1);
    await stop();
    expect(consumer.calls.names).toEqual(UNDISTURBED);
    await expectRotated(version);
  });

  it('does nothing more when its steps are repeated', async () => {
    const version = await consumer.begin(secretId);
    for (const name of STEPS) {
      await step(run, secretId, version, name);
      const before = [await consumer.stages(secretId), await secretsOf()];
      expect(await step(run, secretId, version, name)).toMatch(/^done/);
      expect(await step(run, secretId, version, 'createSecret')).toBe('done_before');
      expect([await consumer.stages(secretId), await secretsOf()].map((state) => JSON.stringify(state, withoutUses))).toEqual(
        before.map((state) => JSON.stringify(state, withoutUses)),
      );
    }
    await rotateAsSecretsManagerDoes(run, secretId, version);
    await expectRotated(version);
  });

  it('is the same when every step is called four times at once, in environments of their own', async () => {
    const runs = [run, ...(await Promise.all([1, 2, 3].map(() => consumer.functionFor(client.client_id))))];
    const stop = startReaders();
    const version = await consumer.begin(secretId);
    for (const name of STEPS) {
      const outcomes = await Promise.allSettled(runs.map((each) => step(each, secretId, version, name)));
      // The client's record is changed by one at a time: who comes off worst is called again, as by Secrets Manager.
      expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true);
    }
    await stop();
    await expectRotated(version);
  });

  it('follows another one, the former secrets ending one by one', async () => {
    for (let count = 0; count < 3; count += 1) await rotateAsSecretsManagerDoes(run, secretId, await consumer.begin(secretId));
    const secrets = await secretsOf();
    expect(secrets.map(({ expires_at: end }) => end !== undefined)).toEqual([true, true, true, false]);
    expect((await api.token(await consumer.kept(secretId))).status).toBe(200);
  });
});

const withoutUses = (key: string, value: unknown): unknown => (key.startsWith('last_used') ? undefined : value);

describe.each<Fault['kind']>(['before', 'after'])('with a failure %s it takes effect', (kind) => {
  const attempts = (call: string): number => (call.startsWith('POST') ? 2 : 3);
  const cases = UNDISTURBED.flatMap((call, at) => [
    { call, at, times: 1 },
    { call, at, times: attempts(call) },
  ]);
  it.each(cases)('of call $at, $call, $times times', async ({ call, at, times }) => {
    consumer.calls.fault = { kind, at, times };
    const stop = startReaders();
    const version = await consumer.begin(secretId);
    const began = await rotateAsSecretsManagerDoes(run, secretId, version);
    await stop();
    // Once is made good by the next attempt of the same step.
    expect(began).toBe(times === 1 ? 1 : 2);
    expect(consumer.calls.names[at]).toBe(call);
    await expectRotated(version);
  });
});

describe('a rotation that is given up', () => {
  /** As AWS's documentation says to: the label is taken from the version that did not become current. */
  const giveUp = async (version: string): Promise<void> => {
    const input = { SecretId: secretId, VersionStage: 'AWSPENDING', RemoveFromVersionId: version };
    await consumer.operator.send(new UpdateSecretVersionStageCommand(input));
  };

  it.each([1, 2, 3])('after %i steps, six times over, leaves no more than one secret, which the next one takes', async (steps) => {
    const stop = startReaders();
    for (let count = 0; count < 6; count += 1) {
      const version = await consumer.begin(secretId);
      for (const name of STEPS.slice(0, steps)) await step(run, secretId, version, name);
      await giveUp(version);
    }
    expect(await secretsOf()).toHaveLength(2);
    const version = await consumer.begin(secretId);
    await rotateAsSecretsManagerDoes(run, secretId, version);
    await stop();
    await expectRotated(version);
  });

  it('is not taken up by a late repeat of its steps', async () => {
    const version = await consumer.begin(secretId);
    await step(run, secretId, version, 'createSecret');
    await giveUp(version);
    for (const name of STEPS) await expect(step(run, secretId, version, name)).rejects.toThrow('version_not_pending');
  });

  it('is made good although the secret that was current has ended since', async () => {
    const first = await consumer.begin(secretId);
    for (const name of STEPS.slice(0, 3)) await step(run, secretId, first, name);
    await giveUp(first);
    const [former] = await secretsOf();
    await api.manage('DELETE', `/clients/${client.client_id}/secrets/${former?.['id'] ?? ''}`);
    expect((await api.token(client)).status).toBe(401);
    await rotateAsSecretsManagerDoes(run, secretId, await consumer.begin(secretId));
    expect((await api.token(await consumer.kept(secretId))).status).toBe(200);
  });
});

describe('what cannot be rotated', () => {
  const refusal = async (of: RotationFunction, name: (typeof STEPS)[number] = 'createSecret') =>
    step(of, secretId, await consumer.begin(secretId), name);

  it('is a secret that was taken from somewhere else, and the client keeps the one it has', async () => {
    const rotation = { method: 'POST', headers: { authorization: `Basic ${btoa(`${client.client_id}:${client.client_secret}`)}` } };
    const taken = await api.call(`/clients/${client.client_id}/secrets/rotation`, {
      ...rotation,
      body: new URLSearchParams({ exchange: 'now' }),
    });
    await api.token({ client_id: client.client_id, client_secret: taken.body.client_secret as string });
    await expect(refusal(run)).rejects.toThrow('secret_refused');
    expect((await api.token(await consumer.kept(secretId))).status).toBe(200);
  });

  it('is one of a client that is not registered for it', async () => {
    client = await api.register();
    secretId = consumer.keep(client);
    await expect(refusal(await consumer.functionFor(client.client_id))).rejects.toThrow('secret_refused');
  });

  it("is another client's", async () => {
    await expect(refusal(await consumer.functionFor('somebody-else'))).rejects.toThrow('kept_for_another_client');
  });

  it('is a value that holds no credentials, which a new schedule may try nevertheless', async () => {
    secretId = consumer.keep({ client_id: client.client_id, client_secret: 'to be put here' });
    await expect(refusal(run)).rejects.toThrow('nothing_kept');
    const { AWSPENDING = '' } = await consumer.stages(secretId);
    expect(await step(run, secretId, AWSPENDING, 'testSecret')).toBe('untested');
    await expect(step(run, secretId, AWSPENDING, 'finishSecret')).rejects.toThrow('nothing_pending');
  });

  it('is one with an end that was set by hand', async () => {
    const { body } = await api.manage('POST', `/clients/${client.client_id}/secrets`, { expires_at: '2099-01-01T00:00:00Z' });
    secretId = consumer.keep({ client_id: client.client_id, client_secret: body.client_secret as string });
    await expect(refusal(run)).rejects.toThrow('not_exchanged');
  });
});
