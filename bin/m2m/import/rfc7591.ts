// Clients that have RFC 7591's names already: Ory Hydra's (`hydra list oauth2-clients --format json`), and plain JSON or CSV.
import { METADATA_FIELDS } from '../../../src/clients/client-metadata.ts';
import {
  authMethod,
  grants,
  lifetime,
  NO_MACHINE,
  present,
  SECRET_LEFT,
  textOf,
  textsOf,
  type Metadata,
  type Source,
} from './imported-client.ts';

const FIELDS: ReadonlySet<string> = new Set(METADATA_FIELDS);

/** What registrations answer besides metadata: nothing of it is missed. */
const ANSWERED = new Set([
  'client_id', 'client_id_issued_at', 'client_secret', 'client_secret_expires_at', 'credentials', 'secrets', 'updated_at', 'created_at',
  'trace_id', 'registration_access_token', 'registration_client_uri',
]); // prettier-ignore

export const plain: Source = { name: 'plain', recognises: () => true, read: (entry) => readRfc7591(entry) };

export const hydra: Source = {
  name: 'hydra',
  recognises: (entry) =>
    'client_credentials_grant_access_token_lifespan' in entry || 'skip_consent' in entry || 'request_object_signing_alg' in entry,
  read: (entry) => {
    const lives = lifetime(goSeconds(entry['client_credentials_grant_access_token_lifespan']));
    const { metadata, left, ...rest } = readRfc7591({
      ...Object.fromEntries(Object.entries(entry).filter(([field, value]) => FIELDS.has(field) && value !== '')),
      client_id: entry['client_id'],
      audiences: textsOf(entry['audience']),
      access_token_lifetime: lives.seconds,
    });
    return { ...rest, metadata, left: [...left, ...lives.left, SECRET_LEFT] };
  },
};

function readRfc7591(entry: Metadata) {
  const types = entry['grant_types'] === undefined ? undefined : textsOf(entry['grant_types']);
  const grant = types === undefined ? undefined : grants(types);
  const method = authMethod(textOf(entry['token_endpoint_auth_method']));
  const known = Object.fromEntries(Object.entries(entry).filter(([field]) => FIELDS.has(field)));
  const unknown = Object.keys(entry).filter((field) => !FIELDS.has(field) && !ANSWERED.has(field));
  return {
    id: textOf(entry['client_id']),
    metadata: present({ ...known, grant_types: grant?.grant_types, token_endpoint_auth_method: method.method }),
    left: [
      ...(grant?.left ?? []),
      ...method.left,
      ...('client_secret' in entry ? [SECRET_LEFT] : []),
      ...(unknown.length === 0 ? [] : [`fields that are not known here: ${unknown.join(', ')}`]),
    ],
    ...(types === undefined || types.includes('client_credentials') ? {} : { skipped: NO_MACHINE }),
  };
}

/** Go's durations: 1h0m0s. */
function goSeconds(value: unknown): number | undefined {
  const [text, hours = '0', minutes = '0', seconds = '0'] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(textOf(value) ?? '') ?? [];
  return text === undefined || text === '' ? undefined : Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

const LISTS = new Set(['grant_types', 'roles', 'audiences', 'contacts', 'ip_ranges', 'iam_principals', 'tags', 'manages_tags']);
const NUMBERS = /_(?:lifetime|per_minute|burst)$/;

/** The cells of a CSV as the fields' own types: lists by semicolons or spaces, numbers, true and false. */
export const fromCells = (cells: Readonly<Record<string, string>>): Metadata =>
  Object.fromEntries(
    Object.entries(cells).map(([field, text]): readonly [string, unknown] => {
      if (LISTS.has(field)) return [field, text.split(/[;\s]+/).filter((part) => part !== '')];
      if (NUMBERS.test(field) && /^\d+$/.test(text)) return [field, Number(text)];
      return [field, /^(?:true|false)$/i.test(text) ? text.toLowerCase() === 'true' : text];
    }),
  );
