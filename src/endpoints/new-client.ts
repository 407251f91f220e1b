// Making a client: nothing about id or secret is the caller's choice. They are drawn at random or, for a request with an
// Idempotency-Key, derived from it, so that a repeat makes the same again.
import type { Client, ClientMetadata, SecretDigest } from '../clients/client.ts';
import { derivedIdBytes, type IdempotentRequest } from '../clients/idempotency.ts';
import { newSecret, repeatableSecret, secretIdFrom, type NewSecretDeps } from './new-secret.ts';

export type NewClient = { readonly client: Client; readonly secret: string };

/** @param now epoch seconds. @param clientId only import and the demo clients choose one. */
export async function newClient(
  metadata: ClientMetadata,
  now: number,
  deps: NewSecretDeps,
  clientId = clientIdFrom(deps.random(16)),
): Promise<NewClient> {
  const { stored, secret } = await newSecret({ created_at: now }, deps);
  return { client: clientWith(metadata, clientId, stored), secret };
}

/**
 * The client that this request registers, however often it is sent.
 * @param first of an earlier attempt, where the table holds one: when it was, and its key of the ring. @param now epoch seconds.
 */
export async function repeatableClient(
  metadata: ClientMetadata,
  request: IdempotentRequest,
  first: { readonly created_at: number; readonly pepper?: string },
  now: number,
  deps: NewSecretDeps,
): Promise<NewClient> {
  const id = secretIdFrom(derivedIdBytes(request.seed, 'secret', 9));
  const { stored, secret } = await repeatableSecret(request, { ...first, id }, now, deps);
  const client = clientWith(metadata, clientIdFrom(derivedIdBytes(request.seed, 'client', 16)), stored);
  return { client: { ...client, registration: { ...request.digest, pepper: stored.pepper } }, secret };
}

const clientIdFrom = (bytes: Uint8Array): string => `c_${Buffer.from(bytes).toString('base64url')}`;

const clientWith = (metadata: ClientMetadata, clientId: string, secret: SecretDigest): Client => ({
  ...metadata,
  client_id: clientId,
  secrets: [secret],
  epoch: 1,
  version: 1,
  client_id_issued_at: secret.created_at,
  updated_at: secret.created_at,
});
