// Making a client: generated id, one generated secret. Nothing about either is the caller's choice.
import { digestClientSecret, formatClientSecret } from '../client-authentication/secret.ts';
import type { Client, ClientMetadata } from '../clients/client.ts';
import { ConfigurationError } from '../environment.ts';
import type { SecretRing } from './stores.ts';

export type NewClientDeps = { readonly ring: SecretRing; readonly random: (bytes: number) => Uint8Array };

/** @param now epoch seconds. @param clientId only import and the demo clients choose one. */
export async function newClient(
  metadata: ClientMetadata,
  now: number,
  { ring, random }: NewClientDeps,
  clientId = `c_${Buffer.from(random(16)).toString('base64url')}`,
): Promise<{ readonly client: Client; readonly secret: string }> {
  const pepper = await ring.currentId(now);
  const key = await ring.key(pepper, 'client-secret-digest', now);
  if (key === undefined) throw new ConfigurationError('RING_SECRET_ARN', `holds no key ${pepper}, which is current`);
  const secret = formatClientSecret(random(32));
  const id = `s_${Buffer.from(random(9)).toString('base64url')}`;
  const client: Client = {
    ...metadata,
    client_id: clientId,
    secrets: [{ id, pepper, digest: digestClientSecret(key, secret), created_at: now }],
    epoch: 1,
    version: 1,
    client_id_issued_at: now,
    updated_at: now,
  };
  return { client, secret };
}
