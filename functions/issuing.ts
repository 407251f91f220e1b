// What the two functions that issue tokens are wired to; their roles allow exactly these calls.
import { randomBytes } from 'node:crypto';
import { createBlockedNetworks } from '../src/abuse/blocked-networks.ts';
import { createDenialBudget } from '../src/abuse/denial-budget.ts';
import { createRefusedUntil } from '../src/abuse/refused-until.ts';
import { createStrangers } from '../src/abuse/strangers.ts';
import { createReportedUses } from '../src/clients/secret-use.ts';
import type { TokenDeps } from '../src/endpoints/token-deps.ts';
import { createKms } from '../src/signing/kms-client.ts';
import { createSecretRing } from '../src/signing/secret-ring.ts';
import { createSecretsManager } from '../src/signing/secrets-client.ts';
import { createDynamoDb } from '../src/storage/dynamodb-client.ts';
import { createIssuedTokenStore } from '../src/storage/issued-token-store.ts';
import { createKeyRecordStore } from '../src/storage/key-record-store.ts';
import { createOneTimeStore } from '../src/storage/one-time-store.ts';
import { createRequestStore } from '../src/storage/request-store.ts';
import { createSecretUseStore } from '../src/storage/secret-use-store.ts';
import { createSessionStore } from '../src/storage/session-store.ts';
import { createRememberedTokens } from '../src/tokens/remembered-tokens.ts';
import { assertionDeps } from './assertions.ts';
import { externalTokenDeps } from './external-tokens.ts';
import { lockoutFor } from './lockout.ts';
import { createSigner } from './signing.ts';
import type { TokenEnv } from './token/env.ts';

export function issuingDeps(env: TokenEnv): TokenDeps {
  const table = { table: env.tableName, dynamodb: createDynamoDb() };
  return {
    settings: env,
    rateLimit: env.rateLimit,
    refreshGraceSeconds: env.refreshGraceSeconds,
    auditMode: env.auditMode,
    dpopNonce: env.dpopNonce,
    requests: createRequestStore(table),
    oneTime: createOneTimeStore(table),
    sessions: createSessionStore(table),
    issuedTokens: createIssuedTokenStore(table),
    rememberedTokens: createRememberedTokens(),
    signer: createSigner(env, { records: createKeyRecordStore(table), kms: createKms() }),
    assertions: assertionDeps(env.issuer, table),
    external: externalTokenDeps(env.issuer, table),
    ring: createSecretRing({ secrets: createSecretsManager(), secretArn: env.ringSecretArn }),
    secretUses: createSecretUseStore(table),
    reportedUses: createReportedUses(),
    strangers: createStrangers(),
    refusedUntil: createRefusedUntil(),
    denials: createDenialBudget(),
    blockedNetworks: createBlockedNetworks(),
    lockout: lockoutFor(env.lockout, table),
    random: randomBytes,
  };
}
