// Client <-> item. `status` is the store's own: a deleted client stays as a tombstone, so that its id is never given out again.
import { QUOTA_PERIODS, type Quota } from '../abuse/quota.ts';
import {
  GRANT_TYPES,
  TOKEN_ENDPOINT_AUTH_METHODS,
  type Client,
  type ClientKey,
  type SecretDigest,
  type SpentKey,
} from '../clients/client.ts';
import { ALGORITHMS } from '../tokens/algorithms.ts';
import type { SecretRotation } from '../clients/rotation-terms.ts';
import { flag, map, maps, oneOf, optional, present, someOf, text, texts, wholeNumber, type Item } from './item.ts';
import { CLIENT_PREFIX } from './keys.ts';

export const CLIENT_STATUS = { live: 'active', deleted: 'deleted' } as const;

/** Everything but the id, which is in the key. Undefined members are not stored. */
export const clientAttributes = (client: Client): Record<Exclude<keyof Client, 'client_id'>, unknown> => ({
  client_name: client.client_name,
  grant_types: client.grant_types,
  token_endpoint_auth_method: client.token_endpoint_auth_method,
  jwks: client.jwks,
  jwks_uri: client.jwks_uri,
  token_endpoint_auth_signing_alg: client.token_endpoint_auth_signing_alg,
  scope: client.scope,
  default_scope: client.default_scope,
  roles: client.roles,
  audiences: client.audiences,
  contacts: client.contacts,
  tls_client_auth_subject_dn: client.tls_client_auth_subject_dn,
  tls_client_auth_san_dns: client.tls_client_auth_san_dns,
  tls_client_auth_san_uri: client.tls_client_auth_san_uri,
  tls_client_auth_san_ip: client.tls_client_auth_san_ip,
  tls_client_auth_san_email: client.tls_client_auth_san_email,
  tls_client_certificates: client.tls_client_certificates,
  tls_client_certificate_bound_access_tokens: client.tls_client_certificate_bound_access_tokens,
  access_token_lifetime: client.access_token_lifetime,
  refresh_token_lifetime: client.refresh_token_lifetime,
  refresh_token_idle_lifetime: client.refresh_token_idle_lifetime,
  refresh_client_auth: client.refresh_client_auth,
  rate_limit_per_minute: client.rate_limit_per_minute,
  rate_limit_burst: client.rate_limit_burst,
  dpop_bound_access_tokens: client.dpop_bound_access_tokens,
  quotas: client.quotas,
  ip_ranges: client.ip_ranges,
  iam_principals: client.iam_principals,
  may_introspect: client.may_introspect,
  manages_tags: client.manages_tags,
  tags: client.tags,
  owner: client.owner,
  reuse_tokens: client.reuse_tokens,
  secret_rotation: client.secret_rotation,
  disabled: client.disabled,
  client_expires_at: client.client_expires_at,
  secrets: client.secrets,
  spent_keys: client.spent_keys,
  registration: client.registration,
  epoch: client.epoch,
  version: client.version,
  client_id_issued_at: client.client_id_issued_at,
  updated_at: client.updated_at,
});

