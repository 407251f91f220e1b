// Making a secret: 256 bits, shown once, of which only a digest under the ring's pepper stays.
import { digestClientSecret, formatClientSecret } from '../client-authentication/secret.ts';
import type { SecretDigest } from '../clients/client.ts';
import { derivedSecretBytes, type IdempotentRequest } from '../clients/idempotency.ts';
import { ConfigurationError } from '../environment.ts';
import type { SecretRing } from './stores.ts';

export type NewSecretDeps = { readonly ring: SecretRing; readonly random: (bytes: number) => Uint8Array };

export type NewSecret = { readonly stored: SecretDigest; readonly secret: string };

/** Times in epoch seconds. */
type Terms = Pick<SecretDigest, 'created_at' | 'expires_at' | 'ip_ranges'>;

/** Of an earlier attempt, its id and ring key among them, where the table holds one. */
type TermsOfBefore = Terms & { readonly id?: string; readonly pepper?: string };

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
  terms: TermsOfBefore,
  now: number,
  deps: NewSecretDeps,
): Promise<NewSecret> {
  return derivedSecret('idempotent-secret', request.seed, terms, now, deps);
}

/** The secret that another is exchanged for, the same at every attempt. @param seed made of the former secret (`successorSeed`). */
export async function successorSecret(seed: Uint8Array, terms: TermsOfBefore, now: number, deps: NewSecretDeps): Promise<NewSecret> {
  return derivedSecret('successor-secret', seed, terms, now, deps);
}

async function derivedSecret(
  use: 'idempotent-secret' | 'successor-secret',
  seed: Uint8Array,
  terms: TermsOfBefore,
  now: number,
  { ring, random }: NewSecretDeps,
): Promise<NewSecret> {
  const pepper = terms.pepper ?? (await ring.currentId(now));
  const key = await ringKey(pepper, use, ring, now);
  const secret = formatClientSecret(derivedSecretBytes(key, seed, terms.created_at));
  return digested(secret, { ...terms, id: terms.id ?? secretIdFrom(random(9)), pepper }, ring, now);
}

export const secretIdFrom = (bytes: Uint8Array): string => `s_${Buffer.from(bytes).toString('base64url')}`;

async function digested(secret: string, known: Omit<SecretDigest, 'digest'>, ring: SecretRing, now: number): Promise<NewSecret> {
  const { id, pepper, created_at, expires_at, ip_ranges } = known;
  const key = await ringKey(pepper, 'client-secret-digest', ring, now);
  const digest = digestClientSecret(key, secret);
  const limits = { ...(expires_at === undefined ? {} : { expires_at }), ...(ip_ranges === undefined ? {} : { ip_ranges }) };
  return { stored: { id, pepper, digest, created_at, ...limits }, secret };
}

export async function ringKey(id: string, use: Parameters<SecretRing['key']>[1], ring: SecretRing, now: number): Promise<Uint8Array> {
  const key = await ring.key(id, use, now);
  if (key === undefined) throw new ConfigurationError('RING_SECRET_ARN', `holds no key ${id}, which is in use`);
  return key;
}
