// /clients and what is below it, also below /iam
import { randomBytes } from 'node:crypto';
import { createClientsEndpoint } from '../../src/endpoints/clients.ts';
import { lambda } from '../../src/http/lambda.ts';
import { createClientStore } from '../../src/storage/client-store.ts';
import { createSecretUseStore } from '../../src/storage/secret-use-store.ts';
import { inspectingDeps } from '../inspecting.ts';
import { clientsEnv } from './env.ts';

export const handler = lambda('clients', () => {
  const env = clientsEnv(process.env);
  const { table, deps } = inspectingDeps(env);
  return createClientsEndpoint({
    ...deps,
    administrators: env.administrators,
    clients: createClientStore(table),
    secretUses: createSecretUseStore(table),
    random: randomBytes,
  });
});
