// The Lambda authorizer beside the service: keys and revocations from the table, so that a revocation bites at the next call.
import { randomBytes } from 'node:crypto';
import { createDenialBudget } from '../../src/abuse/denial-budget.ts';
import { minuteOf } from '../../src/abuse/rate-window.ts';
import { createApiKeyExchange } from '../../src/authorizer/api-key-exchange.ts';
import { createAuthorizer } from '../../src/authorizer/authorizer.ts';
import { authorizerHandler, type AuthorizerHandlerDeps } from '../../src/authorizer/handler.ts';
import type { KeySource } from '../../src/authorizer/issuer-keys.ts';
import type { ProofMemory } from '../../src/authorizer/proof-memory.ts';
import { tableRevocation } from '../../src/authorizer/revocation.ts';
import { networkOf } from '../../src/client-authentication/network.ts';
import { spendProvenKey } from '../../src/endpoints/dpop.ts';
import { Outage } from '../../src/outage.ts';
import { createKeyRing } from '../../src/signing/key-ring.ts';
import { createCertificateCheck } from '../../src/storage/certificate-store.ts';
import { createDynamoDb } from '../../src/storage/dynamodb-client.ts';
import { createKeyRecordStore } from '../../src/storage/key-record-store.ts';
import { createOneTimeStore } from '../../src/storage/one-time-store.ts';
import { createRequestStore } from '../../src/storage/request-store.ts';
import { createRevocationCheck } from '../../src/storage/revocation-check.ts';
import type { Table } from '../../src/storage/table.ts';
import { describeError, log } from '../../src/telemetry/log.ts';
import { emitCounter } from '../../src/telemetry/metrics.ts';
import { authorizerTableEnv } from './env.ts';

export const handler = authorizerHandler(() => {
  const { issuer, audience, rules, responseFormat, publicUrl, tableName } = authorizerTableEnv(process.env);
  const table = { table: tableName, dynamodb: createDynamoDb() };
  const clock = (): number => Date.now();
  const authorize = createAuthorizer({
    issuer,
    audience,
    rules,
    keys: tableKeys(table),
    revocation: tableRevocation(createRevocationCheck(table), createCertificateCheck(table)),
    exchange: createApiKeyExchange({ issuer, audience }),
    proofs: tableProofs(table),
    clock,
  });
  return { authorize, issuer, audience, rules, responseFormat, publicUrl, clock, recordDenial: denialRecorder(table) };
});

/** The ring knows by itself when to read again, so no key is held besides it. */
function tableKeys(table: Table): KeySource {
  const ring = createKeyRing({ records: createKeyRecordStore(table) });
  const none = new Map<string, never>();
  return {
    prepare: () => undefined,
    held: () => none,
    lookFor: (kid, nowMs) => ring.verificationKeys(kid, Math.floor(nowMs / 1000)),
  };
}

/** A proof passes once, whichever environment sees it. */
function tableProofs(table: Table): ProofMemory {
  const deps = { oneTime: createOneTimeStore(table), random: randomBytes };
  return { spend: (key, nowMs) => spendProvenKey(key, Math.floor(nowMs / 1000), deps) };
}

/** A copy of the refusal for the event bus; the refusal stands and is in the log whatever becomes of it. */
function denialRecorder(table: Table): NonNullable<AuthorizerHandlerDeps['recordDenial']> {
  const requests = createRequestStore(table);
  const budget = createDenialBudget();
  return async (event, nowMs) => {
    const window = {
      endpoint: 'authorizer',
      subject: event.client_id === '' ? '-' : event.client_id,
      network: networkOf(event.ip),
      minute: minuteOf(nowMs),
    };
    if (!budget.take(`${window.subject}#${window.network}`, nowMs)) return;
    try {
      await requests.recordDenial(window, event);
    } catch (error) {
      if (!(error instanceof Outage)) throw error;
      log('WARN', 'the refusal is not on the bus', { dependency: error.dependency, error: describeError(error) });
      emitCounter('audit_denial_lost', nowMs);
    }
  };
}
