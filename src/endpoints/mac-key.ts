import { ConfigurationError } from '../environment.ts';
import type { SecretRing } from './stores.ts';

/** The MAC key that a token is made with. A ring without the key that it or a session names is broken, which no caller can mend. */
export async function macKeyOf(keyId: string, ring: SecretRing, now: number): Promise<Uint8Array> {
  const key = await ring.key(keyId, 'refresh-token-mac', now);
  if (key === undefined) throw new ConfigurationError('RING_SECRET_ARN', `holds no key ${keyId}, which is in use`);
  return key;
}
