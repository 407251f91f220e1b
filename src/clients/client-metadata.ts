/**
 * Client metadata as a registration request carries it (RFC 7591 section 2 and ours) -> `ClientMetadata`.
 * Every field is checked in its own line of `FIELDS`; the first that is wrong is named. Others are ignored: "The authorization
 * server MUST ignore any client metadata sent by the client that it does not understand" (RFC 7591 section 2); the answer shows
 * what was registered.
 */
import { QUOTA_PERIODS, type Quota } from '../abuse/quota.ts';
import { roleOfArn } from '../client-authentication/iam-principal.ts';
import { isCidr } from '../client-authentication/network.ts';
import { ok, refuse, type Result } from '../result.ts';
import { isResourceUri } from '../tokens/resource.ts';
import { parseScope } from '../tokens/scope.ts';
import { certificateProblem, CERTIFICATE_FIELDS } from './certificate-metadata.ts';
import { GRANT_TYPES, TOKEN_ENDPOINT_AUTH_METHODS, usesSecrets, type ClientMetadata } from './client.ts';
import { MAXIMUM, REFRESH_TOKEN_LIFETIME_DEFAULT_SECONDS } from './maximum-lengths.ts';
import { keyProblem, readClientKeys, readJwksUri } from './client-keys.ts';
import { ALGORITHMS } from '../tokens/algorithms.ts';
import { readRotationTerms } from './rotation-terms.ts';
import { readTime } from './time.ts';

export type RegistrationFailure = { readonly reason: 'metadata_invalid'; readonly field: string; readonly problem: string };

/** A field's reading: its value, or what is wrong with it in words for the caller. */
type Reading<T> = Result<T, string>;
export type Reader<T> = (value: unknown) => Reading<T>;

/** No controls, and none of the invisible characters that make a listing read otherwise than it is. */
const PRINTABLE = /^[\x20-\x7E\u00A0-\u200A\u2010-\u2027\u202F-\u205F\u2070-\uD7FF\uE000-\uFEFE\uFF00-\uFFFD]*$/;
const NAME = /^[A-Za-z0-9_.:/-]+$/;

export const text =
  (max: number): Reader<string> =>
  (value) => {
    if (typeof value !== 'string' || value === '') return refuse('must be a non-empty string');
    if (value.length > max) return refuse(`must be at most ${max} characters`);
    return PRINTABLE.test(value) ? ok(value) : refuse('must not contain control characters');
  };

export const name =
  (max: number): Reader<string> =>
  (value) => {
    if (typeof value !== 'string' || !NAME.test(value)) return refuse('must be made of letters, digits and _ . : / -');
    return value.length > max ? refuse(`must be at most ${max} characters`) : ok(value);
  };

export const list =
  <T>(item: Reader<T>, limits: { min?: number; max: number }): Reader<readonly T[]> =>
  (value) => {
    if (!Array.isArray(value)) return refuse('must be an array');
    if (value.length > limits.max) return refuse(`must have at most ${limits.max} entries`);
    if (value.length < (limits.min ?? 0)) return refuse('must not be empty');
    const items: T[] = [];
    for (const [index, entry] of value.entries()) {
      const reading = item(entry);
      if (!reading.ok) return refuse(`entry ${index} ${reading.failure}`);
      if (items.includes(reading.value)) return refuse(`entry ${index} is repeated`);
      items.push(reading.value);
    }
    return ok(items);
  };

const oneOf =
  <const T extends string>(allowed: readonly T[]): Reader<T> =>
  (value) => {
    const found = allowed.find((candidate) => candidate === value);
    return found === undefined ? refuse(`must be one of ${allowed.join(', ')}`) : ok(found);
  };

export const wholeNumber =
  (min: number, max: number): Reader<number> =>
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
      ? ok(value)
      : refuse(`must be a whole number from ${min} to ${max}`);

const boolean: Reader<boolean> = (value) => (typeof value === 'boolean' ? ok(value) : refuse('must be true or false'));

