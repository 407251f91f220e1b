// /clients and /clients/{client_id}
import { randomBytes } from 'node:crypto';
import { createClientsEndpoint } from '../../src/endpoints/clients.ts';
import { lambda } from '../../src/http/lambda.ts';
import { createClientStore } from '../../src/storage/client-store.ts';
import { inspectingDeps } from '../inspecting.ts';
import { clientsEnv } from './env.ts';

export const handler = lambda('clients', () => {
  const { table, deps } = inspectingDeps(clientsEnv(process.env));
  return createClientsEndpoint({ ...deps, clients: createClientStore(table), random: randomBytes });
});
