// Every metadata field with values of a wrong type, length, charset or range, over HTTP: a 400 that names the field, and no client.
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { METADATA_FIELDS } from '../../src/clients/client-metadata.ts';
import type { Client, ClientMetadata } from '../../src/clients/client.ts';
import type { Answer } from './request.ts';
import { useService, type Registered } from './service-under-test.ts';

const service = useService({ environment: { RATE_LIMIT_PER_MINUTE: '1000000' } });
let bearer: string;
let client: Registered;
beforeAll(async () => {
  const manager = await service.register({ scope: 'clients:manage' });
  const form = { grant_type: 'client_credentials', scope: 'clients:manage' };
  bearer = (await service.send({ to: 'POST /token', basic: manager, form })).body.access_token as string;
  client = await service.register();
});

/** Wrong for every field, whatever its type. */
const NEVER: readonly unknown[] = [{}, { length: 1 }, [[]], [{}], [null], [7], -1, 1.5, 1e21, '\u0000', '\u202e', 'a\nb', ' x', 'x '];
const TEXTS: readonly unknown[] = ['', 0, 7, true, false, [], ['x'], {}, 'n'.repeat(65_000 / 10), '\u0007', '\u200b'];
const LISTS: readonly unknown[] = [
  'x',
  '',
  0,
  true,
  {},
  { 0: 'x', length: 1 },
  ['x', 'x'],
  Array(1000).fill('x'),
  [''],
  ['\u0000'],
  [true],
];
const NUMBERS: readonly unknown[] = ['1', '', '60', true, [60], {}, -1, 0.5, 1e9, 2 ** 53, '1e3', '0x10'];
const ONE_OF: readonly unknown[] = ['', 'x', 0, true, [], ['own'], {}, ' own', 'OWN', 'own\u0000'];

const P256 = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
};

/** And for each field, what only it refuses. */
const WRONG: Readonly<Record<keyof ClientMetadata, readonly unknown[]>> = {
  client_name: TEXTS,
  grant_types: [...LISTS, [], ['password'], ['refresh_token'], ['client_credentials', 'implicit'], ['CLIENT_CREDENTIALS']],
  token_endpoint_auth_method: [...ONE_OF, 'none', 'private_key_jwt'],
  jwks: [
    ...ONE_OF,
    { keys: [] },
    { keys: 'x' },
    { keys: [null] },
    { keys: [{ kty: 'oct', k: 'AAAA', kid: 'a' }] },
    { keys: [{ ...P256, d: P256.x }] },
    { keys: [{ ...P256, y: P256.x }] },
    { keys: [{ ...P256, use: 'enc' }] },
    { keys: [{ ...P256, alg: 'RS256' }] },
    { keys: [{ ...P256, crv: 'P-384' }] },
    { keys: [{ ...P256, kid: 'k'.repeat(129) }] },
    { keys: [{ ...P256, kid: 'a\nb' }] },
    { keys: [P256, P256] },
    { keys: [{ kty: 'RSA', n: P256.x, e: 'AQAB', kid: 'a' }] },
    { keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43), kid: 'a' }] },
    { keys: Array.from({ length: 6 }, (_, at) => ({ ...P256, kid: `k${at}` })) },
  ],
  jwks_uri: [
    ...ONE_OF,
    'http://keys.example/jwks',
    'https://',
    'https://user:password@keys.example/',
    'https://keys.example/#a',
    'https://keys.example/a b',
    'file:///etc/passwd',
    `https://keys.example/${'p'.repeat(512)}`,
  ],
  token_endpoint_auth_signing_alg: [...ONE_OF, 'none', 'HS256', 'RS512', 'rs256'],
  scope: ['a  b', ' a', 'a ', 'a\tb', 'a"b', 'a\\b', 'ä', 's'.repeat(65), ['read'], 0, true, {}],
  default_scope: ['unregistered', 'a  b', 'ä', ['read'], 0, true, {}],
  roles: [...LISTS, ['a b'], ['ä'], ['r'.repeat(65)], Array.from({ length: 21 }, (_, at) => `r${at}`)],
  audiences: [...LISTS, [], ['/x'], ['https://a.example/#f'], ['https://a.example/ x'], [`https://a.example/${'p'.repeat(256)}`]],
  contacts: [...LISTS, ['c'.repeat(129)], ['a', 'b', 'c', 'd', 'e', 'f']],
  access_token_lifetime: [...NUMBERS, 0, 3601],
  refresh_token_lifetime: [...NUMBERS, 0, 31_536_001],
  refresh_token_idle_lifetime: [...NUMBERS, 604_801],
  refresh_client_auth: [...ONE_OF, 'optional'],
  rate_limit_per_minute: [...NUMBERS, 0, 1_000_001],
  rate_limit_burst: [...NUMBERS, 1_000_001, 5],
  dpop_bound_access_tokens: ['true', 'false', '', 0, 1, [], [true], {}],
  tls_client_auth_subject_dn: [...TEXTS, 'billing', 'CN=', 'CN=a,', 'XY=a', 'CN=#0401', `CN=${'a'.repeat(512)}`, 'CN=a'],
  tls_client_auth_san_dns: [...TEXTS, '*.example.com', 'a b', '.example.com', 'a..b', 'a'.repeat(254), 'a.example'],
  tls_client_auth_san_uri: [...TEXTS, 'billing', '/billing', 'spiffe://example.org/billing'],
  tls_client_auth_san_ip: [...TEXTS, '10.0.0', '10.0.0.1/32', '010.0.0.1', 'fe80::1%eth0', '10.0.0.1'],
  tls_client_auth_san_email: [...TEXTS, 'a', '@a', 'a@', 'a b@c', 'a@example.com'],
  tls_client_certificates: [...LISTS, [], ['x'.repeat(43)], [`${'A'.repeat(42)}B`], ['-----BEGIN CERTIFICATE-----'], ['A'.repeat(43)]],
  tls_client_certificate_bound_access_tokens: ['true', 'false', '', 0, 1, [], {}],
  quotas: [
    ...LISTS,
    [{ per: 'hour' }],
    [{ limit: 5 }],
    [{ per: 'hour', limit: 0 }],
    [{ per: 'hour', limit: 100_000_001 }],
    [{ per: 'hour', limit: '5' }],
    [{ per: 'minute', limit: 5 }],
    [{ per: 'Hour', limit: 5 }],
    [{ per: 'hour', limit: 5, burst: 1 }],
    [['hour', 5]],
    [
      { per: 'hour', limit: 5 },
      { per: 'hour', limit: 6 },
    ],
    [
      { per: 'hour', limit: 5 },
      { per: 'day', limit: 6 },
      { per: 'day', limit: 6 },
    ],
  ],
  ip_ranges: [...LISTS, ['192.0.2.1'], ['192.0.2.0/33'], ['2001:db8::/129'], ['192.0.2.0/024'], ['fe80::%eth0/64'], ['1.2.3/24']],
  iam_principals: [
    ...LISTS,
    ['arn:aws:iam::111122223333:user/x'],
    ['arn:aws:iam::1:role/x'],
    [`arn:aws:iam::111122223333:role/${'r'.repeat(300)}`],
  ],
  may_introspect: [...ONE_OF, 'all', 'none'],
  manages_tags: [...LISTS, [], ['a b'], ['ä'], ['t'.repeat(65)], Array.from({ length: 21 }, (_, at) => `t${at}`)],
  tags: [...LISTS, ['a b'], ['t'.repeat(65)], Array.from({ length: 21 }, (_, at) => `t${at}`)],
  owner: [...TEXTS, 'o'.repeat(129)],
  reuse_tokens: ['true', 'false', '', 0, 1, [], [true], {}],
  secret_rotation: [...TEXTS, 30, [30], { every_days: 0 }, { every_days: 401 }, { every_days: '30' }, { every_days: 30, x: 1 }],
  disabled: ['true', 'false', '', 0, 1, [], [true], {}],
  client_expires_at: ['', 'tomorrow', '2027-01-15', '2027-01-15T08:00:00', '2027-02-30T00:00:00Z', 1_800_000_000, true, [], {}],
};

