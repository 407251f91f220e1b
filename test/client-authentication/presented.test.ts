import { describe, expect, it } from 'vitest';
import { presentedCredential } from '../../src/client-authentication/presented.ts';
import { decodeFormComponent } from '../../src/http/parameters.ts';

type Given = { readonly headers?: Record<string, string>; readonly parameters?: Record<string, string> };
const present = ({ headers = {}, parameters = {} }: Given) =>
  presentedCredential({ headers: new Map(Object.entries(headers)), parameters: new Map(Object.entries(parameters)), decodeFormComponent });
const base64 = (text: string | Uint8Array): string => Buffer.from(text).toString('base64');
const basic = (text: string | Uint8Array): Given => ({ headers: { authorization: `Basic ${base64(text)}` } });
const malformed = (method: string) => ({ ok: false, failure: { reason: 'credentials_malformed', method } });

describe('client_secret_basic (RFC 7617, RFC 6749 section 2.3.1)', () => {
  it.each([
    ['id and secret', 'me:secret', 'me', 'secret'],
    ['a secret with colons: the first one splits', 'me:a:b:c', 'me', 'a:b:c'],
    ['form-encoding in each half', 'm%65:s%3Ae%25c+ret', 'me', 's:e%c ret'],
    ['an encoded colon as part of its half', 'me:%3A', 'me', ':'],
    ['UTF-8 in the secret', 'me:p\u00e4ss', 'me', 'p\u00e4ss'],
    ['encoded UTF-8 in the secret', 'me:p%C3%A4ss', 'me', 'p\u00e4ss'],
    ['spaces around the secret as part of it', 'me: s ', 'me', ' s '],
    ['NUL as part of the secret', 'me:a\0b', 'me', 'a\0b'],
  ])('reads %s', (_, text, clientId, secret) => {
    expect(present(basic(text))).toEqual({ ok: true, value: { clientId, secret, method: 'client_secret_basic' } });
  });

  it.each(['basic', 'BASIC', 'bAsIc'])('takes the scheme in any case: %s', (scheme) => {
    expect(present({ headers: { authorization: `${scheme} ${base64('me:secret')}` } }).ok).toBe(true);
  });

  it('takes several spaces after the scheme (RFC 9110 section 11.4)', () => {
    expect(present({ headers: { authorization: `Basic   ${base64('me:secret')}` } }).ok).toBe(true);
  });

  it.each([
    ['no credentials', 'Basic'],
    ['a space alone', 'Basic '],
    ['what is no base64', 'Basic m@:x'],
    ['base64url characters', `Basic ${base64('me:\u00ff\u00ff\u00ff?>').replaceAll('/', '_').replaceAll('+', '-')}`],
    ['missing padding', `Basic ${base64('me:secre').replaceAll('=', '')}`],
    ['too much padding', `Basic ${base64('me:secret')}=`],
    ['stray bits in the last character', 'Basic bWU6cx=='],
    ['something behind', `Basic ${base64('me:secret')} x`],
    ['two joined headers', `Basic ${base64('me:secret')}, Basic ${base64('me:secret')}`],
    ['a trailing line feed', `Basic ${base64('me:secret')}\n`],
    ['no colon', `Basic ${base64('mesecret')}`],
    ['an empty id', `Basic ${base64(':secret')}`],
    ['an empty secret', `Basic ${base64('me:')}`],
    ['a broken escape in the id', `Basic ${base64('m%zz:secret')}`],
    ['a broken escape in the secret', `Basic ${base64('me:%e')}`],
    ['an escape that is no UTF-8', `Basic ${base64('me:%ff')}`],
    ['bytes that are no UTF-8', `Basic ${base64(Buffer.from('6d653aff', 'hex'))}`],
    ['a space in the id', `Basic ${base64('m e:secret')}`],
    ['a NUL after the id', `Basic ${base64('me\0:secret')}`],
    ['a separator of keys in the id', `Basic ${base64('me#CLIENT:secret')}`],
    ['an id of 65 characters', `Basic ${base64(`${'a'.repeat(65)}:secret`)}`],
    ['a secret of 257 characters', `Basic ${base64(`me:${'a'.repeat(257)}`)}`],
  ])('refuses %s', (_, authorization) => {
    expect(present({ headers: { authorization } })).toEqual(malformed('client_secret_basic'));
  });

  it('takes ids up to 64 and secrets up to 256 characters', () => {
    const [clientId, secret] = ['a'.repeat(64), 'b'.repeat(256)];
    expect(present(basic(`${clientId}:${secret}`))).toMatchObject({ ok: true, value: { clientId, secret } });
  });
});

