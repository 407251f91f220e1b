// Making an API key: 256 bits, shown once, of which only a digest under the ring's pepper stays.
import type { ApiKey, ApiKeyTerms } from '../clients/api-key.ts';
import type { Client } from '../clients/client.ts';
import { derivedIdBytes, derivedSecretBytes, type IdempotentRequest } from '../clients/idempotency.ts';
import { apiKeyIdFrom, digestApiKey, formatApiKey } from '../tokens/api-key.ts';
import { ringKey, type NewSecretDeps } from './new-secret.ts';

export type NewApiKey = { readonly stored: ApiKey; readonly key: string };

/** Whose it is, and when it was first asked for, in epoch seconds. */
type Origin = Pick<Client, 'client_id' | 'client_id_issued_at'> & { readonly created_at: number };

/** @param now epoch seconds. */
export async function newApiKey(origin: Origin, terms: ApiKeyTerms, now: number, deps: NewSecretDeps): Promise<NewApiKey> {
  const id = apiKeyIdFrom(deps.random(12), origin.client_id);
  return digested({ id, pepper: await deps.ring.currentId(now), ...origin, ...terms }, deps.random(32), now, deps);
}

/**
 * The key that this request makes, however often it is sent: derived under a key of the ring, and never stored.
 * @param origin of an earlier attempt, its ring key with it, where the table holds one. @param now epoch seconds.
 */
export async function repeatableApiKey(
  request: IdempotentRequest,
  origin: Origin & { readonly pepper?: string | undefined },
  terms: ApiKeyTerms,
  now: number,
  deps: NewSecretDeps,
): Promise<NewApiKey> {
  const pepper = origin.pepper ?? (await deps.ring.currentId(now));
  const seedKey = await ringKey(pepper, 'idempotent-secret', deps.ring, now);
  const secret = derivedSecretBytes(seedKey, request.seed, origin.created_at);
  const id = repeatableApiKeyId(request, origin.client_id);
  return digested({ ...terms, ...origin, id, pepper, idempotency: request.digest }, secret, now, deps);
}

/** The id that a request with an Idempotency-Key gives the key which it makes. */
export const repeatableApiKeyId = ({ seed }: IdempotentRequest, clientId: string): string =>
  apiKeyIdFrom(derivedIdBytes(seed, 'api-key', 12), clientId);

async function digested(
  known: Omit<ApiKey, 'status' | 'digest' | 'pepper'> & { readonly pepper: string },
  secret: Uint8Array,
  now: number,
  { ring }: NewSecretDeps,
): Promise<NewApiKey> {
  const key = formatApiKey(known.id, secret);
  const digest = digestApiKey(await ringKey(known.pepper, 'api-key-digest', ring, now), key);
  return { stored: { ...known, status: 'active', digest }, key };
}
