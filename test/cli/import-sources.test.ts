// What other systems write, as clients in our words.
import { describe, expect, it } from 'vitest';
import { readCsv } from '../../bin/m2m/import/csv.ts';
import { differences, keyOf, planImport } from '../../bin/m2m/import/plan.ts';
import { readExport, SOURCE_NAMES } from '../../bin/m2m/import/sources.ts';

const read = (value: unknown, from?: string) => readExport(typeof value === 'string' ? value : JSON.stringify(value), from);
const SECRET = 'its secret: it gets a new one';

describe('Cognito (aws cognito-idp describe-user-pool-client)', () => {
  const client = (more: object = {}) => ({
    UserPoolClient: {
      UserPoolId: 'eu-west-1_EXAMPLE', ClientName: 'billing', ClientId: '1h57kf5cpq17m0eml12EXAMPLE', ClientSecret: 's', RefreshTokenValidity: 30,
      AccessTokenValidity: 30, TokenValidityUnits: { AccessToken: 'minutes' }, AllowedOAuthFlows: ['client_credentials'],
      AllowedOAuthScopes: ['orders/read', 'orders/write'], AllowedOAuthFlowsUserPoolClient: true, ...more,
    },
  }); // prettier-ignore
  it('keeps id, name, scopes and lifetime', () => {
    expect(read(client())).toEqual({
      source: 'cognito',
      clients: [
        {
          id: '1h57kf5cpq17m0eml12EXAMPLE',
          metadata: {
            client_name: 'billing',
            grant_types: ['client_credentials'],
            scope: 'orders/read orders/write',
            access_token_lifetime: 1800,
          },
          left: [SECRET],
        },
      ],
    });
  });
  it('reads the documents of a loop one after the other, hours as the default unit, and says what stays behind', () => {
    const people = client({ AllowedOAuthFlows: ['code'], AllowedOAuthScopes: ['openid'] });
    const long = client({ TokenValidityUnits: undefined, AccessTokenValidity: 2, AllowedOAuthFlows: ['client_credentials', 'code'] });
    const { clients } = read([people, long].map((one) => JSON.stringify(one, undefined, 4)).join('\n'));
    expect(clients[0]?.skipped).toContain('people log in');
    expect(clients[1]).toMatchObject({ metadata: { access_token_lifetime: 3600 } });
    expect(clients[1]?.left).toEqual(['grants code', 'access tokens of 7200 s: 3600 s is the most here', SECRET]);
  });
});

it('Auth0 (auth0 apps list --json), with client grants beside the applications', () => {
  const app = {
    client_id: 'AaiyAPdpYdesoKnqjj8HJqRn4T5titww', name: 'orders', app_type: 'non_interactive', grant_types: ['client_credentials', 'implicit'],
    token_endpoint_auth_method: 'private_key_jwt', jwt_configuration: { lifetime_in_seconds: 36000, alg: 'RS256' },
  }; // prettier-ignore
  const grant = { id: 'cgr_1', client_id: app.client_id, audience: 'https://orders.example', scope: ['read:orders'] };
  const spa = { ...app, client_id: 'spa', app_type: 'spa', grant_types: ['authorization_code'] };
  const { source, clients } = read([app, grant, spa]);
  expect(source).toBe('auth0');
  expect(clients).toHaveLength(2);
  expect(clients[0]).toMatchObject({
    id: app.client_id,
    metadata: {
      client_name: 'orders',
      scope: 'read:orders',
      audiences: ['https://orders.example'],
      access_token_lifetime: 3600,
      grant_types: ['client_credentials'],
    },
    left: ['grants implicit', 'authentication by private_key_jwt: it gets a secret', expect.stringContaining('36000'), SECRET],
  });
  expect(clients[1]?.skipped).toBeDefined();
});