export const cidr: Reader<string> = (value) =>
  typeof value === 'string' && isCidr(value) ? ok(value) : refuse('must be a CIDR such as 192.0.2.0/24');

const roleArn: Reader<string> = (value) => {
  if (typeof value === 'string' && value.length > MAXIMUM.iamPrincipal) return refuse(`must be at most ${MAXIMUM.iamPrincipal} characters`);
  return typeof value === 'string' && roleOfArn(value) !== undefined
    ? ok(value)
    : refuse("must be a role's ARN such as arn:aws:iam::111122223333:role/billing");
};

const audience: Reader<string> = (value) => {
  if (typeof value !== 'string' || !isResourceUri(value)) return refuse('must be an absolute URI without a fragment');
  return value.length > MAXIMUM.audience ? refuse(`must be at most ${MAXIMUM.audience} characters`) : ok(value);
};

/** RFC 7591 section 2: `scope` is one "string containing a space-separated list". */
export const scope: Reader<readonly string[]> = (value) => {
  if (typeof value !== 'string') return refuse('must be a string of scopes separated by single spaces');
  if (value === '') return ok([]);
  const scopes = parseScope(value);
  if (scopes === undefined) return refuse('must be a string of scopes separated by single spaces');
  if (value.length > MAXIMUM.scopeText) return refuse(`must be at most ${MAXIMUM.scopeText} characters`);
  if (scopes.length > MAXIMUM.scopes) return refuse(`must have at most ${MAXIMUM.scopes} scopes`);
  return scopes.some((token) => token.length > MAXIMUM.scopeToken)
    ? refuse(`must have scopes of at most ${MAXIMUM.scopeToken} characters`)
    : ok(scopes);
};

const quota: Reader<Quota> = (value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('must be an object of per and limit');
  const { per, limit, ...others } = value as Readonly<Record<string, unknown>>;
  if (Object.keys(others).length > 0) return refuse('must have no members but per and limit');
  const period = oneOf(QUOTA_PERIODS)(per);
  if (!period.ok) return refuse(`per ${period.failure}`);
  const most = wholeNumber(1, MAXIMUM.quota)(limit);
  return most.ok ? ok({ per: period.value, limit: most.value }) : refuse(`limit ${most.failure}`);
};

const quotas: Reader<readonly Quota[]> = (value) => {
  const reading = list(quota, { max: QUOTA_PERIODS.length })(value);
  if (!reading.ok) return reading;
  return new Set(reading.value.map(({ per }) => per)).size === reading.value.length ? reading : refuse('must have one quota for each per');
};

const FIELDS: { readonly [K in keyof ClientMetadata]-?: Reader<NonNullable<ClientMetadata[K]>> } = {
  client_name: text(MAXIMUM.clientName),
  grant_types: list(oneOf(GRANT_TYPES), { min: 1, max: GRANT_TYPES.length }),
  token_endpoint_auth_method: oneOf(TOKEN_ENDPOINT_AUTH_METHODS),
  jwks: readClientKeys,
  jwks_uri: readJwksUri,
  token_endpoint_auth_signing_alg: oneOf(ALGORITHMS),
  scope,
  default_scope: scope,
  roles: list(name(MAXIMUM.role), { max: MAXIMUM.roles }),
  audiences: list(audience, { min: 1, max: MAXIMUM.audiences }),
  contacts: list(text(MAXIMUM.contact), { max: MAXIMUM.contacts }),
  ...CERTIFICATE_FIELDS,
  access_token_lifetime: wholeNumber(1, MAXIMUM.accessTokenLifetimeSeconds),
  refresh_token_lifetime: wholeNumber(1, MAXIMUM.refreshTokenLifetimeSeconds),
  refresh_token_idle_lifetime: wholeNumber(0, MAXIMUM.refreshTokenLifetimeSeconds),
  refresh_client_auth: oneOf(['required', 'none']),
  rate_limit_per_minute: wholeNumber(1, MAXIMUM.rateLimitPerMinute),
  rate_limit_burst: wholeNumber(0, MAXIMUM.rateLimitPerMinute),
  dpop_bound_access_tokens: boolean,
  quotas,
  ip_ranges: list(cidr, { max: MAXIMUM.ipRanges }),
  iam_principals: list(roleArn, { max: MAXIMUM.iamPrincipals }),
  may_introspect: oneOf(['own', 'any']),
  manages_tags: list(name(MAXIMUM.tag), { min: 1, max: MAXIMUM.tags }),
  tags: list(name(MAXIMUM.tag), { max: MAXIMUM.tags }),
  owner: text(MAXIMUM.owner),
  reuse_tokens: boolean,
  secret_rotation: readRotationTerms,
  disabled: boolean,
  client_expires_at: readTime,
};