describe.each([
  ['client_secret_post', (id?: string, secret?: string) => ({ parameters: defined({ client_id: id, client_secret: secret }) })],
  ['legacy_form', (id?: string, secret?: string) => ({ parameters: defined({ username: id, password: secret }) })],
  ['legacy_headers', (id?: string, secret?: string) => ({ headers: defined({ 'x-client-id': id, 'x-client-secret': secret }) })],
])('%s', (method, given) => {
  it('reads id and secret as they are', () => {
    expect(present(given('me', '%41 b:c+'))).toEqual({ ok: true, value: { clientId: 'me', secret: '%41 b:c+', method } });
  });

  it.each([
    ['the id is missing', undefined, 'secret'],
    ['the id is empty', '', 'secret'],
    ['the secret is empty', 'me', ''],
    ['the id has a character that no id has', 'me\n', 'secret'],
    ['the id is too long', 'a'.repeat(65), 'secret'],
    ['the secret is too long', 'me', 'a'.repeat(257)],
  ])('is malformed when %s', (_, id, secret) => {
    expect(present(given(id, secret))).toEqual(malformed(method));
  });
});

it.each([
  ['username', { parameters: { username: 'me' } }, 'legacy_form'],
  ['password', { parameters: { password: 'secret' } }, 'legacy_form'],
  ['x-client-id', { headers: { 'x-client-id': 'me' } }, 'legacy_headers'],
  ['x-client-secret', { headers: { 'x-client-secret': 'secret' } }, 'legacy_headers'],
])('%s alone is a broken method, not none', (_, given, method) => {
  expect(present(given)).toEqual(malformed(method));
});

describe('which method it is', () => {
  it('is none when nothing is presented, also with a client_id alone', () => {
    expect(present({})).toEqual({ ok: false, failure: { reason: 'credentials_missing' } });
    expect(present({ parameters: { client_id: 'me' } })).toEqual({ ok: false, failure: { reason: 'credentials_missing' } });
  });

  it.each(['Bearer abc', 'Digest x', 'Basicx abc', 'basic\tabc', 'xBasic abc', ''])(
    'is malformed for another Authorization: %s',
    (authorization) => {
      expect(present({ headers: { authorization } })).toEqual(malformed('authorization_header'));
    },
  );

  const METHODS = {
    client_secret_basic: basic('me:secret'),
    authorization_header: { headers: { authorization: 'Bearer abc' } },
    client_secret_post: { parameters: { client_id: 'me', client_secret: 'secret' } },
    legacy_form: { parameters: { username: 'me', password: 'secret' } },
    legacy_headers: { headers: { 'x-client-id': 'me', 'x-client-secret': 'secret' } },
  } satisfies Record<string, Given>;
  const names = Object.keys(METHODS) as (keyof typeof METHODS)[];
  const pairs = names.flatMap((one, at) => names.slice(at + 1).map((other) => [one, other] as const));
  const exclusive = pairs.filter((pair) => !(pair.includes('client_secret_basic') && pair.includes('authorization_header')));
  it.each(exclusive)('is refused for %s and %s at once, though each is right', (one, other) => {
    const [a, b]: [Given, Given] = [METHODS[one], METHODS[other]];
    const given = { headers: { ...a.headers, ...b.headers }, parameters: { ...a.parameters, ...b.parameters } };
    expect(present(given)).toEqual({ ok: false, failure: { reason: 'several_methods' } });
  });

  it('is refused when a right method stands beside a broken one', () => {
    expect(present({ ...basic('me:secret'), parameters: { password: 'x' } })).toMatchObject({ failure: { reason: 'several_methods' } });
  });
});

describe('a client_id beside the credential', () => {
  it.each([
    ['client_secret_basic', basic('me:secret')],
    ['legacy_form', { parameters: { username: 'me', password: 'secret' } }],
    ['legacy_headers', { headers: { 'x-client-id': 'me', 'x-client-secret': 'secret' } }],
  ])('may repeat the id of %s, and no other', (_, given: Given) => {
    const withId = (client_id: string) => present({ ...given, parameters: { ...given.parameters, client_id } });
    expect(withId('me').ok).toBe(true);
    for (const other of ['Me', 'me ', 'm', 'you']) {
      expect(withId(other)).toEqual({ ok: false, failure: { reason: 'client_id_mismatch', clientId: 'me' } });
    }
  });
});

function defined(members: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(members).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

it.each(['m2m_cs_x', 'm2m_ak_x', 'm2m_rt_x'])('what has the form of a secret is no client id: %s', (id) => {
  expect(present(basic(`${id}:secret`))).toEqual(malformed('client_secret_basic'));
});