/** `__proto__` as a member is no JSON to us at all. */
const json = fc.jsonValue({ maxDepth: 3 }).filter((value) => !JSON.stringify(value).includes('__proto__'));

const send = (to: string, body: unknown): Promise<Answer> => service.send({ to, bearer, json: body });
const refusalOf = (field: string) => ({
  status: 400,
  body: { error: 'invalid_client_metadata', error_description: expect.stringMatching(new RegExp(`^${field} \\S`)) as string },
});
/** Of RFC 6749 section 5.2: what a description may be made of. */
const DESCRIPTION = /^[\x20\x21\x23-\x5B\x5D-\x7E]{1,200}$/;

describe.each(METADATA_FIELDS)('%s', (field) => {
  const wrong = [...NEVER, ...WRONG[field]];

  it('is refused by its name, at registration and at a change, and nothing is written', async () => {
    const stored = async () => (await service.engine.items()).filter(({ SK }) => SK === 'CLIENT').length;
    const before = await stored();
    const changed = await service.engine.item({ PK: `CLIENT#${client.client_id}`, SK: 'CLIENT' });
    for (const value of wrong) {
      if (isRight(field, value)) continue;
      for (const to of ['POST /clients', `PUT /clients/${client.client_id}`]) {
        const answer = await send(to, { scope: 'read', [field]: value });
        expect(answer, JSON.stringify(value).slice(0, 80)).toMatchObject(refusalOf(field));
        expect(answer.body.error_description).toMatch(DESCRIPTION);
      }
    }
    expect(await stored()).toBe(before);
    expect(await service.engine.item({ PK: `CLIENT#${client.client_id}`, SK: 'CLIENT' })).toEqual(changed);
  });

  it('is a 400 that names it, or what is stored can be read back, whatever JSON it is', async () => {
    await fc.assert(
      fc.asyncProperty(json, async (value) => {
        const answer = await send('POST /clients', { [field]: value });
        if (answer.status === 201) {
          const { client_id } = answer.body as Client;
          expect((await send(`GET /clients/${client_id}`, undefined)).body).toMatchObject({ client_id });
        } else {
          expect(answer).toMatchObject(refusalOf(field));
        }
      }),
      { numRuns: 40 },
    );
  });
});

/** The few of the values for all that one field takes. */
const isRight = (field: string, value: unknown): boolean =>
  (['client_name', 'owner'].includes(field) && [' x', 'x '].includes(value as string)) ||
  (field === 'refresh_token_idle_lifetime' && value === 0);

it('every field is covered', () => {
  expect(Object.keys(WRONG).toSorted()).toEqual(METADATA_FIELDS.toSorted());
});
