// A client or realm export of Keycloak, or `kcadm.sh get clients`: ClientRepresentation.
import { lifetime, present, SECRET_LEFT, textOf, textsOf, type Metadata, type Source } from './imported-client.ts';

/** Scopes that every realm has: of people, or without a meaning outside Keycloak. */
const BUILT_IN = new Set([
  'acr', 'address', 'basic', 'email', 'microprofile-jwt', 'offline_access', 'openid', 'organization', 'phone', 'profile', 'roles',
  'service_account', 'web-origins',
]); // prettier-ignore

export const keycloak: Source = {
  name: 'keycloak',
  recognises: (entry) => 'serviceAccountsEnabled' in entry || 'clientAuthenticatorType' in entry,
  read: (entry) => {
    const own = (member: string): readonly string[] => textsOf(entry[member]).filter((scope) => !BUILT_IN.has(scope));
    const byDefault = own('defaultClientScopes');
    const scopes = [...new Set([...byDefault, ...own('optionalClientScopes')])];
    const attributes = (entry['attributes'] ?? {}) as Metadata;
    const lives = lifetime(Number(attributes['access.token.lifespan'] ?? 0));
    const refreshes = attributes['client_credentials.use_refresh_token'] === 'true';
    return {
      id: textOf(entry['clientId']),
      metadata: present({
        client_name: textOf(entry['name']) ?? textOf(entry['clientId']),
        grant_types: ['client_credentials', ...(refreshes ? ['refresh_token'] : [])],
        scope: scopes.join(' '),
        default_scope: byDefault.length < scopes.length ? byDefault.join(' ') : undefined,
        access_token_lifetime: lives.seconds,
        disabled: entry['enabled'] === false ? true : undefined,
      }),
      left: [...lives.left, SECRET_LEFT, ...flowsOf(entry), ...authenticatorOf(entry)],
      ...(entry['serviceAccountsEnabled'] === true ? {} : { skipped: 'it has no service account: people log in with it' }),
    };
  },
};

const FLOWS: Readonly<Record<string, string>> = {
  standardFlowEnabled: 'authorization_code',
  implicitFlowEnabled: 'implicit',
  directAccessGrantsEnabled: 'password',
};
function flowsOf(entry: Metadata): readonly string[] {
  const flows = Object.entries(FLOWS).flatMap(([member, grant]) => (entry[member] === true ? [grant] : []));
  return flows.length === 0 ? [] : [`grants ${flows.join(', ')}`];
}

function authenticatorOf(entry: Metadata): readonly string[] {
  const type = textOf(entry['clientAuthenticatorType']) ?? 'client-secret';
  return type === 'client-secret' ? [] : [`authentication by ${type}: it gets a secret`];
}
