import { describe, expect, it } from 'vitest';
import type { SecretDigest } from '../../src/clients/client.ts';
import { withoutSecret, withSecret } from '../../src/clients/secrets.ts';

const NOW = 1_800_000_000;
const DAY = 24 * 3600;
const secret = (id: string, more: Partial<SecretDigest> = {}): SecretDigest => ({
  id,
  pepper: 'k1',
  digest: 'd',
  created_at: NOW,
  ...more,
});
const keyed = (id: string, more: Partial<SecretDigest> = {}) => secret(id, { idempotency: { key: `key of ${id}`, body: 'b' }, ...more });
const ids = (secrets: readonly SecretDigest[] | undefined) => secrets?.map(({ id }) => id);

describe('adding', () => {
  it('keeps the live ones and drops the expired ones', () => {
    const secrets = [secret('a'), secret('b', { expires_at: NOW }), secret('c', { expires_at: NOW + 1 })];
    expect(ids(withSecret({ secrets }, secret('d'), NOW)?.secrets)).toEqual(['a', 'c', 'd']);
  });

  it('takes the fifth live one and refuses the sixth; expired ones do not count', () => {
    const four = ['a', 'b', 'c', 'd'].map((id) => secret(id));
    expect(withSecret({ secrets: four }, secret('e'), NOW)?.secrets).toHaveLength(5);
    expect(withSecret({ secrets: [...four, secret('e')] }, secret('f'), NOW)).toBeUndefined();
    expect(withSecret({ secrets: [...four, secret('e', { expires_at: NOW - 1 })] }, secret('f'), NOW)?.secrets).toHaveLength(5);
  });
});

describe('ending', () => {
  it('takes away that one alone, also the last one; what is not there is undefined', () => {
    expect(withoutSecret({ secrets: [secret('a'), secret('b')] }, 'a', NOW)).toEqual({ secrets: [secret('b')] });
    expect(withoutSecret({ secrets: [secret('a')] }, 'a', NOW)).toEqual({ secrets: [] });
    expect(withoutSecret({ secrets: [secret('a')] }, 'b', NOW)).toBeUndefined();
  });
});

describe('the keys of secrets that are gone', () => {
  it('stay for the rest of their day, whether the secret was ended or dropped', () => {
    const spent = [{ key: 'key of a', until: NOW + DAY }];
    expect(withoutSecret({ secrets: [keyed('a')] }, 'a', NOW + 5)?.spent_keys).toEqual(spent);
    expect(withSecret({ secrets: [keyed('a', { expires_at: NOW + 1 })] }, secret('b'), NOW + 5)?.spent_keys).toEqual(spent);
    expect(withoutSecret({ secrets: [secret('b')], spent_keys: spent }, 'b', NOW + DAY - 1)?.spent_keys).toEqual(spent);
    expect(withoutSecret({ secrets: [secret('b')], spent_keys: spent }, 'b', NOW + DAY)).toEqual({ secrets: [] });
  });

  it('are at most twenty', () => {
    const spent_keys = Array.from({ length: 20 }, (_, index) => ({ key: `${index}`, until: NOW + 9 }));
    const after = withoutSecret({ secrets: [keyed('a')], spent_keys }, 'a', NOW)?.spent_keys;
    expect(after).toHaveLength(20);
    expect(after?.at(-1)?.key).toBe('key of a');
  });
});
