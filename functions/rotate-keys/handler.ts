// The rotation of signing keys: by schedule, and by hand (`m2m keys`). What it throws is a function error, which raises an alarm.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDelegatedKeyMaker } from '../../src/signing/delegated-key-maker.ts';
import type { KeyMaker } from '../../src/signing/key-maker.ts';
import { createKeyRotation, type KeyRotation } from '../../src/signing/key-rotation.ts';
import { createKms, createKmsOnce } from '../../src/signing/kms-client.ts';
import { createKmsKeyMaker } from '../../src/signing/kms-key-maker.ts';
import { answerRotation, type RotationReport } from '../../src/signing/rotation-command.ts';
import { createTemplateKeys } from '../../src/signing/template-keys.ts';
import { createDynamoDb } from '../../src/storage/dynamodb-client.ts';
import { createKeyLifeStore } from '../../src/storage/key-life-store.ts';
import { createKeyRecordStore } from '../../src/storage/key-record-store.ts';
import { log } from '../../src/telemetry/log.ts';
import { scheduled } from '../scheduled.ts';
import { createSigningRing, type SigningRing } from '../signing.ts';
import { rotateKeysEnv, type RotateKeysEnv } from './env.ts';

export const handler = scheduled('rotate-keys', () => {
  const rotation = rotationFor(rotateKeysEnv(process.env));
  return async (event): Promise<RotationReport> => {
    const report = await answerRotation(event, rotation);
    if (report.ok && report.without_standby.length > 0)
      // The alarm finds this line (lib/alarms.ts).
      log('WARN', 'an algorithm has no standby key', {
        reason: 'standby_missing',
        detail: { algorithms: report.without_standby.join(' ') },
      });
    return report;
  };
});

function rotationFor(env: RotateKeysEnv): KeyRotation {
  const table = { table: env.tableName, dynamodb: createDynamoDb() };
  const kms = createKms();
  const { ring, wrappingKey, isUsable, templateArns } = createSigningRing(env, { records: createKeyRecordStore(table), kms });
  const isWrapped = env.signing === 'delegated';
  return createKeyRotation({
    store: createKeyLifeStore(table),
    maker: keyMakerFor(env, kms, wrappingKey),
    settings: {
      algorithms: [...env.signingKeys.keys()],
      periodSeconds: env.keyRotationSeconds,
      templateArns,
      isUsable,
      isCurrent: (record) => (record.wrapped !== undefined) === isWrapped,
    },
    recordTemplateKeys: (now) => ring.published(now),
    clock: () => Math.floor(Date.now() / 1000),
  });
}

type Kms = ReturnType<typeof createKms>;

/** New keys are of the mode that is set; a deployment may still have to give up keys of the one before. */
function keyMakerFor(env: RotateKeysEnv, kms: Kms, wrappingKey: SigningRing['wrappingKey']): KeyMaker {
  const kmsMaker = createKmsKeyMaker({
    kms,
    kmsOnce: createKmsOnce(),
    tag: env.keyTag,
    publicKey: createTemplateKeys({ kms, arns: env.signingKeys }).publicKey,
    pause: async (seconds) => sleep(seconds * 1000),
  });
  const delegatedMaker = wrappingKey && createDelegatedKeyMaker({ ...wrappingKey, random: randomBytes });
  return {
    make: (env.signing === 'delegated' ? delegatedMaker : undefined)?.make ?? kmsMaker.make,
    discard: async (record) => (record.wrapped === undefined ? kmsMaker.discard(record) : delegatedMaker?.discard(record)),
  };
}
