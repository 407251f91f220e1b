// Parsers of what strangers send: they never throw, and never take what they must not.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCidr, inRanges, networkOf } from '../../src/client-authentication/network.ts';
import { presentedCredential } from '../../src/client-authentication/presented.ts';
import { readClientMetadata } from '../../src/clients/client-metadata.ts';
import { GRANT_TYPES } from '../../src/clients/client.ts';
import { MAXIMUM } from '../../src/clients/maximum-lengths.ts';
import { readJsonObject } from '../../src/http/json-body.ts';
import { decodeFormComponent, readParameters } from '../../src/http/parameters.ts';
import { isResourceUri } from '../../src/tokens/resource.ts';
import { grantScope, parseScope } from '../../src/tokens/scope.ts';
import { httpRequest } from '../http/http-request.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 60 });
const anyBytes = fc.uint8Array({ maxLength: 200 });
const headerValue = fc.oneof(anyText, fc.constantFrom('application/json', 'application/x-www-form-urlencoded; charset=utf-8'));

describe('forms', () => {
  const pairs = fc.uniqueArray(fc.tuple(anyText, anyText), { maxLength: 20, selector: ([name]) => name });
  const encode = (text: string) => encodeURIComponent(text.toWellFormed()).replaceAll('%20', '+');

  it('what a client encodes is what is read, less empty values', () => {
    fc.assert(
      fc.property(pairs, (given) => {
        const wellFormed = given.map(([name, value]) => [name.toWellFormed(), value.toWellFormed()] as const);
        fc.pre(new Set(wellFormed.map(([name]) => name)).size === wellFormed.length);
        const body = wellFormed.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
        const read = readParameters(httpRequest({ headers: { 'content-type': 'application/x-www-form-urlencoded' }, body }), {
          json: false,
        });
        expect(read).toEqual({ ok: true, value: new Map(wellFormed.filter(([, value]) => value !== '')) });
      }),
    );
  });

  it('no body, type or query makes the reader throw, and a name is never taken twice', () => {
    fc.assert(
      fc.property(fc.oneof(anyBytes, anyText), headerValue, fc.boolean(), (body, type, json) => {
        const read = readParameters(httpRequest({ headers: { 'content-type': type }, body }), { json });
        if (read.ok) for (const value of read.value.values()) expect(value).not.toBe('');
      }),
      { numRuns: 2000 },
    );
  });

  it('a repeated name is refused wherever it stands and however it is spelled', () => {
    fc.assert(
      fc.property(pairs, anyText, fc.nat(), fc.nat(), (given, name, first, second) => {
        const parts = given.filter(([other]) => other !== name).map(([other, value]) => `${encode(other)}=${encode(value)}`);
        parts.splice(first % (parts.length + 1), 0, `${encode(name)}=1`);
        parts.splice(
          second % (parts.length + 1),
          0,
          `${[...Buffer.from(name.toWellFormed())].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')}=2`,
        );
        const read = readParameters(
          httpRequest({ headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: parts.join('&') }),
          { json: false },
        );
        expect(read.ok).toBe(false);
      }),
    );
  });

  it('a component decodes to what was encoded, or is refused', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(decodeFormComponent(encode(text))).toBe(text.toWellFormed());
        expect(() => decodeFormComponent(text)).not.toThrow();
      }),
    );
  });
});

describe('JSON', () => {
  it('no bytes make a reader throw; what is taken is an object without __proto__', () => {
    const near = fc.oneof(
      fc.json({ depthSize: 'large' }),
      anyText.map((text) => `{"a":"${text}"}`),
      fc.constant('{"__proto__":{"a":"b"}}'),
    );
    fc.assert(
      fc.property(fc.oneof(anyBytes, near), (body) => {
        const request = httpRequest({ headers: { 'content-type': 'application/json' }, body });
        const object = readJsonObject(request);
        if (object.ok) expect(Object.getPrototypeOf(object.value)).toBe(Object.prototype);
        const parameters = readParameters(request, { json: true });
        if (parameters.ok) for (const value of parameters.value.values()) expect(typeof value).toBe('string');
      }),
      { numRuns: 2000 },
    );
  });
});

