// What the two functions that issue tokens are wired to; their roles allow exactly these calls.
import { randomBytes } from 'node:crypto';
import { createDenialBudget } from '../src/abuse/denial-budget.ts';
import { createRefusedUntil } from '../src/abuse/refused-until.ts';
import { createStrangers } from '../src/abuse/strangers.ts';
import { createReportedUses } from '../src/clients/secret-use.ts';
import type { TokenDeps } from '../src/endpoints/token-deps.ts';
import { createKeyRing } from '../src/signing/key-ring.ts';
import { createKms } from '../src/signing/kms-client.ts';
import { createKmsSigner } from '../src/signing/kms-signer.ts';
import { createSecretRing } from '../src/signing/secret-ring.ts';
import { createSecretsManager } from '../src/signing/secrets-client.ts';
import { createTemplateKeys } from '../src/signing/template-keys.ts';
import { createDynamoDb } from '../src/storage/dynamodb-client.ts';
import { createKeyRecordStore } from '../src/storage/key-record-store.ts';
import { createRequestStore } from '../src/storage/request-store.ts';
import { createSecretUseStore } from '../src/storage/secret-use-store.ts';
import { createSessionStore } from '../src/storage/session-store.ts';
import type { TokenEnv } from './token/env.ts';

export function issuingDeps(env: TokenEnv): TokenDeps {
  const table = { table: env.tableName, dynamodb: createDynamoDb() };
  const kms = createKms();
  const ring = createKeyRing({ records: createKeyRecordStore(table), template: createTemplateKeys({ kms, arns: env.signingKeys }) });
  return {
    settings: env,
    rateLimit: env.rateLimit,
    refreshGraceSeconds: env.refreshGraceSeconds,
    auditMode: env.auditMode,
    requests: createRequestStore(table),
    sessions: createSessionStore(table),
    signer: createKmsSigner({ ring, kms }),
    ring: createSecretRing({ secrets: createSecretsManager(), secretArn: env.ringSecretArn }),
    secretUses: createSecretUseStore(table),
    reportedUses: createReportedUses(),
    strangers: createStrangers(),
    refusedUntil: createRefusedUntil(),
    denials: createDenialBudget(),
    random: randomBytes,
  };
}
