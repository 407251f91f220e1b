// The scheduled upkeep on the engine of a service under test, at the service's own time.
import { randomUUID } from 'node:crypto';
import { keepUp, type UpkeepDeps, type UpkeepReport, type UpkeepRun } from '../../src/endpoints/upkeep.ts';
import { createApiKeyStore } from '../../src/storage/api-key-store.ts';
import { createClientStore } from '../../src/storage/client-store.ts';
import { createSecretUseStore } from '../../src/storage/secret-use-store.ts';
import type { Table } from '../../src/storage/table.ts';
import { createUpkeepStore } from '../../src/storage/upkeep-store.ts';
import type { Service } from './service-under-test.ts';

export const upkeepDeps = (table: Table): UpkeepDeps => ({
  upkeep: createUpkeepStore(table),
  clients: createClientStore(table),
  secretUses: createSecretUseStore(table),
  apiKeys: createApiKeyStore(table),
});

export const runUpkeep = (
  { engine, now }: Service,
  { hasTime = () => true, deps = upkeepDeps(engine) }: Partial<Pick<UpkeepRun, 'hasTime'>> & { readonly deps?: UpkeepDeps } = {},
): Promise<UpkeepReport> => keepUp({ id: randomUUID(), nowMs: now() * 1000, hasTime }, deps);
