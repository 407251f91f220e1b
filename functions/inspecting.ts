// What the functions that check callers and read tokens are wired to; none of them signs.
import { randomBytes } from 'node:crypto';
import { createBlockedNetworks } from '../src/abuse/blocked-networks.ts';
import { createDenialBudget } from '../src/abuse/denial-budget.ts';
import { createRefusedUntil } from '../src/abuse/refused-until.ts';
import { createStrangers } from '../src/abuse/strangers.ts';
import { createReportedUses } from '../src/clients/secret-use.ts';
import type { BearerDeps } from '../src/endpoints/bearer.ts';
import type { IntrospectDeps } from '../src/endpoints/introspect.ts';
import { createKeyRing } from '../src/signing/key-ring.ts';
import { createSecretRing } from '../src/signing/secret-ring.ts';
import { createSecretsManager } from '../src/signing/secrets-client.ts';
import { createDynamoDb } from '../src/storage/dynamodb-client.ts';
import { createKeyRecordStore } from '../src/storage/key-record-store.ts';
import { createOneTimeStore } from '../src/storage/one-time-store.ts';
import { createRequestStore } from '../src/storage/request-store.ts';
import { createSecretUseStore } from '../src/storage/secret-use-store.ts';
import type { Table } from '../src/storage/table.ts';
import { assertionDeps } from './assertions.ts';
import { lockoutFor } from './lockout.ts';
import type { RevokeEnv } from './revoke/env.ts';
import type { SessionsEnv } from './sessions/env.ts';

type Wired<Deps> = { readonly table: Table; readonly deps: Deps };

/** For callers that come with an access token. */
export function bearerDeps(env: Pick<SessionsEnv, 'issuer' | 'tableName' | 'rateLimit'>): Wired<BearerDeps> {
  const table = { table: env.tableName, dynamodb: createDynamoDb() };
  const keyRing = createKeyRing({ records: createKeyRecordStore(table) });
  return {
    table,
    deps: {
      issuer: env.issuer,
      rateLimit: env.rateLimit,
      requests: createRequestStore(table),
      oneTime: createOneTimeStore(table),
      random: randomBytes,
      keys: (kid, now) => keyRing.verificationKeys(kid, now),
      strangers: createStrangers(),
      refusedUntil: createRefusedUntil(),
      denials: createDenialBudget(),
      blockedNetworks: createBlockedNetworks(),
      lockout: undefined, // an access token is verified, not compared
    },
  };
}

/** For callers that may also come with a secret. */
export function inspectingDeps(env: RevokeEnv): Wired<IntrospectDeps & BearerDeps> {
  const { table, deps } = bearerDeps(env);
  return {
    table,
    deps: {
      ...deps,
      assertions: assertionDeps(env.issuer, table),
      ring: createSecretRing({ secrets: createSecretsManager(), secretArn: env.ringSecretArn }),
      secretUses: createSecretUseStore(table),
      reportedUses: createReportedUses(),
      lockout: lockoutFor(env.lockout, table),
    },
  };
}
