import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  digestClientSecret,
  formatClientSecret,
  isWellFormedClientSecret,
  matchClientSecret,
} from '../../src/client-authentication/secret.ts';
import type { SecretDigest } from '../../src/clients/client.ts';

const NOW = 1_800_000_000;
const PEPPER = Buffer.alloc(32, 1);
const SECRET = formatClientSecret(Buffer.alloc(32, 9));
const digestOf = (id: string, secret: string, members: Partial<SecretDigest> = {}): SecretDigest => ({
  id,
  pepper: 'k1',
  digest: digestClientSecret(PEPPER, secret),
  created_at: NOW - 10,
  ...members,
});
const PEPPERS = new Map([['k1', PEPPER]]);
const match = (presented: string, secrets: readonly SecretDigest[], peppers: ReadonlyMap<string, Uint8Array> = PEPPERS) =>
  matchClientSecret(presented, secrets, peppers, NOW).live?.id;

describe('the form of a client secret', () => {
  it('is the prefix, 256 bits and a checksum of six characters over both', () => {
    const body = `m2m_cs_${Buffer.alloc(32, 9).toString('base64url')}`;
    expect(SECRET).toBe(body + createHash('sha256').update(body).digest('base64url').slice(0, 6));
    expect(SECRET).toHaveLength(56);
  });

  it('is made of exactly 32 random bytes', () => {
    for (const bytes of [0, 31, 33]) expect(() => formatClientSecret(Buffer.alloc(bytes))).toThrow('a client secret is made of 32 bytes');
  });

  it('is recognised when it is ours, and any single changed character is seen', () => {
    expect(isWellFormedClientSecret(SECRET)).toBe(true);
    for (let at = 0; at < SECRET.length; at += 1) {
      const typed = SECRET.slice(0, at) + (SECRET[at] === 'A' ? 'B' : 'A') + SECRET.slice(at + 1);
      expect(isWellFormedClientSecret(typed), `character ${at}`).toBe(false);
    }
  });

  it('is not recognised by its checksum alone: prefix, length and characters count', () => {
    const checked = (body: string) => body + createHash('sha256').update(body).digest('base64url').slice(0, 6);
    const body = SECRET.slice(0, -6);
    expect(isWellFormedClientSecret(checked(body))).toBe(true);
    for (const other of [body.replace('cs', 'ak'), `x${body}`, `${body}A`, body.slice(0, -1), `${body.slice(0, -1)}+`, '']) {
      expect(isWellFormedClientSecret(checked(other)), other).toBe(false);
    }
  });

  it.each(['', SECRET.slice(0, -1), `${SECRET}A`, ` ${SECRET}`, `${SECRET}\n`])('is not recognised in %j', (text) => {
    expect(isWellFormedClientSecret(text)).toBe(false);
  });
});

describe('matching a presented secret', () => {
  it('keeps HMAC-SHA-256 under the pepper, base64url', () => {
    expect(digestClientSecret(PEPPER, SECRET)).toBe(createHmac('sha256', PEPPER).update(SECRET).digest('base64url'));
  });

  it('finds whichever of five live secrets it is', () => {
    const secrets = ['a', 'b', 'c', 'd', 'e'].map((text) => digestOf(text, text));
    for (const text of ['a', 'b', 'c', 'd', 'e']) expect(match(text, secrets)).toBe(text);
  });

  it('never looks beyond the five that a client may have', () => {
    const secrets = ['a', 'b', 'c', 'd', 'e', 'f'].map((text) => digestOf(text, text));
    expect([match('e', secrets), match('f', secrets)]).toEqual(['e', undefined]);
  });

  it('is exact: no trimming, no case folding, no cutting at NUL, no prefix', () => {
    const secrets = [digestOf('s1', SECRET)];
    for (const other of [`${SECRET} `, ` ${SECRET}`, SECRET.toUpperCase(), `${SECRET}\0`, SECRET.slice(0, -1), '']) {
      expect(match(other, secrets)).toBeUndefined();
    }
  });

  it('finds nothing where there is no secret', () => {
    expect(match(SECRET, [])).toBeUndefined();
    expect(matchClientSecret('', [], new Map([['-', PEPPER]]), NOW)).toEqual({ live: undefined, expired: undefined });
  });

  it('ends with the second in which a secret expires', () => {
    expect(match('x', [digestOf('s1', 'x', { expires_at: NOW + 1 })])).toBe('s1');
    expect(match('x', [digestOf('s1', 'x', { expires_at: NOW })])).toBeUndefined();
    expect(match('x', [digestOf('s1', 'x', { expires_at: NOW - 1 })])).toBeUndefined();
  });

  it('takes the live one of two equal secrets', () => {
    expect(match('x', [digestOf('old', 'x', { expires_at: NOW }), digestOf('new', 'x'), digestOf('third', 'x')])).toBe('new');
  });

  it('needs the pepper that the digest was made under', () => {
    const made = digestOf('s1', 'x');
    expect(match('x', [made], new Map())).toBeUndefined();
    expect(match('x', [made], new Map([['k2', PEPPER]]))).toBeUndefined();
    expect(match('x', [made], new Map([['k1', Buffer.alloc(32, 2)]]))).toBeUndefined();
    expect(match('x', [{ ...made, pepper: 'k2' }], new Map([['k2', PEPPER]]))).toBe('s1');
  });

  it('is not deceived by a record whose digest is damaged', () => {
    for (const digest of ['', 'AAAA', Buffer.alloc(32).toString('base64url'), Buffer.alloc(64).toString('base64url')]) {
      expect(match('x', [digestOf('s1', 'x', { digest })])).toBeUndefined();
    }
  });

  it('never matches a digest made under the stand-in for a missing pepper', () => {
    const standIn = Buffer.alloc(32).toString('base64url');
    const forged = { ...digestOf('s1', 'x'), pepper: 'gone', digest: createHmac('sha256', standIn).update('x').digest('base64url') };
    expect(match('x', [forged])).toBeUndefined();
  });
});
