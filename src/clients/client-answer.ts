// A client as the registration API shows it (RFC 7591 section 3.2.1): RFC members in seconds, ours in RFC 3339; never a digest.
import type { Client } from './client.ts';

/** @param secret the once-shown secret of a client just made. */
export function clientAnswer(client: Client, secret?: string): Readonly<Record<string, unknown>> {
  const { secrets, epoch: _epoch, version: _version, scope, default_scope, client_expires_at, updated_at, ...metadata } = client;
  return {
    ...metadata,
    // RFC 7591 section 3.2.1: client_secret_expires_at is required with a secret; 0 = does not expire.
    ...(secret === undefined ? {} : { client_secret: secret, client_secret_expires_at: 0 }),
    scope: scope.join(' '),
    ...(default_scope === undefined ? {} : { default_scope: default_scope.join(' ') }),
    ...(client_expires_at === undefined ? {} : { client_expires_at: rfc3339(client_expires_at) }),
    updated_at: rfc3339(updated_at),
    credentials: secrets.map(({ id, created_at, expires_at }) => ({
      id,
      type: 'client_secret',
      created_at: rfc3339(created_at),
      ...(expires_at === undefined ? {} : { expires_at: rfc3339(expires_at) }),
    })),
  };
}

const rfc3339 = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