it('Keycloak (a realm export)', () => {
  const client = {
    clientId: 'billing', name: 'Billing', enabled: false, serviceAccountsEnabled: true, standardFlowEnabled: true,
    clientAuthenticatorType: 'client-jwt', defaultClientScopes: ['web-origins', 'read'], optionalClientScopes: ['write', 'offline_access'],
    attributes: { 'access.token.lifespan': '300' },
  }; // prettier-ignore
  const { source, clients } = read({ realm: 'acme', clients: [client, { clientId: 'account', serviceAccountsEnabled: false }] });
  expect(source).toBe('keycloak');
  expect(clients[0]).toMatchObject({
    id: 'billing',
    metadata: { client_name: 'Billing', scope: 'read write', default_scope: 'read', access_token_lifetime: 300, disabled: true },
    left: [SECRET, 'grants authorization_code', 'authentication by client-jwt: it gets a secret'],
  });
  expect(clients[1]?.skipped).toContain('no service account');
});

it('Hydra (hydra list oauth2-clients --format json)', () => {
  const client = {
    client_id: '3f1b6e1c-8c8e-4a3e-9d55-7a9c9f0c2c11', client_name: '', grant_types: ['client_credentials'], scope: 'a b', audience: ['https://a.example'],
    owner: '', skip_consent: false, token_endpoint_auth_method: 'client_secret_post', client_credentials_grant_access_token_lifespan: '0h15m0s',
  }; // prettier-ignore
  const { source, clients } = read({ items: [client], next_page_token: '' });
  expect(source).toBe('hydra');
  expect(clients[0]).toEqual({
    id: client.client_id,
    metadata: {
      grant_types: ['client_credentials'],
      scope: 'a b',
      audiences: ['https://a.example'],
      token_endpoint_auth_method: 'client_secret_post',
      access_token_lifetime: 900,
    },
    left: [SECRET],
  });
});

describe('a scope that is called clients:manage', () => {
  const called = ['read', 'clients:manage', 'clients:managers'];
  const scope = called.join(' ');
  const grant_types = ['client_credentials'];
  it.each<[string, object[]]>([
    ['cognito', [{ ClientId: 'x', UserPoolId: 'p', AllowedOAuthFlows: grant_types, AllowedOAuthScopes: called }]],
    [
      'auth0',
      [
        { client_id: 'x', name: 'x', app_type: 'non_interactive', grant_types },
        { client_id: 'x', audience: 'a', scope: called },
      ],
    ],
    ['keycloak', [{ clientId: 'x', serviceAccountsEnabled: true, defaultClientScopes: called, optionalClientScopes: ['write'] }]],
    ['hydra', [{ client_id: 'x', grant_types, skip_consent: false, scope, default_scope: scope }]],
  ])('stays behind from %s, and the report says so', (source, entries) => {
    const { clients, ...of } = read(entries);
    expect(of.source).toBe(source);
    const { metadata, left } = clients[0]!;
    expect(metadata['scope']).toBe(source === 'keycloak' ? 'read clients:managers write' : 'read clients:managers');
    expect(metadata['default_scope'] ?? 'read clients:managers').toBe('read clients:managers');
    expect(left).toContain('scope clients:manage: here it manages clients');
  });
  it('comes over from a plain file, which is in the words of this service', () => {
    expect(read([{ client_id: 'x', scope }]).clients[0]).toMatchObject({ metadata: { scope }, left: [] });
  });
});

