// /clients and what is below it, also below /iam
import { randomBytes } from 'node:crypto';
import { createClientsEndpoint } from '../../src/endpoints/clients.ts';
import { lambda } from '../../src/http/lambda.ts';
import { createApiKeyStore } from '../../src/storage/api-key-store.ts';
import { createBlockStore } from '../../src/storage/block-store.ts';
import { createCertificateStore } from '../../src/storage/certificate-store.ts';
import { createClientStore } from '../../src/storage/client-store.ts';
import { createSecretUseStore } from '../../src/storage/secret-use-store.ts';
import { createTrustRuleStore } from '../../src/storage/trust-rule-store.ts';
import { loopbackOf } from '../assertions.ts';
import { externalTokenDeps } from '../external-tokens.ts';
import { inspectingDeps } from '../inspecting.ts';
import { clientsEnv } from './env.ts';

export const handler = lambda('clients', () => {
  const env = clientsEnv(process.env);
  const { table, deps } = inspectingDeps(env);
  return createClientsEndpoint({
    ...deps,
    administrators: env.administrators,
    clients: createClientStore(table),
    blocks: createBlockStore(table),
    certificates: createCertificateStore(table),
    apiKeys: createApiKeyStore(table),
    trustRules: createTrustRuleStore(table),
    external: externalTokenDeps(env.issuer, table),
    loopbackIssuers: loopbackOf(env.issuer),
    secretUses: createSecretUseStore(table),
    random: randomBytes,
  });
});
