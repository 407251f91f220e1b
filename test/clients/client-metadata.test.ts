import { describe, expect, it } from 'vitest';
import { readClientMetadata } from '../../src/clients/client-metadata.ts';
import { TOKEN_ENDPOINT_AUTH_METHODS } from '../../src/clients/client.ts';
import { testKey } from '../tokens/test-issuer.ts';

const DEFAULTS = {
  grant_types: ['client_credentials'],
  token_endpoint_auth_method: 'client_secret_basic',
  scope: [],
  roles: [],
  refresh_token_lifetime: 604_800,
  refresh_token_idle_lifetime: 0,
  refresh_client_auth: 'required',
  ip_ranges: [],
  may_introspect: 'own',
  disabled: false,
};
const accepted = (input: Record<string, unknown>) => ({
  reading: readClientMetadata(input),
  as: (members: object) => ({ ok: true, value: { ...DEFAULTS, ...members } }),
});
const refusal = (input: Record<string, unknown>) => {
  const reading = readClientMetadata(input);
  return reading.ok ? 'accepted' : reading.failure;
};
const texts = (count: number, of: (at: number) => string = (at) => `e${at}`) => Array.from({ length: count }, (_, at) => of(at));
/** Exactly `length` characters of distinct scopes of two and three characters. */
const scopesOf = (count: number) => texts(count, (at) => `s${at}`).join(' ');

describe('registration without any member', () => {
  it('makes a client with nothing but the defaults', () => {
    expect(readClientMetadata({})).toEqual({ ok: true, value: DEFAULTS });
  });

  it('takes null for absent, as RFC 7592 section 2.2 says', () => {
    expect(readClientMetadata({ scope: null, grant_types: null, client_name: null })).toEqual({ ok: true, value: DEFAULTS });
  });

  it.each([
    'client_id',
    'client_secret',
    'secrets',
    'epoch',
    'version',
    'client_id_issued_at',
    'registration_access_token',
    'redirect_uris',
    'toString',
    'constructor',
  ])('ignores %s, which is none of its members (RFC 7591 section 2)', (field) => {
    expect(readClientMetadata({ [field]: 'x' })).toEqual({ ok: true, value: DEFAULTS });
  });

  it('ignores a member named __proto__', () => {
    const reading = readClientMetadata(JSON.parse('{"__proto__": {"disabled": true}}') as Record<string, unknown>);
    expect(reading).toEqual({ ok: true, value: DEFAULTS });
  });
});

