// Making a secret: 256 bits, shown once, of which only a digest under the ring's pepper stays.
import { digestClientSecret, formatClientSecret } from '../client-authentication/secret.ts';
import type { SecretDigest } from '../clients/client.ts';
import { derivedSecretBytes, type IdempotentRequest } from '../clients/idempotency.ts';
import { ConfigurationError } from '../environment.ts';
import type { SecretRing } from './stores.ts';

export type NewSecretDeps = { readonly ring: SecretRing; readonly random: (bytes: number) => Uint8Array };

export type NewSecret = { readonly stored: SecretDigest; readonly secret: string };

/** Times in epoch seconds. */
type Terms = Pick<SecretDigest, 'created_at' | 'expires_at'>;

export async function newSecret(terms: Terms, { ring, random }: NewSecretDeps): Promise<NewSecret> {
  const pepper = await ring.currentId(terms.created_at);
  return digested(formatClientSecret(random(32)), { ...terms, id: secretIdFrom(random(9)), pepper }, ring, terms.created_at);
}

/**
 * The secret that this request makes, however often it is sent: derived under a key of the ring, and never stored.
 * @param terms those of an earlier attempt, its id and ring key among them, where the table holds one. @param now epoch seconds.
 */
export async function repeatableSecret(
  request: IdempotentRequest,
  terms: Terms & { readonly id?: string; readonly pepper?: string },
  now: number,
  { ring, random }: NewSecretDeps,
): Promise<NewSecret> {
  const pepper = terms.pepper ?? (await ring.currentId(now));
  const key = await ringKey(pepper, 'idempotent-secret', ring, now);
  const secret = formatClientSecret(derivedSecretBytes(key, request.seed, terms.created_at));
  return digested(secret, { ...terms, id: terms.id ?? secretIdFrom(random(9)), pepper }, ring, now);
}

export const secretIdFrom = (bytes: Uint8Array): string => `s_${Buffer.from(bytes).toString('base64url')}`;

async function digested(secret: string, known: Omit<SecretDigest, 'digest'>, ring: SecretRing, now: number): Promise<NewSecret> {
  const { id, pepper, created_at, expires_at } = known;
  const key = await ringKey(pepper, 'client-secret-digest', ring, now);
  const digest = digestClientSecret(key, secret);
  return { stored: { id, pepper, digest, created_at, ...(expires_at === undefined ? {} : { expires_at }) }, secret };
}

async function ringKey(id: string, use: 'client-secret-digest' | 'idempotent-secret', ring: SecretRing, now: number): Promise<Uint8Array> {
  const key = await ring.key(id, use, now);
  if (key === undefined) throw new ConfigurationError('RING_SECRET_ARN', `holds no key ${id}, which is in use`);
  return key;
}
