// `auth0 apps list --json`: an array of applications. Their scopes lie in client grants, which may stand in the same array.
import {
  authMethod,
  grants,
  lifetime,
  NO_MACHINE,
  present,
  SECRET_LEFT,
  textOf,
  textsOf,
  type ImportedClient,
  type Metadata,
  type Source,
} from './imported-client.ts';

export const auth0: Source = {
  name: 'auth0',
  recognises: (entry) => 'app_type' in entry || 'jwt_configuration' in entry || isGrant(entry),
  read: (entry) => {
    const types = textsOf(entry['grant_types']);
    const { grant_types, left } = grants(types);
    const method = authMethod(textOf(entry['token_endpoint_auth_method']));
    const { lifetime_in_seconds: seconds } = (entry['jwt_configuration'] ?? {}) as Metadata;
    const lives = lifetime(typeof seconds === 'number' ? seconds : undefined);
    const granted = (entry[GRANTS] ?? []) as readonly Metadata[];
    const scopes = [...new Set(granted.flatMap(({ scope }) => textsOf(scope)))];
    return {
      id: textOf(entry['client_id']),
      metadata: present({
        client_name: textOf(entry['name']),
        grant_types,
        token_endpoint_auth_method: method.method,
        scope: scopes.length === 0 ? undefined : scopes.join(' '),
        audiences: granted.flatMap(({ audience }) => textOf(audience) ?? []),
        access_token_lifetime: lives.seconds,
      }),
      left: [
        ...left,
        ...method.left,
        ...lives.left,
        SECRET_LEFT,
        ...(granted.length === 0 ? ['scopes: they are in "auth0 api get client-grants"'] : []),
      ],
      ...(types.includes('client_credentials') ? {} : { skipped: NO_MACHINE }),
    } satisfies ImportedClient;
  },
};

const GRANTS = 'client_grants';
const isGrant = (entry: Metadata): boolean => 'audience' in entry && Array.isArray(entry['scope']) && !('name' in entry);

/** Client grants among the applications join the application that they are of. */
export function withGrants(entries: readonly Metadata[]): readonly Metadata[] {
  const granted = entries.filter(isGrant);
  return entries
    .filter((entry) => !isGrant(entry))
    .map((entry) => ({ ...entry, [GRANTS]: granted.filter(({ client_id: id }) => id === entry['client_id']) }));
}