describe('what each member may be', () => {
  it.each<[string, unknown, unknown?]>([
    ['client_name', 'B'],
    ['client_name', 'B\u00fcro \u2014 7'],
    ['client_name', 'n'.repeat(128)],
    ['owner', 'o'.repeat(128)],
    ['grant_types', ['client_credentials', 'refresh_token']],
    ['token_endpoint_auth_method', 'client_secret_post'],
    ['scope', 'read write:all', ['read', 'write:all']],
    ['scope', '', []],
    ['scope', 'read read', ['read']],
    ['scope', 's'.repeat(64), ['s'.repeat(64)]],
    ['scope', scopesOf(50), scopesOf(50).split(' ')],
    ['roles', []],
    ['roles', ['admin', 'A.b_c:d/e-9', 'r'.repeat(64)]],
    ['roles', texts(20)],
    ['audiences', ['https://a.example', 'urn:b']],
    ['audiences', [`https://a.example/${'p'.repeat(238)}`]],
    ['audiences', texts(10, (at) => `urn:${at}:x`)],
    ['contacts', ['ops@example.com', 'c'.repeat(128)]],
    ['contacts', texts(5)],
    ['access_token_lifetime', 1],
    ['access_token_lifetime', 3600],
    ['refresh_token_lifetime', 1],
    ['refresh_token_lifetime', 31_536_000],
    ['refresh_token_idle_lifetime', 0],
    ['refresh_token_idle_lifetime', 604_800],
    ['refresh_client_auth', 'none'],
    ['rate_limit_per_minute', 1],
    ['rate_limit_per_minute', 1_000_000],
    ['ip_ranges', ['192.0.2.0/24', '2001:db8::/32']],
    ['ip_ranges', texts(20, (at) => `192.0.2.${at}/32`)],
    ['may_introspect', 'any'],
    ['tags', ['team:billing', 't'.repeat(64)]],
    ['tags', texts(20)],
    ['disabled', true],
    ['client_expires_at', '2027-01-15T08:00:00Z', 1_800_000_000],
    ['client_expires_at', '2027-01-15T09:30:00.999+01:30', 1_800_000_000],
    ['client_expires_at', '2027-01-15T08:00:00.9Z', 1_800_000_000],
    ['client_expires_at', '2027-01-15T08:00:00.123456789Z', 1_800_000_000],
  ])('%s may be %j', (field, value, stored = value) => {
    const { reading, as } = accepted({ [field]: value });
    expect(reading).toEqual(as({ [field]: stored }));
  });

  const NUMBER = (min: number, max: number) => `must be a whole number from ${min} to ${max}`;
  const SCOPE = 'must be a string of scopes separated by single spaces';
  const NAME = 'must be made of letters, digits and _ . : / -';
  const TIME = 'must be an RFC 3339 time such as 2027-01-31T00:00:00Z';
  const CIDR = 'must be a CIDR such as 192.0.2.0/24';
  const WEEKS = 31_536_000;
  it.each<[string, unknown, string]>([
    ['client_name', 7, 'must be a non-empty string'],
    ['client_name', '', 'must be a non-empty string'],
    ['client_name', 'n'.repeat(129), 'must be at most 128 characters'],
    ['client_name', 'a\nb', 'must not contain control characters'],
    ['client_name', 'a\u0085b', 'must not contain control characters'],
    ['client_name', 'a\ud800b', 'must not contain control characters'],
    ['owner', ['x'], 'must be a non-empty string'],
    ['owner', 'o'.repeat(129), 'must be at most 128 characters'],
    ['owner', '\0', 'must not contain control characters'],
    ['grant_types', 'client_credentials', 'must be an array'],
    ['grant_types', [], 'must not be empty'],
    ['grant_types', ['password'], 'entry 0 must be one of client_credentials, refresh_token'],
    ['grant_types', ['client_credentials', 'Refresh_token'], 'entry 1 must be one of client_credentials, refresh_token'],
    ['grant_types', ['client_credentials', 'client_credentials'], 'entry 1 is repeated'],
    ['grant_types', ['client_credentials', 'refresh_token', 'x'], 'must have at most 2 entries'],
    ['grant_types', ['refresh_token'], 'must include client_credentials'],
    ['token_endpoint_auth_method', 'none', `must be one of ${TOKEN_ENDPOINT_AUTH_METHODS.join(', ')}`],
    ['token_endpoint_auth_method', ['client_secret_basic'], `must be one of ${TOKEN_ENDPOINT_AUTH_METHODS.join(', ')}`],
    ['scope', ['read'], SCOPE],
    ['scope', 'read  write', SCOPE],
    ['scope', 'read\twrite', SCOPE],
    ['scope', 'r"', SCOPE],
    ['scope', 's'.repeat(65), 'must have scopes of at most 64 characters'],
    ['scope', scopesOf(51), 'must have at most 50 scopes'],
    ['scope', `read ${'s'.repeat(65)}`, 'must have scopes of at most 64 characters'],
    ['scope', `${'s '.repeat(999)}ss`, 'accepted'],
    ['scope', `${'s '.repeat(1000)}s`, 'must be at most 2000 characters'],
    ['default_scope', 7, SCOPE],
    ['default_scope', 'read', 'must be part of scope'],
    ['roles', 'admin', 'must be an array'],
    ['roles', { 0: 'admin' }, 'must be an array'],
    ['roles', [7], `entry 0 ${NAME}`],
    ['roles', ['ad min'], `entry 0 ${NAME}`],
    ['roles', ['x', ''], `entry 1 ${NAME}`],
    ['roles', ['admin\n'], `entry 0 ${NAME}`],
    ['roles', ['r'.repeat(65)], 'entry 0 must be at most 64 characters'],
    ['roles', texts(21), 'must have at most 20 entries'],
    ['roles', ['a', 'b', 'a'], 'entry 2 is repeated'],
    ['audiences', [], 'must not be empty'],
    ['audiences', 'https://a.example', 'must be an array'],
    ['audiences', [7], 'entry 0 must be an absolute URI without a fragment'],
    ['audiences', ['/relative'], 'entry 0 must be an absolute URI without a fragment'],
    ['audiences', ['https://a.example/#x'], 'entry 0 must be an absolute URI without a fragment'],
    ['audiences', ['https://a.example/\r\nx'], 'entry 0 must be an absolute URI without a fragment'],
    ['audiences', [`https://a.example/${'p'.repeat(239)}`], 'entry 0 must be at most 256 characters'],
    ['audiences', texts(11, (at) => `urn:${at}:x`), 'must have at most 10 entries'],
    ['contacts', ['c'.repeat(129)], 'entry 0 must be at most 128 characters'],
    ['contacts', ['\u007f'], 'entry 0 must not contain control characters'],
    ['contacts', texts(6), 'must have at most 5 entries'],
    ['access_token_lifetime', 0, NUMBER(1, 3600)],
    ['access_token_lifetime', 3601, NUMBER(1, 3600)],
    ['access_token_lifetime', 1.5, NUMBER(1, 3600)],
    ['access_token_lifetime', '60', NUMBER(1, 3600)],
    ['refresh_token_lifetime', 0, NUMBER(1, WEEKS)],
    ['refresh_token_lifetime', WEEKS + 1, NUMBER(1, WEEKS)],
    ['refresh_token_idle_lifetime', -1, NUMBER(0, WEEKS)],
    ['refresh_token_idle_lifetime', WEEKS + 1, NUMBER(0, WEEKS)],
    ['refresh_token_idle_lifetime', 604_801, 'must not be longer than refresh_token_lifetime'],
    ['refresh_client_auth', 'maybe', 'must be one of required, none'],
    ['rate_limit_per_minute', 0, NUMBER(1, 1_000_000)],
    ['rate_limit_per_minute', 1_000_001, NUMBER(1, 1_000_000)],
    ['rate_limit_burst', -1, NUMBER(0, 1_000_000)],
    ['rate_limit_burst', 1_000_001, NUMBER(0, 1_000_000)],
    ['rate_limit_burst', 5, 'needs rate_limit_per_minute'],
    ['ip_ranges', '192.0.2.0/24', 'must be an array'],
    ['ip_ranges', ['192.0.2.1'], `entry 0 ${CIDR}`],
    ['ip_ranges', [7], `entry 0 ${CIDR}`],
    ['ip_ranges', texts(21, (at) => `192.0.2.${at}/32`), 'must have at most 20 entries'],
    ['may_introspect', 'all', 'must be one of own, any'],
    ['may_introspect', true, 'must be one of own, any'],
    ['tags', ['a b'], `entry 0 ${NAME}`],
    ['tags', ['t'.repeat(65)], 'entry 0 must be at most 64 characters'],
    ['tags', texts(21), 'must have at most 20 entries'],
    ['disabled', 'true', 'must be true or false'],
    ['disabled', 0, 'must be true or false'],
    ['client_expires_at', 1_800_000_000, TIME],
    ['client_expires_at', '2027-01-15', TIME],
    ['client_expires_at', '2027-01-15T08:00:00', TIME],
    ['client_expires_at', ' 2027-01-15T08:00:00Z', TIME],
    ['client_expires_at', '2027-01-15T08:00:00Zx', TIME],
    ['client_expires_at', '2027-13-15T08:00:00Z', TIME],
    ['client_expires_at', '2027-02-30T08:00:00Z', TIME],
    ['client_expires_at', '2027-01-15T08:00:00.0000000001Z', TIME],
  ])('%s must not be %j', (field, value, problem) => {
    expect(refusal({ [field]: value })).toEqual(problem === 'accepted' ? 'accepted' : { reason: 'metadata_invalid', field, problem });
  });
});

