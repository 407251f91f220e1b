// A client of another system, in the words of this one.

export type Metadata = Readonly<Record<string, unknown>>;

export type ImportedClient = {
  /** As the other system has it; undefined where it has none. */
  readonly id: string | undefined;
  /** Names of RFC 7591 and ours (docs/clients.md). */
  readonly metadata: Metadata;
  /** What does not come over, in words. */
  readonly left: readonly string[];
  /** Why it does not come over at all: it is no client for machines. */
  readonly skipped?: string;
};

/** How the clients of one system read. */
export type Source = {
  readonly name: 'cognito' | 'auth0' | 'keycloak' | 'hydra' | 'plain';
  /** Whether an object of the file is of this system. */
  readonly recognises: (entry: Metadata) => boolean;
  readonly read: (entry: Metadata) => ImportedClient;
};

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
export const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string' && entry !== '') : [];

/** Members that have a value; an empty list counts as none. */
export const present = (members: Metadata): Metadata =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)));

const LIFETIME_MAX_SECONDS = 3600;

/** Access tokens live an hour at most. */
export function lifetime(seconds: number | undefined): { readonly seconds: number | undefined; readonly left: readonly string[] } {
  if (seconds === undefined || !Number.isInteger(seconds) || seconds < 1) return { seconds: undefined, left: [] };
  if (seconds <= LIFETIME_MAX_SECONDS) return { seconds, left: [] };
  return { seconds: LIFETIME_MAX_SECONDS, left: [`access tokens of ${seconds} s: 3600 s is the most here`] };
}

/** The grants that there are here; client_credentials is always one. */
export function grants(types: readonly string[]): { readonly grant_types: readonly string[]; readonly left: readonly string[] } {
  const others = types.filter((type) => type !== 'client_credentials' && type !== 'refresh_token');
  return {
    grant_types: ['client_credentials', ...(types.includes('refresh_token') ? ['refresh_token'] : [])],
    left: others.length === 0 ? [] : [`grants ${others.map((type) => type.replace('urn:ietf:params:oauth:grant-type:', '')).join(', ')}`],
  };
}

/** `client_secret_*` comes over; every other way to authenticate becomes a secret. */
export function authMethod(method: string | undefined): { readonly method: string | undefined; readonly left: readonly string[] } {
  if (method === undefined || method === 'client_secret_basic' || method === 'client_secret_post') return { method, left: [] };
  return { method: undefined, left: [`authentication by ${method}: it gets a secret`] };
}

export const SECRET_LEFT = 'its secret: it gets a new one';
export const NO_MACHINE = 'it has no client_credentials grant: people log in with it';