export const METADATA_FIELDS = Object.keys(FIELDS) as readonly (keyof ClientMetadata)[];

/** RFC 7591 section 2: "If omitted, ... the default is client_secret_basic"; for grants a machine's default is not a person's. */
const DEFAULTS: ClientMetadata = {
  grant_types: ['client_credentials'],
  token_endpoint_auth_method: 'client_secret_basic',
  scope: [],
  roles: [],
  refresh_token_lifetime: REFRESH_TOKEN_LIFETIME_DEFAULT_SECONDS,
  refresh_token_idle_lifetime: 0,
  refresh_client_auth: 'required',
  ip_ranges: [],
  may_introspect: 'own',
  disabled: false,
};

/**
 * @param input the request's JSON object; `null` means the same as absent (RFC 7592 section 2.2: omitted or null fields are
 *   deleted or set to their default).
 */
export function readClientMetadata(input: Readonly<Record<string, unknown>>): Result<ClientMetadata, RegistrationFailure> {
  const metadata: Record<string, unknown> = { ...DEFAULTS };
  for (const [field, value] of Object.entries(input)) {
    if (value === null || !isField(field)) continue;
    const reading: Reading<unknown> = FIELDS[field](value);
    if (!reading.ok) return invalid(field, reading.failure);
    metadata[field] = reading.value;
  }
  return checkTogether(metadata as ClientMetadata);
}

const isField = (field: string): field is keyof ClientMetadata => Object.hasOwn(FIELDS, field);

/** What no field can say alone. */
function checkTogether(metadata: ClientMetadata): Result<ClientMetadata, RegistrationFailure> {
  const stranger = metadata.default_scope?.find((token) => !metadata.scope.includes(token));
  if (stranger !== undefined) return invalid('default_scope', 'must be part of scope');
  // RFC 6749 section 6 needs a first token to refresh, and this service has no other grant that gives one.
  if (!metadata.grant_types.includes('client_credentials')) return invalid('grant_types', 'must include client_credentials');
  if (metadata.refresh_token_idle_lifetime > metadata.refresh_token_lifetime)
    return invalid('refresh_token_idle_lifetime', 'must not be longer than refresh_token_lifetime');
  if (metadata.rate_limit_burst !== undefined && metadata.rate_limit_per_minute === undefined)
    return invalid('rate_limit_burst', 'needs rate_limit_per_minute');
  const certificate = certificateProblem(metadata);
  if (certificate !== undefined) return invalid(certificate.field, certificate.problem);
  // Each of those tokens belongs to a session of its own, and ends with it.
  if (metadata.reuse_tokens === true && metadata.grant_types.includes('refresh_token'))
    return invalid('reuse_tokens', 'is for clients without the refresh_token grant');
  return checkMethod(metadata);
}

/** The method that a client authenticates by, and what it needs. */
function checkMethod(metadata: ClientMetadata): Result<ClientMetadata, RegistrationFailure> {
  const keys = keyProblem(metadata);
  if (keys !== undefined) return invalid(keys.field, keys.problem);
  if (metadata.secret_rotation !== undefined && !usesSecrets(metadata))
    return invalid('secret_rotation', 'is for clients that authenticate with a secret');
  return ok(metadata);
}

const invalid = (field: keyof ClientMetadata, problem: string) => refuse({ reason: 'metadata_invalid', field, problem } as const);
