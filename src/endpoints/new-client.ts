// Making a client: its secret, where it authenticates with one, is never the caller's choice, its id only where it is imported. They are drawn at random or, for a
// request with an Idempotency-Key, derived from it, so that a repeat makes the same again.
import { usesSecrets, type Client, type ClientMetadata, type SecretDigest } from '../clients/client.ts';
import { derivedIdBytes, type IdempotentRequest } from '../clients/idempotency.ts';
import { newSecret, repeatableSecret, secretIdFrom, type NewSecretDeps } from './new-secret.ts';

/** `secret` is undefined for a client that proves itself otherwise: it has none. */
export type NewClient = { readonly client: Client; readonly secret: string | undefined };

/** @param now epoch seconds. @param clientId only import and the demo clients choose one. */
export async function newClient(
  metadata: ClientMetadata,
  now: number,
  deps: NewSecretDeps,
  clientId = clientIdFrom(deps.random(16)),
): Promise<NewClient> {
  if (!usesSecrets(metadata)) return { client: clientWith(metadata, clientId, now, []), secret: undefined };
  const { stored, secret } = await newSecret({ created_at: now }, deps);
  return { client: clientWith(metadata, clientId, now, [stored]), secret };
}

/**
 * The client that this request registers, however often it is sent.
 * @param first of an earlier attempt, where the table holds one: when it was, and its key of the ring. @param now epoch seconds.
 * @param clientId chosen by the caller; by default it follows from the key.
 */
export async function repeatableClient(
  metadata: ClientMetadata,
  request: IdempotentRequest,
  first: { readonly created_at: number; readonly pepper?: string },
  now: number,
  deps: NewSecretDeps,
  clientId = clientIdFrom(derivedIdBytes(request.seed, 'client', 16)),
): Promise<NewClient> {
  const id = secretIdFrom(derivedIdBytes(request.seed, 'secret', 9));
  const { stored, secret } = await repeatableSecret(request, { ...first, id }, now, deps);
  const registration = { ...request.digest, pepper: stored.pepper };
  const client = { ...clientWith(metadata, clientId, stored.created_at, usesSecrets(metadata) ? [stored] : []), registration };
  return { client, secret: usesSecrets(metadata) ? secret : undefined };
}

const clientIdFrom = (bytes: Uint8Array): string => `c_${Buffer.from(bytes).toString('base64url')}`;

const clientWith = (metadata: ClientMetadata, clientId: string, madeAt: number, secrets: readonly SecretDigest[]): Client => ({
  ...metadata,
  client_id: clientId,
  secrets,
  epoch: 1,
  version: 1,
  client_id_issued_at: madeAt,
  updated_at: madeAt,
});
