// A client as the registration API shows it (RFC 7591 section 3.2.1): RFC members in seconds, ours in RFC 3339; never a digest.
import type { Client, SecretDigest } from './client.ts';
import { keyCredentialId } from './client-keys.ts';
import type { SecretUse } from './secret-use.ts';
import { rfc3339 } from './time.ts';

/** Last uses by secret id; none where they were not read. */
export type SecretUses = ReadonlyMap<string, SecretUse>;

/** @param secret the once-shown secret of a client just made. */
export function clientAnswer(client: Client, secret?: string, uses?: SecretUses): Readonly<Record<string, unknown>> {
  const { epoch: _epoch, version: _version, registration: _registration, spent_keys: _spent, ...members } = client;
  const { secrets, scope, default_scope, client_expires_at, updated_at, ...metadata } = members;
  return {
    ...metadata,
    // RFC 7591 section 3.2.1: client_secret_expires_at is required with a secret; 0 = does not expire.
    ...(secret === undefined ? {} : { client_secret: secret, client_secret_expires_at: 0 }),
    scope: scope.join(' '),
    ...(default_scope === undefined ? {} : { default_scope: default_scope.join(' ') }),
    ...(client_expires_at === undefined ? {} : { client_expires_at: rfc3339(client_expires_at) }),
    updated_at: rfc3339(updated_at),
    credentials: [
      ...secrets.map((known) => {
        const { id, ...facts } = secretAnswer(known, uses);
        return { id, type: 'client_secret', ...facts };
      }),
      ...(metadata.jwks?.keys ?? []).map(({ kid }) => {
        const id = keyCredentialId(kid);
        return { id, type: 'public_key', kid, ...useAnswer(uses?.get(id)) };
      }),
    ],
  };
}

/** A secret as the registration API shows it: never the secret, never its digest. */
export function secretAnswer(secret: SecretDigest, uses?: SecretUses): Readonly<Record<string, unknown>> & { readonly id: string } {
  const { id, created_at, expires_at, ip_ranges } = secret;
  return {
    id,
    created_at: rfc3339(created_at),
    ...(expires_at === undefined ? {} : { expires_at: rfc3339(expires_at) }),
    ...(ip_ranges === undefined ? {} : { ip_ranges }),
    ...rotationAnswer(secret),
    ...useAnswer(uses?.get(id)),
  };
}

const useAnswer = (use: SecretUse | undefined): Readonly<Record<string, string>> =>
  use === undefined ? {} : { last_used_at: rfc3339(use.last_used_at), last_used_ip: use.ip, last_used_user_agent: use.user_agent };

/** How far its exchange has come. */
function rotationAnswer({ rotating_since, ending_announced_at, successor_of, claimed_at }: SecretDigest): Readonly<Record<string, string>> {
  return {
    ...(rotating_since === undefined ? {} : { rotating_since: rfc3339(rotating_since) }),
    ...(ending_announced_at === undefined ? {} : { ending_announced_at: rfc3339(ending_announced_at) }),
    ...(successor_of === undefined ? {} : { successor_of }),
    ...(claimed_at === undefined ? {} : { claimed_at: rfc3339(claimed_at) }),
  };
}
