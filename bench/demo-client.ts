// The client that every contestant serves, and its registration with us.
import { createHash } from 'node:crypto';
import { CLIENT_SECRET_PREFIX, digestClientSecret, formatClientSecret } from '../src/client-authentication/secret.ts';
import type { Client } from '../src/clients/client.ts';
import { parseRing } from '../src/signing/ring-value.ts';

export const ISSUER = 'https://auth.example.com';
export const CLIENT_ID = 'billing-service-7Q2mXk';
/** Ours have a prefix and a checksum; any text does for the others. */
export const CLIENT_SECRET = formatClientSecret(createHash('sha256').update(CLIENT_SECRET_PREFIX).digest());
export const SCOPE = ['read', 'write'];

/** The stored value of the ring secret, and the ring itself. */
export const RING_VALUE = JSON.stringify({ k1: 'bench'.repeat(10) });
export const RING = parseRing(RING_VALUE);

const REGISTERED_AT = 1_790_000_000;

export function demoClient(members: Partial<Client> = {}): Client {
  const pepper = RING.derivedKey('k1', 'client-secret-digest');
  if (pepper === undefined) throw new Error('the ring lacks its only key');
  return {
    client_id: CLIENT_ID,
    client_name: 'Billing',
    grant_types: ['client_credentials'],
    token_endpoint_auth_method: 'client_secret_basic',
    scope: SCOPE,
    roles: ['user'],
    refresh_token_lifetime: 604_800,
    refresh_token_idle_lifetime: 0,
    refresh_client_auth: 'required',
    ip_ranges: [],
    may_introspect: 'own',
    disabled: false,
    secrets: [{ id: 's1', pepper: 'k1', digest: digestClientSecret(pepper, CLIENT_SECRET), created_at: REGISTERED_AT }],
    epoch: 1,
    version: 1,
    client_id_issued_at: REGISTERED_AT,
    updated_at: REGISTERED_AT,
    ...members,
  };
}
