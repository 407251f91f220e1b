// The scheduled upkeep of credentials: exchanges, ends and warnings.
import { keepUp, type UpkeepReport } from '../../src/endpoints/upkeep.ts';
import { createApiKeyStore } from '../../src/storage/api-key-store.ts';
import { createClientStore } from '../../src/storage/client-store.ts';
import { createDynamoDb } from '../../src/storage/dynamodb-client.ts';
import { createSecretUseStore } from '../../src/storage/secret-use-store.ts';
import { createUpkeepStore } from '../../src/storage/upkeep-store.ts';
import { log } from '../../src/telemetry/log.ts';
import { scheduled } from '../scheduled.ts';
import { upkeepEnv } from './env.ts';

/** More than a page takes on a bad day: what was begun is finished. */
const RESERVE_MS = 60_000;

/** Fails where a client could not be looked after; the others were. */
export const handler = scheduled('upkeep', () => {
  const table = { table: upkeepEnv(process.env).tableName, dynamodb: createDynamoDb() };
  const deps = {
    upkeep: createUpkeepStore(table),
    clients: createClientStore(table),
    secretUses: createSecretUseStore(table),
    apiKeys: createApiKeyStore(table),
  };
  return async (_event, context): Promise<UpkeepReport> => {
    const hasTime = (): boolean => context.getRemainingTimeInMillis() > RESERVE_MS;
    const report = await keepUp({ id: context.awsRequestId, nowMs: Date.now(), hasTime }, deps);
    log('INFO', 'credentials were looked after', { trace_id: context.awsRequestId, detail: report });
    if (report.failed > 0) throw new Error(`${report.failed} clients could not be looked after; the log says which`);
    return report;
  };
});
