// A rotation that dies at any of its AWS calls, before the call takes effect or after: the next one ends right, with no key too many.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  GetPublicKeyCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  ScheduleKeyDeletionCommand,
  type CreateKeyCommandInput,
  type ScheduleKeyDeletionCommandInput,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKeyRotation, type KeyRotation, type RotationAnswer } from '../../src/signing/key-rotation.ts';
import { KEPT_AFTER_SECONDS, PUBLISHED_AHEAD_SECONDS } from '../../src/signing/key-times.ts';
import { createKmsKeyMaker } from '../../src/signing/kms-key-maker.ts';
import { createTemplateKeys } from '../../src/signing/template-keys.ts';
import { createKeyLifeStore } from '../../src/storage/key-life-store.ts';
import { arnOf, createKmsDouble, type KmsDouble } from '../signing/kms-double.ts';
import { startEngine, type Engine } from '../storage/engine.ts';
import { auditEvent } from '../storage/records.ts';

const START = 1_800_000_000;
const TAG = 'm2m-auth-state/1234';

let engine: Engine;
let double: KmsDouble;
let now: number;
/** By ARN: what KMS holds. */
let made: Map<string, { input: CreateKeyCommandInput; state: string; publicKey: KeyObject }>;
/** Calls of one process in order, and the one at which it dies. */
let life: { calls: string[]; dies: number; when: 'before' | 'after' };

beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());
beforeEach(async () => {
  for (const { PK, SK } of await engine.items()) await engine.remove({ PK: PK as string, SK: SK as string });
  now = START;
  life = { calls: [], dies: Infinity, when: 'before' };
  double = createKmsDouble();
  made = new Map();
  let count = 0;
  double.mock.on(CreateKeyCommand).callsFake((input: CreateKeyCommandInput) => {
    const Arn = arnOf(`made-${++count}`);
    made.set(Arn, { input, state: 'Enabled', publicKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey });
    return { KeyMetadata: { Arn } };
  });
  double.mock.on(GetPublicKeyCommand).callsFake(({ KeyId }: { KeyId: string }) => ({
    KeyId,
    PublicKey: made.get(KeyId)?.publicKey.export({ format: 'der', type: 'spki' }),
  }));
  double.mock.on(ListKeysCommand).callsFake(() => ({ Keys: [...made.keys()].map((KeyArn) => ({ KeyArn })), Truncated: false }));
  double.mock.on(ListResourceTagsCommand).callsFake(({ KeyId }: { KeyId: string }) => ({ Tags: made.get(KeyId)?.input.Tags ?? [] }));
  double.mock.on(DescribeKeyCommand).callsFake(({ KeyId }: { KeyId: string }) => {
    const key = made.get(KeyId);
    return { KeyMetadata: { KeyState: key?.state, KeySpec: key?.input.KeySpec, Description: key?.input.Description } };
  });
  double.mock.on(ScheduleKeyDeletionCommand).callsFake(({ KeyId = '' }: ScheduleKeyDeletionCommandInput) => {
    const key = made.get(KeyId)!;
    if (key.state !== 'Enabled') throw Object.assign(new Error('pending'), { name: 'KMSInvalidStateException' });
    key.state = 'PendingDeletion';
    return {};
  });
});

/** A client whose calls are counted, and which is gone from the call on at which its process dies. */
function mortal<T extends { send: (...parameters: never[]) => Promise<unknown> }>(client: T): T {
  const send = async (...parameters: Parameters<T['send']>): Promise<unknown> => {
    const at = life.calls.length;
    life.calls.push((parameters[0] as unknown as object).constructor.name.replace('Command', ''));
    if (at > life.dies || (at === life.dies && life.when === 'before')) throw new Error('killed');
    const answer = await client.send(...parameters);
    if (at === life.dies) throw new Error('killed');
    return answer;
  };
  return new Proxy(client, { get: (target, name) => (name === 'send' ? send : Reflect.get(target, name)) });
}

