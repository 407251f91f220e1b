// Options of `clients create` and `clients update` <-> client metadata (RFC 7591 names and ours, src/clients/client.ts).
import { CommandError, type Arguments, type Options } from './command.ts';
import { lifetimeSeconds } from './duration.ts';
import { publicKeysIn } from './key-file.ts';
import { nearest } from './nearest.ts';
import { rotationTerms } from './rotation-option.ts';

type MetadataOption = {
  readonly field: string;
  readonly value: string;
  readonly help: string;
  /** How the option's text becomes the field's value; a list takes every text that was given. */
  readonly kind: 'text' | 'list' | 'quotas' | 'seconds' | 'number' | 'rotation' | 'flag' | 'keys';
};

const METADATA_OPTIONS: Readonly<Record<string, MetadataOption>> = {
  name: { field: 'client_name', value: 'NAME', kind: 'text', help: 'What people call it' },
  scope: { field: 'scope', value: '"A B"', kind: 'text', help: 'Everything that it may ask for' },
  'default-scope': {
    field: 'default_scope',
    value: '"A B"',
    kind: 'text',
    help: 'What it gets when it asks for nothing (default: all but clients:manage)',
  },
  grant: { field: 'grant_types', value: 'GRANT', kind: 'list', help: 'client_credentials, refresh_token' },
  role: { field: 'roles', value: 'ROLE', kind: 'list', help: 'A role in its tokens' },
  audience: { field: 'audiences', value: 'URL', kind: 'list', help: 'An API that its tokens may be for (default: the service itself)' },
  'auth-method': {
    field: 'token_endpoint_auth_method',
    value: 'METHOD',
    kind: 'text',
    help: 'client_secret_basic, client_secret_post or private_key_jwt',
  },
  'jwks-file': { field: 'jwks', value: 'FILE', kind: 'keys', help: 'Its public keys for private_key_jwt: a JWK Set, a JWK or PEM' },
  'jwks-uri': { field: 'jwks_uri', value: 'URL', kind: 'text', help: 'Where it publishes them instead' },
  'auth-signing-alg': {
    field: 'token_endpoint_auth_signing_alg',
    value: 'ALG',
    kind: 'text',
    help: 'The only algorithm of its assertions: RS256, PS256, ES256, EdDSA',
  },
  'tls-subject-dn': { field: 'tls_client_auth_subject_dn', value: 'DN', kind: 'text', help: 'The subject of its certificate (RFC 4514)' },
  'tls-san-dns': { field: 'tls_client_auth_san_dns', value: 'HOST', kind: 'text', help: 'Or a subject alternative name of it' },
  'tls-san-uri': { field: 'tls_client_auth_san_uri', value: 'URI', kind: 'text', help: 'The same' },
  'tls-san-ip': { field: 'tls_client_auth_san_ip', value: 'ADDRESS', kind: 'text', help: 'The same' },
  'tls-san-email': { field: 'tls_client_auth_san_email', value: 'ADDRESS', kind: 'text', help: 'The same' },
  'tls-certificate': {
    field: 'tls_client_certificates',
    value: 'X5T',
    kind: 'list',
    help: 'A self-signed certificate of it, by its x5t#S256',
  },
  'tls-bound-tokens': {
    field: 'tls_client_certificate_bound_access_tokens',
    value: 'true|false',
    kind: 'flag',
    help: 'Whether its tokens are bound to its certificate',
  },
  'access-token-lifetime': { field: 'access_token_lifetime', value: 'TIME', kind: 'seconds', help: 'Seconds, or 15m, 1h' },
  'refresh-token-lifetime': {
    field: 'refresh_token_lifetime',
    value: 'TIME',
    kind: 'seconds',
    help: 'From the start of a session to its end (default 7d)',
  },
  'refresh-token-idle-lifetime': {
    field: 'refresh_token_idle_lifetime',
    value: 'TIME',
    kind: 'seconds',
    help: 'A session ends when unused for so long (default 0 = no such end)',
  },
  'refresh-client-auth': {
    field: 'refresh_client_auth',
    value: 'required|none',
    kind: 'text',
    help: 'Whether refreshing needs the secret (default required)',
  },
  'rate-limit-per-minute': { field: 'rate_limit_per_minute', value: 'N', kind: 'number', help: 'Calls per endpoint and network' },
  'rate-limit-burst': { field: 'rate_limit_burst', value: 'N', kind: 'number', help: 'Calls over that limit that are let through' },
  quota: { field: 'quotas', value: 'N/hour|N/day', kind: 'quotas', help: 'Tokens by hour or day (UTC), from all networks' },
  'ip-range': { field: 'ip_ranges', value: 'CIDR', kind: 'list', help: 'A network that it may call from (default: any)' },
  'iam-principal': { field: 'iam_principals', value: 'ARN', kind: 'list', help: 'An AWS role that may act as it, without a secret' },
  'may-introspect': { field: 'may_introspect', value: 'own|any', kind: 'text', help: 'Whose tokens it may introspect (default own)' },
  contact: { field: 'contacts', value: 'ADDRESS', kind: 'list', help: 'Who answers for it' },
  owner: { field: 'owner', value: 'TEAM', kind: 'text', help: 'Who it belongs to' },
  'manages-tag': { field: 'manages_tags', value: 'TAG', kind: 'list', help: 'The only clients that a manager manages (default: all)' },
  tag: { field: 'tags', value: 'TAG', kind: 'list', help: 'A label of yours' },
  'dpop-bound': {
    field: 'dpop_bound_access_tokens',
    value: 'true|false',
    kind: 'flag',
    help: 'It gets tokens that are bound to a DPoP key alone',
  },
  'reuse-tokens': {
    field: 'reuse_tokens',
    value: 'true|false',
    kind: 'flag',
    help: 'The same request gets the same token again, for half of its life',
  },
  'secret-rotation': {
    field: 'secret_rotation',
    value: 'EVERY[,UNUSED[,OVERLAP]]',
    kind: 'rotation',
    help: 'Exchange secrets by schedule, as 90d,72h,30d: at what age, and when a former one ends: unused for, at the latest after',
  },
  'expires-at': { field: 'client_expires_at', value: 'TIME', kind: 'text', help: 'When it stops working, as 2027-01-31T00:00:00Z' },
};

