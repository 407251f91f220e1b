// Options of `clients create` and `clients update` <-> client metadata (RFC 7591 names and ours, src/clients/client.ts).
import { CommandError, type Arguments, type Options } from './command.ts';
import { lifetimeSeconds } from './duration.ts';
import { nearest } from './nearest.ts';

type MetadataOption = {
  readonly field: string;
  readonly value: string;
  readonly help: string;
  /** How the option's text becomes the field's value; a list takes every text that was given. */
  readonly kind: 'text' | 'list' | 'seconds' | 'number';
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
  'auth-method': { field: 'token_endpoint_auth_method', value: 'METHOD', kind: 'text', help: 'client_secret_basic or client_secret_post' },
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
  'ip-range': { field: 'ip_ranges', value: 'CIDR', kind: 'list', help: 'A network that it may call from (default: any)' },
  'iam-principal': { field: 'iam_principals', value: 'ARN', kind: 'list', help: 'An AWS role that may act as it, without a secret' },
  'may-introspect': { field: 'may_introspect', value: 'own|any', kind: 'text', help: 'Whose tokens it may introspect (default own)' },
  contact: { field: 'contacts', value: 'ADDRESS', kind: 'list', help: 'Who answers for it' },
  owner: { field: 'owner', value: 'TEAM', kind: 'text', help: 'Who it belongs to' },
  tag: { field: 'tags', value: 'TAG', kind: 'list', help: 'A label of yours' },
  'expires-at': { field: 'client_expires_at', value: 'TIME', kind: 'text', help: 'When it stops working, as 2027-01-31T00:00:00Z' },
};

export const CREATE_OPTIONS: Options = Object.fromEntries(
  Object.entries(METADATA_OPTIONS).map(([name, { value, help, kind }]) => [name, { value, help, repeatable: kind === 'list' }]),
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
    const value = option.kind === 'list' ? call.list(name) : single(name, option, call.text(name));
    if (value !== undefined) metadata[option.field] = value;
  }
  return metadata;
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
