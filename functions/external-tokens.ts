// What the functions that judge tokens of external issuers are wired to.
import type { ExternalTokenDeps } from '../src/endpoints/external-token.ts';
import { createIssuerDiscovery } from '../src/outbound/issuer-discovery.ts';
import { createJwksSource } from '../src/outbound/jwks-source.ts';
import { createTrustRuleStore } from '../src/storage/trust-rule-store.ts';
import type { Table } from '../src/storage/table.ts';
import { documentsFor } from './assertions.ts';

export function externalTokenDeps(issuer: string, table: Table): ExternalTokenDeps {
  const fetchDocument = documentsFor(issuer);
  return { trustRules: createTrustRuleStore(table), issuers: createIssuerDiscovery(fetchDocument), jwks: createJwksSource(fetchDocument) };
}