export const CREATE_OPTIONS: Options = Object.fromEntries(
  Object.entries(METADATA_OPTIONS).map(([name, { value, help, kind }]) => [
    name,
    { value, help, repeatable: kind === 'list' || kind === 'quotas' },
  ]),
);

export const UPDATE_OPTIONS: Options = {
  ...CREATE_OPTIONS,
  clear: { value: 'OPTION', repeatable: true, help: 'Back to the default, for example --clear ip-range' },
};

/** The metadata that the given options say; `null` stands for the default (RFC 7592 section 2.2). */
export function metadataFrom(call: Arguments): Readonly<Record<string, unknown>> {
  const metadata: Record<string, unknown> = {};
  for (const name of call.list('clear') ?? []) metadata[fieldOf(name)] = null;
  for (const [name, option] of Object.entries(METADATA_OPTIONS)) {
    const value = metadataValue(name, option, call);
    if (value !== undefined) metadata[option.field] = value;
  }
  return metadata;
}

function metadataValue(name: string, option: MetadataOption, call: Arguments): unknown {
  if (option.kind === 'list') return call.list(name);
  if (option.kind === 'rotation') return rotationTerms(name, call.text(name));
  if (option.kind === 'flag') return flag(name, call.text(name));
  if (option.kind === 'keys') return keys(call.text(name));
  return option.kind === 'quotas' ? call.list(name)?.map(quota) : single(name, option, call.text(name));
}

const keys = (path: string | undefined) => (path === undefined ? undefined : publicKeysIn(path));

function flag(name: string, text: string | undefined): boolean | undefined {
  if (text === undefined || text === 'true' || text === 'false') return text === undefined ? undefined : text === 'true';
  throw new CommandError(`--${name} is true or false, not ${JSON.stringify(text)}.`, '', 2);
}

/** `1000/day`. */
function quota(text: string): { readonly per: string; readonly limit: number } {
  const [, limit, per = ''] = /^(\d{1,15})\/(hour|day)$/.exec(text) ?? [];
  if (limit === undefined)
    throw new CommandError(`--quota must be a number by hour or day, not ${JSON.stringify(text)}.`, 'Example: --quota 1000/day', 2);
  return { per, limit: Number(limit) };
}

function single(name: string, { kind }: MetadataOption, text: string | undefined): string | number | undefined {
  if (text === undefined || kind === 'text') return text;
  if (kind === 'seconds') return lifetimeSeconds(name, text);
  if (!/^\d{1,15}$/.test(text)) throw new CommandError(`--${name} must be a whole number, not ${JSON.stringify(text)}.`, '', 2);
  return Number(text);
}

function fieldOf(name: string): string {
  const option = METADATA_OPTIONS[name.replace(/^--/, '')];
  if (option !== undefined) return option.field;
  const suggestion = nearest(name, Object.keys(METADATA_OPTIONS)) ?? 'ip-range';
  throw new CommandError(`--clear takes the name of an option, not ${JSON.stringify(name)}.`, `Example: --clear ${suggestion}`, 2);
}
