// /sessions and /sessions/{sid}, also below /iam
import { createSessionsEndpoint } from '../../src/endpoints/sessions.ts';
import { lambda } from '../../src/http/lambda.ts';
import { createClientStore } from '../../src/storage/client-store.ts';
import { createSessionListing } from '../../src/storage/session-listing.ts';
import { createSessionStore } from '../../src/storage/session-store.ts';
import { bearerDeps } from '../inspecting.ts';
import { sessionsEnv } from './env.ts';

export const handler = lambda('sessions', () => {
  const env = sessionsEnv(process.env);
  const { table, deps } = bearerDeps(env);
  return createSessionsEndpoint({
    ...deps,
    administrators: env.administrators,
    sessions: { ...createSessionStore(table), ...createSessionListing(table) },
    clients: createClientStore(table),
  });
});
