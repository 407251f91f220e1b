// The secrets of a client over time: at most five live at once, expired ones dropped when one is added, any ended at once.
import type { Client, SecretDigest, SpentKey } from './client.ts';
import { IDEMPOTENCY_WINDOW_SECONDS } from './idempotency.ts';
import { MAXIMUM } from './maximum-lengths.ts';

export type ClientSecrets = Pick<Client, 'secrets' | 'spent_keys'>;

/** Bounds the record; who ends more keyed secrets in a day loses nothing but the refusal of the oldest keys. */
const SPENT_KEYS_MAX = 20;

/** The client's secrets with one more, or undefined when it has as many live ones as it may. @param now epoch seconds. */
export function withSecret(client: ClientSecrets, secret: SecretDigest, now: number): ClientSecrets | undefined {
  const live = client.secrets.filter((known) => isLiveSecret(known, now));
  if (live.length >= MAXIMUM.liveSecrets) return undefined;
  return { secrets: [...live, secret], ...spentKeys(client, live, now) };
}

/** The client's secrets without one, or undefined when it has no such secret. */
export function withoutSecret(client: ClientSecrets, secretId: string, now: number): ClientSecrets | undefined {
  const rest = client.secrets.filter(({ id }) => id !== secretId);
  if (rest.length === client.secrets.length) return undefined;
  return { secrets: rest, ...spentKeys(client, rest, now) };
}

export const isLiveSecret = ({ expires_at: expiresAt }: SecretDigest, now: number): boolean => expiresAt === undefined || expiresAt > now;

/** Keys of secrets that are gone, for as long as a delayed repeat might come with one: it must not make another secret. */
function spentKeys(client: ClientSecrets, kept: readonly SecretDigest[], now: number): Pick<Client, 'spent_keys'> {
  const gone = client.secrets.filter((secret) => !kept.includes(secret));
  const added = gone.flatMap(({ idempotency, created_at }): SpentKey[] =>
    idempotency === undefined ? [] : [{ key: idempotency.key, until: created_at + IDEMPOTENCY_WINDOW_SECONDS }],
  );
  const spent = [...(client.spent_keys ?? []), ...added].filter(({ until }) => until > now).slice(-SPENT_KEYS_MAX);
  return spent.length === 0 ? {} : { spent_keys: spent };
}
