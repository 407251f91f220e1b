// The rules alone; test/endpoints/delegation.test.ts has them over HTTP.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClientMetadata } from '../../src/clients/client.ts';
import { excessOf, forbidden, manages } from '../../src/clients/delegation.ts';
import { client } from '../storage/records.ts';

const ISSUER = 'https://issuer.example';
const word = fc.constantFrom('a', 'b', 'c', 'A');
const words = fc.uniqueArray(word, { maxLength: 3 });
const metadata = fc.record({
  scope: fc.uniqueArray(fc.constantFrom('read', 'write', 'clients:manage'), { maxLength: 3 }),
  roles: words,
  audiences: fc.option(fc.uniqueArray(fc.constantFrom(ISSUER, 'https://a.example'), { minLength: 1, maxLength: 2 }), { nil: undefined }),
  may_introspect: fc.constantFrom('own', 'any'),
  tags: fc.option(words, { nil: undefined }),
  manages_tags: fc.option(fc.uniqueArray(word, { minLength: 1, maxLength: 3 }), { nil: undefined }),
  iam_principals: fc.option(fc.uniqueArray(fc.constantFrom('r1', 'r2'), { maxLength: 2 }), { nil: undefined }),
  jwks: fc.option(
    fc.uniqueArray(fc.constantFrom('x1', 'x2'), { minLength: 1, maxLength: 2 }).map((names) => ({
      keys: names.map((x) => ({ kty: 'OKP', crv: 'Ed25519', x, kid: 'k' })),
    })),
    { nil: undefined },
  ),
  jwks_uri: fc.option(fc.constantFrom('https://a.example', 'https://b.example'), { nil: undefined }),
});
/** What is let in by metadata alone. A key is what it is made of, whatever it is called. */
const credentials = ({ iam_principals = [], jwks, jwks_uri }: ClientMetadata): readonly string[] => [
  ...iam_principals,
  ...(jwks?.keys ?? []).map((key) => key['x'] ?? ''),
  ...(jwks_uri === undefined ? [] : [jwks_uri]),
];
const clients = metadata.map(
  (members) =>
    Object.fromEntries(Object.entries({ ...client(), ...members }).filter(([, value]) => value !== undefined)) as unknown as ClientMetadata,
);
const restricted = clients.map((members) => ({ ...members, manages_tags: members.manages_tags ?? ['a'] }));

/** Everything that somebody can do as this client, or through clients that it manages or makes. */
const authority = ({ scope, roles, audiences = [ISSUER], may_introspect, manages_tags }: ClientMetadata) => [
  ...scope.map((entry) => `scope ${entry}`),
  ...roles.map((entry) => `role ${entry}`),
  ...audiences.map((entry) => `audience ${entry}`),
  ...(may_introspect === 'any' ? ['introspect any'] : []),
  ...(scope.includes('clients:manage') ? (manages_tags ?? ['a', 'b', 'c', 'A', 'everything else']).map((tag) => `manage ${tag}`) : []),
];
const missing = (some: readonly string[], all: readonly string[]) => some.filter((entry) => !all.includes(entry));
/** A manager always has the issuer as an audience, since its own token does, and the scope, since it got here. */
const ofManager = (manager: ClientMetadata) => [
  ...authority({ ...manager, scope: [...manager.scope, 'clients:manage'] }),
  `audience ${ISSUER}`,
];
const asManager = (manager: ClientMetadata): ClientMetadata => ({ ...manager, scope: [...new Set([...manager.scope, 'clients:manage'])] });

describe('of whatever managers and clients there are', () => {
  it('a manager registers nothing that could do what it cannot', () => {
    fc.assert(
      fc.property(restricted, clients, (manager, to) => {
        if (excessOf(asManager(manager), to, undefined, ISSUER) !== undefined) return;
        expect(missing(authority(to), ofManager(manager))).toEqual([]);
        expect(manages(manager, to)).toBe(true);
        expect(missing(to.tags ?? [], manager.manages_tags)).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });

  it('a change gives nothing that neither client nor manager had, and leaves tags of others alone', () => {
    fc.assert(
      fc.property(restricted, clients, clients, (manager, from, to) => {
        const who = asManager(manager);
        if (!manages(who, from) || forbidden('replace', who, from, ISSUER) !== undefined) return;
        if (excessOf(who, to, from, ISSUER) !== undefined) return;
        expect(missing(authority(to), [...ofManager(manager), ...authority(from)])).toEqual([]);
        expect(missing(authority(to), ofManager(manager)).filter((entry) => entry.startsWith('manage '))).toEqual([]);
        const foreign = ({ tags = [] }: ClientMetadata) => missing(tags, manager.manages_tags).toSorted();
        expect(foreign(to)).toEqual(foreign(from));
        expect(manages(who, to)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('a manager can act only as what can do no more than it', () => {
    fc.assert(
      fc.property(restricted, clients, clients, (manager, from, to) => {
        const who = asManager(manager);
        if (forbidden('arm', who, from, ISSUER) === undefined) expect(missing(authority(from), ofManager(manager))).toEqual([]);
        if (excessOf(who, to, from, ISSUER) !== undefined) return;
        const armed = missing(credentials(to), credentials(from)).length > 0;
        if (armed) expect(missing(authority(to), ofManager(manager))).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });

  it('one without manages_tags is restricted in nothing', () => {
    fc.assert(
      fc.property(clients, clients, fc.constantFrom('see', 'end', 'replace', 'arm'), (manager, other, purpose) => {
        const { manages_tags: _, ...free } = manager;
        expect(manages(free, other)).toBe(true);
        expect(forbidden(purpose, free, other, ISSUER)).toBeUndefined();
        expect(excessOf(free, other, undefined, ISSUER)).toBeUndefined();
      }),
    );
  });
});

it('another method is a credential: it makes what the client held before serve again', () => {
  const manager = client({ scope: ['read', 'clients:manage'], roles: ['user'], manages_tags: ['a'] });
  const change = (scope: readonly string[]) => {
    const from = client({ scope, tags: ['a'], token_endpoint_auth_method: 'private_key_jwt' });
    return excessOf(manager, { ...from, token_endpoint_auth_method: 'client_secret_basic' }, from, ISSUER)?.field;
  };
  expect([change(['read', 'payments:write']), change(['read'])]).toEqual(['token_endpoint_auth_method', undefined]);
});
