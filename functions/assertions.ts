// What the functions that take signed assertions are wired to.
import { randomBytes } from 'node:crypto';
import type { AssertionDeps } from '../src/endpoints/assertion-caller.ts';
import type { FetchPublicDocument } from '../src/endpoints/stores.ts';
import { createJwksSource } from '../src/outbound/jwks-source.ts';
import { publicDocuments, type OutboundOptions } from '../src/outbound/public-document.ts';
import { createOneTimeStore } from '../src/storage/one-time-store.ts';
import type { Table } from '../src/storage/table.ts';

export const assertionDeps = (issuer: string, table: Table): AssertionDeps => ({
  issuer,
  oneTime: createOneTimeStore(table),
  jwks: createJwksSource(documentsFor(issuer)),
  random: randomBytes,
});

export const documentsFor = (issuer: string): FetchPublicDocument => publicDocuments({ loopback: loopbackOf(issuer) });

/** An issuer without TLS is on this machine (`issuerUrl`): it alone may ask this machine for documents. */
export const loopbackOf = (issuer: string): OutboundOptions['loopback'] => (issuer.startsWith('http:') ? 'allowed' : 'refused');
