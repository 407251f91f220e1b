// POST /revoke
import { createRevokeEndpoint } from '../../src/endpoints/revoke.ts';
import { lambda } from '../../src/http/lambda.ts';
import { createClientStore } from '../../src/storage/client-store.ts';
import { createRevocationStore } from '../../src/storage/revocation-store.ts';
import { createSessionStore } from '../../src/storage/session-store.ts';
import { inspectingDeps } from '../inspecting.ts';
import { revokeEnv } from './env.ts';

export const handler = lambda('revoke', () => {
  const { table, deps } = inspectingDeps(revokeEnv(process.env));
  return createRevokeEndpoint({
    ...deps,
    sessions: createSessionStore(table),
    revocations: createRevocationStore(table),
    clients: createClientStore(table),
  });
});
