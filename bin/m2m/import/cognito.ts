// `aws cognito-idp describe-user-pool-client`: {"UserPoolClient": {...}}, one document for each client.
import {
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

const UNIT_SECONDS: Readonly<Record<string, number>> = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 };
/** Scopes of people's tokens. */
const OF_PEOPLE = new Set(['openid', 'email', 'phone', 'profile', 'aws.cognito.signin.user.admin']);

export const cognito: Source = {
  name: 'cognito',
  recognises: (entry) => 'UserPoolClient' in entry || ('ClientId' in entry && 'UserPoolId' in entry),
  read: (entry) => read((entry['UserPoolClient'] ?? entry) as Metadata),
};

function read(client: Metadata): ImportedClient {
  const flows = textsOf(client['AllowedOAuthFlows']);
  const scopes = textsOf(client['AllowedOAuthScopes']);
  const units = (client['TokenValidityUnits'] ?? {}) as Metadata;
  const lives = lifetime(secondsOf(client['AccessTokenValidity'], units['AccessToken']));
  const { grant_types, left } = grants(flows);
  return {
    id: textOf(client['ClientId']),
    metadata: present({
      client_name: textOf(client['ClientName']),
      grant_types,
      scope: scopes.filter((scope) => !OF_PEOPLE.has(scope)).join(' '),
      access_token_lifetime: lives.seconds,
    }),
    left: [...left, ...lives.left, ...('ClientSecret' in client ? [SECRET_LEFT] : []), ...scopesLeft(scopes)],
    ...(flows.includes('client_credentials') ? {} : { skipped: NO_MACHINE }),
  };
}

/** Hours unless it says otherwise; 0 or nothing is Cognito's own default. */
const secondsOf = (value: unknown, unit: unknown): number | undefined =>
  typeof value === 'number' && value > 0 ? value * (UNIT_SECONDS[textOf(unit) ?? 'hours'] ?? 3600) : undefined;

function scopesLeft(scopes: readonly string[]): readonly string[] {
  const people = scopes.filter((scope) => OF_PEOPLE.has(scope));
  return people.length === 0 ? [] : [`scopes of people: ${people.join(', ')}`];
}