describe('plain', () => {
  it('"clients list --json" of another stage comes over whole, without what the service answers itself', () => {
    const item = {
      client_id: 'c_1',
      client_name: 'x',
      scope: 'read',
      roles: ['user'],
      credentials: [],
      updated_at: 'x',
      client_id_issued_at: 1,
      color: 'red',
    };
    expect(read({ items: [item] }).clients).toEqual([
      { id: 'c_1', metadata: { client_name: 'x', scope: 'read', roles: ['user'] }, left: ['fields that are not known here: color'] },
    ]);
  });
  it('a CSV with quotes, lists, numbers and empty cells', () => {
    const csv =
      '\uFEFFclient_id,client_name,scope,tags,access_token_lifetime,disabled\r\nb,"Bill, ""the"" one",read write,x;y,300,true\nc,,,,,\n\n';
    expect(read(csv)).toMatchObject({
      source: 'plain',
      clients: [
        {
          id: 'b',
          metadata: { client_name: 'Bill, "the" one', scope: 'read write', tags: ['x', 'y'], access_token_lifetime: 300, disabled: true },
        },
        { id: 'c', metadata: {} },
      ],
    });
    expect(readCsv('a,b\n"x\ny",')).toEqual([{ a: 'x\ny' }]);
  });
  it.each([
    ['', 'There are no clients in it.'],
    ['[]', 'There are no clients in it.'],
    ['[1]', 'An entry of the file is not a JSON object.'],
    ['{"a":', 'The file is not JSON'],
    ['a,a\n1,2', 'a column "a" that is empty or repeated'],
    ['a\n1,2', 'Record 1 of the CSV has more cells than columns.'],
    ['a\n"x"y', 'has a quote in the wrong place'],
  ])('%j is an error that says what is wrong', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });
  it('--from decides where the looks do not', () => {
    for (const from of SOURCE_NAMES) expect(read([{ client_id: 'x', name: 'y' }], from).source).toBe(from);
  });
});

describe('the plan', () => {
  const plan = (entries: readonly object[], newIds = false) => planImport(read(entries, 'plain').clients, newIds);
  it('keeps ids, makes one from the name where there is none, always the same, and refuses what cannot be', () => {
    const rows = plan([
      { client_id: 'a' },
      { client_name: 'x' },
      {},
      { client_id: 'a' },
      { client_id: 'my.app' },
      { client_id: 'm2m_cs_x' },
      { client_id: 'b', tags: 'x' },
    ]);
    expect(rows.map(({ clientId }) => clientId)).toEqual(['a', expect.stringMatching(/^c_[\w-]{22}$/), '', 'a', 'my.app', 'm2m_cs_x', 'b']);
    expect(rows.map(({ refused }) => refused?.slice(0, 26))).toEqual([
      undefined, undefined, 'it has neither client_id n', 'repeats client 1 of the fi', 'its id cannot be kept (1 t', 'its id cannot be kept (1 t', 'tags must be an array',
    ]); // prettier-ignore
    expect(plan([{ client_name: 'x' }])[0]?.clientId).toBe(rows[1]?.clientId);
  });
  it('--new-ids gives the others one that follows from theirs', () => {
    const [one, two] = plan([{ client_id: 'my.app' }, { client_name: 'my.app' }], true);
    expect(one).toMatchObject({ formerId: 'my.app', clientId: expect.stringMatching(/^c_/) as string });
    expect(one?.clientId).not.toBe(two?.clientId);
  });
  it('names a request by the client and what it is to be', () => {
    const [a, b] = plan([{ client_id: 'a' }, { client_id: 'b' }]);
    const [changed] = plan([{ client_id: 'a', scope: 'read' }]);
    if (!a || !b || !changed) throw new Error('no rows');
    expect(new Set([a, b, changed].map(keyOf)).size).toBe(3);
    expect(plan([{ client_id: 'b' }, { client_id: 'a' }]).map(keyOf)).toEqual([keyOf(b), keyOf(a)]);
  });
  it('tells what differs by what the file says, and by nothing else', () => {
    const registered = { client_id: 'a', scope: 'read write', tags: ['x', 'y'], owner: 'team', access_token_lifetime: 300 };
    expect(differences({ scope: 'write read', tags: ['y', 'x'] }, registered)).toEqual([]);
    expect(differences({ scope: 'read', tags: ['x'], client_name: 'n' }, registered)).toEqual(['scope', 'tags', 'client_name']);
  });
});