describe('credentials', () => {
  const present = (headers: Record<string, string>, parameters: Record<string, string> = {}) =>
    presentedCredential({
      headers: new Map(Object.entries(headers)),
      parameters: new Map(Object.entries(parameters)),
      decodeFormComponent,
    });

  it('no header makes Basic throw, and what is taken is a possible id with a secret', () => {
    const encoded = anyBytes.map((bytes) => Buffer.from(bytes).toString('base64'));
    fc.assert(
      fc.property(fc.constantFrom('Basic ', 'basic', 'BASIC  ', ''), fc.oneof(encoded, anyText), (scheme, rest) => {
        const presented = present({ authorization: scheme + rest });
        if (!presented.ok || presented.value.method === 'private_key_jwt') return;
        expect(presented.value.clientId).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
        expect(presented.value.secret.length).toBeGreaterThan(0);
        expect(presented.value.secret.length).toBeLessThanOrEqual(256);
      }),
      { numRuns: 2000 },
    );
  });

  it('any id and secret that a client encodes by RFC 6749 section 2.3.1 arrive as they were', () => {
    const secret = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
      .filter((text) => text.isWellFormed() && !text.includes('\uFFFD'));
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/), secret, (clientId, text) => {
        const pair = [clientId, text].map((half) => encodeURIComponent(half).replaceAll('%20', '+')).join(':');
        expect(present({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` })).toMatchObject({
          ok: true,
          value: { clientId, secret: text },
        });
      }),
    );
  });

  it('two methods never serve, whatever each holds', () => {
    const method = fc.constantFrom('authorization', 'x-client-id', 'client_secret', 'username', 'password', 'x-client-secret');
    const kind = (name: string) => (name.startsWith('x-') ? 'headers' : name === 'username' || name === 'password' ? 'form' : name);
    fc.assert(
      fc.property(method, method, anyText, anyText, (one, other, a, b) => {
        fc.pre(kind(one) !== kind(other));
        const given = { [one]: a, [other]: b };
        const headers = Object.fromEntries(Object.entries(given).filter(([name]) => name === 'authorization' || name.startsWith('x-')));
        expect(present(headers, given)).toEqual({ ok: false, failure: { reason: 'several_methods' } });
      }),
    );
  });
});

describe('scope and resource', () => {
  it('never is more granted than allowed, whatever is asked for', () => {
    const scopes = fc.uniqueArray(fc.constantFrom('read', 'write', 'admin', 'clients:manage'));
    fc.assert(
      fc.property(
        fc.oneof(
          anyText,
          scopes.map((list) => list.join(' ')),
        ),
        scopes,
        (requested, allowed) => {
          const granted = grantScope(requested, allowed, []);
          if (!granted.ok) return;
          expect(allowed).toEqual(expect.arrayContaining([...granted.value]));
          expect(new Set(granted.value).size).toBe(granted.value.length);
        },
      ),
    );
  });

  it('what is scope or resource is printable ASCII without quotes and backslashes in scope', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        if (parseScope(text) !== undefined) expect(text).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
        if (isResourceUri(text)) expect(text).toMatch(/^[\x21-\x7e]+$/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('addresses', () => {
  const ip = fc.oneof(fc.ipV4(), fc.ipV6());
  /** What WHATWG URLs make of an IPv6 address: eight groups or `::`, lower case. */
  const expand = (address: string): string[] => {
    const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
    const groups = head === '' ? [] : head.split(':');
    const rest = tail === undefined || tail === '' ? [] : tail.split(':');
    return tail === undefined ? groups : [...groups, ...Array<string>(8 - groups.length - rest.length).fill('0'), ...rest];
  };

  it('the network of an IPv6 address is its first four groups, however it is spelled', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        expect(networkOf(address)).toBe(`${expand(address).slice(0, 4).join(':')}::/64`);
      }),
      { numRuns: 2000 },
    );
  });

  it('the network of anything fits into a key of the table', () => {
    fc.assert(
      fc.property(fc.oneof(ip, anyText), (text) => {
        expect(networkOf(text)).toMatch(/^[0-9a-f:./]{1,50}$|^unknown$/);
      }),
    );
  });

  it('an IPv4 range holds exactly the addresses with its prefix', () => {
    const number = (address: string) => address.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), fc.integer({ min: 0, max: 32 }), (base, address, bits) => {
        const size = 2 ** (32 - bits);
        const expected = Math.floor(number(base) / size) === Math.floor(number(address) / size);
        expect(inRanges(address, [`${base}/${bits}`])).toBe(expected);
        expect(inRanges(base, [`${base}/${bits}`])).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('whatever passes for a range can be asked', () => {
    const near = fc
      .tuple(fc.oneof(ip, anyText), fc.oneof(fc.integer({ min: -1, max: 200 }).map(String), anyText))
      .map(([address, bits]) => `${address}/${bits}`);
    fc.assert(
      fc.property(fc.oneof(near, anyText), fc.oneof(ip, anyText), (range, address) => {
        if (isCidr(range)) expect(typeof inRanges(address, [range])).toBe('boolean');
      }),
      { numRuns: 2000 },
    );
  });
});

describe('client metadata', () => {
  const field = fc.constantFrom('client_name', 'grant_types', 'scope', 'default_scope', 'roles', 'audiences', 'contacts', 'ip_ranges', 'tags', 'owner', 'disabled', 'client_expires_at', 'access_token_lifetime', 'refresh_token_lifetime', 'rate_limit_per_minute', 'may_introspect', '__proto__', 'toString', 'epoch'); // prettier-ignore
  const value = fc.oneof(
    fc.jsonValue(),
    fc.array(fc.constantFrom('read', 'client_credentials', '192.0.2.0/24', 'https://a.example')),
    fc.constantFrom('read write', 'read', true, 60),
  );

  it('no object makes the reader throw; what is taken keeps every limit', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(field, value), { maxLength: 5 }), (members) => {
        const read = readClientMetadata(Object.fromEntries(members));
        if (!read.ok) {
          expect(`${read.failure.field} ${read.failure.problem}`).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
          return;
        }
        const { scope, default_scope = [], roles, grant_types, access_token_lifetime = 1, audiences = ['x'] } = read.value;
        expect(scope.length).toBeLessThanOrEqual(MAXIMUM.scopes);
        expect(scope).toEqual(expect.arrayContaining([...default_scope]));
        expect(roles.length).toBeLessThanOrEqual(MAXIMUM.roles);
        expect(GRANT_TYPES).toEqual(expect.arrayContaining([...grant_types]));
        expect(access_token_lifetime).toBeLessThanOrEqual(MAXIMUM.accessTokenLifetimeSeconds);
        expect(audiences.length).toBeGreaterThan(0);
        expect(read.value).not.toHaveProperty('epoch');
      }),
      { numRuns: 3000 },
    );
  });
});
