import { describe, expect, it } from 'vitest';
import { derivedIdBytes, derivedSecretBytes, idempotentRequest, parseIdempotencyKey } from '../../src/clients/idempotency.ts';

const BODY = new TextEncoder().encode('{}');
const made = (resource = 'clients', manager = 'm', key = 'k', body = BODY) => idempotentRequest(resource, manager, key, body);

describe('the header (draft-ietf-httpapi-idempotency-key-header section 2.1)', () => {
  it.each([
    ['"8e03978e-40d5-43e8-bc93-6894a57f9324"', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    ['8e03978e-40d5-43e8-bc93-6894a57f9324', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    ['"a b, c"', 'a b, c'],
    ['x'.repeat(128), 'x'.repeat(128)],
  ])('%s names the key %s', (header, key) => expect(parseIdempotencyKey(header)).toBe(key));

  it.each(['', '""', '"a', 'a"b', 'a b', 'a, b', '"a", "b"', 'a\\', 'é', '\u0000', 'x'.repeat(129)])('%j names none', (header) =>
    expect(parseIdempotencyKey(header)).toBeUndefined(),
  );
});

describe('what is derived from a keyed request', () => {
  it('is the same for the same request and differs in each of its parts, which cannot run into each other', () => {
    expect(made()).toEqual(made());
    const seeds = [
      made(),
      made('secrets of c'),
      made('clients', 'n'),
      made('clients', 'm', 'l'),
      made('clients', 'mk', ''),
      made('clientsm', '', 'k'),
    ];
    expect(new Set(seeds.map(({ digest }) => digest.key)).size).toBe(seeds.length);
  });

  it('tells bodies apart without making another key of it', () => {
    const [one, two] = [made(), made('clients', 'm', 'k', new TextEncoder().encode('{} '))];
    expect([one.digest.key === two.digest.key, one.digest.body === two.digest.body]).toEqual([true, false]);
  });

  it('secrets depend on ring key, request and time; ids on the request alone, and not on each other', () => {
    const { seed } = made();
    const [ringKey, otherKey] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const secrets = [
      derivedSecretBytes(ringKey, seed, 1),
      derivedSecretBytes(ringKey, seed, 2),
      derivedSecretBytes(otherKey, seed, 1),
      derivedSecretBytes(ringKey, made('other').seed, 1),
      derivedIdBytes(seed, 'client', 32),
      derivedIdBytes(seed, 'secret', 32),
      seed,
    ];
    expect(new Set(secrets.map((bytes) => Buffer.from(bytes).toString('hex'))).size).toBe(secrets.length);
    expect(derivedSecretBytes(ringKey, seed, 1)).toEqual(derivedSecretBytes(ringKey, seed, 1));
    expect(derivedSecretBytes(ringKey, seed, 1)).toHaveLength(32);
  });
});