function process(): KeyRotation {
  life.calls = [];
  const kms = mortal(double.kms);
  const template = createTemplateKeys({ kms, arns: new Map() });
  return createKeyRotation({
    store: createKeyLifeStore({ table: engine.table, dynamodb: mortal(engine.dynamodb) }),
    maker: createKmsKeyMaker({ kms, kmsOnce: kms, tag: TAG, publicKey: template.publicKey, pause: () => Promise.resolve() }),
    settings: {
      algorithms: ['ES256'],
      periodSeconds: 90 * 24 * 3600,
      templateArns: new Set([arnOf('template')]),
      isUsable: () => true,
      isCurrent: () => true,
    },
    recordTemplateKeys: () => Promise.resolve(),
    clock: () => now,
  });
}
const states = (answer: RotationAnswer): string[] => {
  if (!answer.ok) throw new Error(answer.failure.reason);
  return answer.value.keys.map(({ state, signs }) => (signs ? `${state}, signs` : state));
};

type Scene = {
  readonly name: string;
  readonly prepare: () => Promise<void>;
  readonly act: (rotation: KeyRotation) => Promise<RotationAnswer>;
  readonly keys: readonly string[];
};
const first = async (): Promise<void> => {
  const jwk = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' };
  const record = { kid: 'template', alg: 'ES256', arn: arnOf('template'), jwk, created_at: now, active_from: now } as const;
  await createKeyLifeStore(engine).add(record, auditEvent());
};
const withStandby = async (): Promise<void> => {
  await first();
  await process().run();
  now += PUBLISHED_AHEAD_SECONDS;
};
const SCENES: readonly Scene[] = [
  { name: 'the first standby', prepare: first, act: (rotation) => rotation.run(), keys: ['pending', 'active, signs'] },
  {
    name: 'a rotation by hand',
    prepare: withStandby,
    act: (rotation) => rotation.rotate('ES256'),
    keys: ['pending', 'active, signs', 'retiring'],
  },
  {
    name: 'an emergency',
    prepare: withStandby,
    act: (rotation) => rotation.revoke('template', { force: false }),
    keys: ['pending', 'active, signs', 'revoked'],
  },
  {
    name: 'giving up a key',
    async prepare() {
      await withStandby();
      await process().rotate('ES256');
      now += PUBLISHED_AHEAD_SECONDS;
      await process().rotate('ES256');
      now += KEPT_AFTER_SECONDS;
    },
    act: (rotation) => rotation.run(),
    keys: ['pending', 'active, signs', 'retired', 'retired'],
  },
];

describe.each(SCENES)('$name', ({ prepare, act, keys }) => {
  it('without any trouble', async () => {
    await prepare();
    expect(states(await act(process()))).toEqual(keys);
  });

  it.each(['before', 'after'] as const)('killed %s each of its calls', async (when) => {
    await prepare();
    await act(process());
    const calls = life.calls.length;
    expect(calls).toBeGreaterThan(5);
    for (let dies = 0; dies < calls; dies++) {
      for (const { PK, SK } of await engine.items()) await engine.remove({ PK: PK as string, SK: SK as string });
      made.clear();
      now = START;
      life = { calls: [], dies: Infinity, when };
      await prepare();
      const died = process();
      life = { calls: [], dies, when };
      // A key that is revoked is said to be, whatever fails then; nothing else passes for done.
      const told = await act(died).catch((error: unknown) => error);
      expect(told, `call ${dies}`).toEqual(
        told instanceof Error ? expect.any(Error) : { ok: true, value: expect.objectContaining({ unfinished: true }) },
      );
      const [killed] = life.calls.slice(dies);
      life = { calls: [], dies: Infinity, when };

      // Said again once the dead one's time is over; the schedule then finds nothing left to do.
      now += 90;
      expect(states(await act(process())), `${killed} (call ${dies})`).toEqual(keys);
      expect(states(await process().run()), `${killed} (call ${dies})`).toEqual(keys);
      const records = await createKeyLifeStore(engine).readAll();
      expect(new Set(made.keys()), `${killed} (call ${dies})`).toEqual(
        new Set(records.map(({ arn }) => arn).filter((arn) => arn !== arnOf('template'))),
      );
      const givenUp = records.filter(({ discarded_at: at }) => at !== undefined).map(({ arn }) => arn);
      expect([...made].filter(([, { state }]) => state !== 'Enabled').map(([arn]) => arn)).toEqual(givenUp);
    }
  });
});