describe('what members may be together', () => {
  it('a default scope within the scope', () => {
    expect(refusal({ scope: 'read write', default_scope: 'read' })).toBe('accepted');
    expect(refusal({ scope: 'read', default_scope: 'read write' })).toMatchObject({ field: 'default_scope' });
    expect(accepted({ scope: 'read', default_scope: '' }).reading).toMatchObject({ value: { default_scope: [] } });
  });

  it('an idle lifetime up to the absolute one', () => {
    expect(refusal({ refresh_token_lifetime: 60, refresh_token_idle_lifetime: 60 })).toBe('accepted');
    expect(refusal({ refresh_token_lifetime: 60, refresh_token_idle_lifetime: 61 })).toMatchObject({
      field: 'refresh_token_idle_lifetime',
    });
  });

  it('a burst with a limit of its own', () => {
    expect(refusal({ rate_limit_per_minute: 10, rate_limit_burst: 0 })).toBe('accepted');
  });

  it('keys for whoever signs: these, or an address that has them', () => {
    const METHOD = { token_endpoint_auth_method: 'private_key_jwt' };
    const [es, rs] = [testKey('ES256').jwk, testKey('RS256').jwk];
    const { alg: _, ...bare } = rs;
    const jwks = { keys: [es] };
    const jwks_uri = 'https://keys.example/jwks.json';
    for (const member of [{ jwks }, { jwks_uri }]) expect(refusal({ ...METHOD, ...member })).toBe('accepted');
    for (const member of [{ jwks }, { jwks_uri }]) expect(refusal(member)).toBe('accepted'); // before the method is changed
    expect(refusal(METHOD)).toMatchObject({ field: 'token_endpoint_auth_method' });
    expect(refusal({ ...METHOD, jwks, jwks_uri })).toMatchObject({ field: 'jwks_uri' });
    const only = (alg: string, ...keys: object[]) => refusal({ ...METHOD, jwks: { keys }, token_endpoint_auth_signing_alg: alg });
    expect(only('ES256', es)).toBe('accepted');
    expect(only('ES256', es, rs)).toMatchObject({ field: 'token_endpoint_auth_signing_alg' });
    for (const alg of ['RS256', 'PS256']) expect(only(alg, bare)).toBe('accepted');
    expect(only('PS256', rs)).toMatchObject({ field: 'token_endpoint_auth_signing_alg' });
    const secret_rotation = { every_days: 90 };
    expect(refusal({ ...METHOD, jwks, secret_rotation })).toMatchObject({ field: 'secret_rotation' });
  });

  it('keys are kept as what they are, and nothing else of them', () => {
    const { jwk } = testKey('ES256');
    const { alg: _, kid, use: __, ...bare } = jwk;
    const extra = { ...bare, key_ops: ['verify'], x5c: ['MIIB'], x5u: 'https://evil.example', note: 'x'.repeat(9_000) };
    expect(accepted({ jwks: { keys: [extra], more: 1 } }).reading).toMatchObject({
      value: { jwks: { keys: [{ ...bare, kid, use: 'sig' }] } },
    });
    const read = accepted({ jwks: { keys: [extra] } }).reading;
    expect(read.ok && Object.keys(read.value.jwks?.keys[0] ?? {}).sort()).toEqual(['crv', 'kid', 'kty', 'use', 'x', 'y']);
  });

  it('names the first member that is wrong', () => {
    expect(refusal({ client_name: '', scope: 7 })).toMatchObject({ field: 'client_name' });
    expect(refusal({ scope: 7, client_name: '' })).toMatchObject({ field: 'scope' });
  });
});