/** Undefined for a deleted client. */
export function clientFrom(item: Item): Client | undefined {
  if (!isLive(item)) return undefined;
  return present({
    client_id: text(item, 'PK').slice(CLIENT_PREFIX.length),
    client_name: optional(item, 'client_name', text),
    grant_types: someOf(item, 'grant_types', GRANT_TYPES),
    token_endpoint_auth_method: oneOf(item, 'token_endpoint_auth_method', TOKEN_ENDPOINT_AUTH_METHODS),
    jwks: optional(item, 'jwks', jwksFrom),
    jwks_uri: optional(item, 'jwks_uri', text),
    token_endpoint_auth_signing_alg: optional(item, 'token_endpoint_auth_signing_alg', (known, name) => oneOf(known, name, ALGORITHMS)),
    scope: texts(item, 'scope'),
    default_scope: optional(item, 'default_scope', texts),
    roles: texts(item, 'roles'),
    audiences: optional(item, 'audiences', texts),
    contacts: optional(item, 'contacts', texts),
    tls_client_auth_subject_dn: optional(item, 'tls_client_auth_subject_dn', text),
    tls_client_auth_san_dns: optional(item, 'tls_client_auth_san_dns', text),
    tls_client_auth_san_uri: optional(item, 'tls_client_auth_san_uri', text),
    tls_client_auth_san_ip: optional(item, 'tls_client_auth_san_ip', text),
    tls_client_auth_san_email: optional(item, 'tls_client_auth_san_email', text),
    tls_client_certificates: optional(item, 'tls_client_certificates', texts),
    tls_client_certificate_bound_access_tokens: optional(item, 'tls_client_certificate_bound_access_tokens', flag),
    access_token_lifetime: optional(item, 'access_token_lifetime', wholeNumber),
    refresh_token_lifetime: wholeNumber(item, 'refresh_token_lifetime'),
    refresh_token_idle_lifetime: wholeNumber(item, 'refresh_token_idle_lifetime'),
    refresh_client_auth: oneOf(item, 'refresh_client_auth', ['required', 'none']),
    rate_limit_per_minute: optional(item, 'rate_limit_per_minute', wholeNumber),
    rate_limit_burst: optional(item, 'rate_limit_burst', wholeNumber),
    dpop_bound_access_tokens: optional(item, 'dpop_bound_access_tokens', flag),
    quotas: optional(item, 'quotas', maps)?.map(quotaFrom),
    ip_ranges: texts(item, 'ip_ranges'),
    iam_principals: optional(item, 'iam_principals', texts),
    may_introspect: oneOf(item, 'may_introspect', ['own', 'any']),
    manages_tags: optional(item, 'manages_tags', texts),
    tags: optional(item, 'tags', texts),
    owner: optional(item, 'owner', text),
    reuse_tokens: optional(item, 'reuse_tokens', flag),
    secret_rotation: optional(item, 'secret_rotation', rotationFrom),
    disabled: flag(item, 'disabled'),
    client_expires_at: optional(item, 'client_expires_at', wholeNumber),
    secrets: maps(item, 'secrets').map(secretFrom),
    spent_keys: optional(item, 'spent_keys', maps)?.map(spentKeyFrom),
    registration: optional(item, 'registration', registrationFrom),
    epoch: wholeNumber(item, 'epoch'),
    version: wholeNumber(item, 'version'),
    client_id_issued_at: wholeNumber(item, 'client_id_issued_at'),
    updated_at: wholeNumber(item, 'updated_at'),
  });
}

/** False for a tombstone. */
export const isLive = (item: Item): boolean => oneOf(item, 'status', Object.values(CLIENT_STATUS)) === CLIENT_STATUS.live;

const secretFrom = (item: Item): SecretDigest =>
  present({
    id: text(item, 'id'),
    pepper: text(item, 'pepper'),
    digest: text(item, 'digest'),
    created_at: wholeNumber(item, 'created_at'),
    expires_at: optional(item, 'expires_at', wholeNumber),
    ip_ranges: optional(item, 'ip_ranges', texts),
    idempotency: optional(item, 'idempotency', idempotencyFrom),
    rotating_since: optional(item, 'rotating_since', wholeNumber),
    ending_announced_at: optional(item, 'ending_announced_at', wholeNumber),
    successor_of: optional(item, 'successor_of', text),
    claimed_at: optional(item, 'claimed_at', wholeNumber),
    claimed_network: optional(item, 'claimed_network', text),
  });

function rotationFrom(item: Item, name: string): SecretRotation {
  const terms = map(item, name);
  return {
    every_days: wholeNumber(terms, 'every_days'),
    unused_hours: wholeNumber(terms, 'unused_hours'),
    overlap_days: wholeNumber(terms, 'overlap_days'),
    claim_hours: wholeNumber(terms, 'claim_hours'),
  };
}

const jwksFrom = (item: Item, name: string): { readonly keys: readonly ClientKey[] } => ({
  keys: maps(map(item, name), 'keys').map((key) => ({
    ...Object.fromEntries(Object.keys(key).map((member) => [member, text(key, member)])),
    kid: text(key, 'kid'),
  })),
});

const quotaFrom = (item: Item): Quota => ({ per: oneOf(item, 'per', QUOTA_PERIODS), limit: wholeNumber(item, 'limit') });

const spentKeyFrom = (item: Item): SpentKey => ({ key: text(item, 'key'), until: wholeNumber(item, 'until') });

export function idempotencyFrom(item: Item, name: string): { readonly key: string; readonly body: string } {
  const digest = map(item, name);
  return { key: text(digest, 'key'), body: text(digest, 'body') };
}

const registrationFrom = (item: Item, name: string) => ({ ...idempotencyFrom(item, name), pepper: text(map(item, name), 'pepper') });
