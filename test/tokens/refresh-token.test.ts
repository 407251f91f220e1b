import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { formatRefreshToken, isAuthentic, newHandle, parseRefreshToken, sidOf, type RefreshToken } from '../../src/tokens/refresh-token.ts';

const MAC_KEY = Buffer.alloc(32, 7);
const HANDLE = newHandle(Buffer.alloc(32, 1));
const TOKEN: RefreshToken = { keyId: 'k3', clientId: 'billing-1_X', generation: 12, handle: HANDLE };
const TEXT = formatRefreshToken(TOKEN, MAC_KEY);
const parts = (text = TEXT) => text.split('.');
const withPart = (index: number, part: string) => parts().with(index, part).join('.');

describe('the form of a refresh token', () => {
  it('is prefix and key id, client id, generation, handle and MAC between dots', () => {
    expect(TEXT).toMatch(/^m2m_rt_k3\.billing-1_X\.12\.[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}$/);
    expect(parts()[3]).toBe(HANDLE);
  });

  it('reads back as it was written', () => {
    expect(parseRefreshToken(TEXT)).toEqual({ ...TOKEN, mac: parts()[4] });
  });

  it('has a MAC by HMAC-SHA-256 over the length-prefixed fields', () => {
    const expected = createHmac('sha256', MAC_KEY).update(`2:k311:billing-1_X2:1243:${HANDLE}`).digest('base64url');
    expect(parts()[4]).toBe(expected);
  });

  it('takes generations from 1 to 999,999,999 and never writes another', () => {
    for (const generation of [1, 999_999_999]) {
      expect(parseRefreshToken(formatRefreshToken({ ...TOKEN, generation }, MAC_KEY))?.generation).toBe(generation);
    }
    for (const generation of [0, -1, 1_000_000_000]) {
      expect(() => formatRefreshToken({ ...TOKEN, generation }, MAC_KEY)).toThrow('refresh token generation out of range');
    }
  });

  it.each([
    ['nothing', ''],
    ['the prefix alone', 'm2m_rt_'],
    ['another prefix', TEXT.replace('m2m_rt_', 'm2m_cs_')],
    ['the prefix in capitals', TEXT.replace('m2m_rt_', 'M2M_RT_')],
    ['something before it', ` ${TEXT}`],
    ['something behind it', `${TEXT}\n`],
    ['a part too few', parts().slice(0, 4).join('.')],
    ['a part too many', `${TEXT}.x`],
    ['a key id that is no ring key', withPart(0, 'm2m_rt_k0')],
    ['a key id without number', withPart(0, 'm2m_rt_k')],
    ['a key id of ten digits', withPart(0, 'm2m_rt_k1234567890')],
    ['an empty client id', withPart(1, '')],
    ['a client id of 65 characters', withPart(1, 'a'.repeat(65))],
    ['a client id with a separator of keys', withPart(1, 'a#b')],
    ['generation 0', withPart(2, '0')],
    ['a generation with a leading zero', withPart(2, '012')],
    ['a generation of ten digits', withPart(2, '1234567890')],
    ['a negative generation', withPart(2, '-1')],
    ['a handle that is too short', withPart(3, HANDLE.slice(1))],
    ['a handle that is too long', withPart(3, `${HANDLE}A`)],
    ['a padded handle', withPart(3, `${HANDLE.slice(0, 42)}=`)],
    ['a MAC that is too short', withPart(4, 'A'.repeat(42))],
    ['a handle in another spelling of the same bytes', withPart(3, `${'A'.repeat(42)}B`)],
    ['a MAC in another spelling of the same bytes', withPart(4, `${'A'.repeat(42)}B`)],
  ])('refuses %s', (_, text) => {
    expect(parseRefreshToken(text)).toBeUndefined();
  });

  it.each([
    ['the longest key id and client id', { keyId: 'k999999999', clientId: 'z'.repeat(64) }],
    ['the shortest', { keyId: 'k1', clientId: 'a', generation: 1 }],
    ['zeros within numbers', { keyId: 'k10', generation: 10 }],
    ['every character of base64url in the handle', { handle: Buffer.alloc(32, 'fb', 'hex').toString('base64url') }],
    ['the other one, too', { handle: Buffer.alloc(32, 'ff', 'hex').toString('base64url') }],
  ])('takes %s', (_, members) => {
    const token = { ...TOKEN, ...members };
    expect(parseRefreshToken(formatRefreshToken(token, MAC_KEY))).toMatchObject(token);
  });
});

describe('what makes it ours', () => {
  const parsed = parseRefreshToken(TEXT)!;

  it('is authentic under the key that made it', () => {
    expect(isAuthentic(parsed, MAC_KEY)).toBe(true);
  });

  it('is not under any other key', () => {
    expect(isAuthentic(parsed, Buffer.alloc(32, 8))).toBe(false);
  });

  it.each([
    ['key id', { keyId: 'k4' }],
    ['client id', { clientId: 'billing-1_Y' }],
    ['generation', { generation: 13 }],
    ['handle', { handle: newHandle(Buffer.alloc(32, 2)) }],
  ])('is not with another %s', (_, changed) => {
    expect(isAuthentic({ ...parsed, ...changed }, MAC_KEY)).toBe(false);
  });

  it('is not when characters move from one field to the next', () => {
    const moved = { ...parsed, clientId: `${parsed.clientId}1`, generation: 2 };
    expect(isAuthentic(moved, MAC_KEY)).toBe(false);
  });

  it('is not with a MAC of another length', () => {
    expect(isAuthentic({ ...parsed, mac: parsed.mac.slice(1) }, MAC_KEY)).toBe(false);
    expect(isAuthentic({ ...parsed, mac: '' }, MAC_KEY)).toBe(false);
  });
});

describe('handle and session id', () => {
  it('makes a handle of exactly 32 bytes', () => {
    expect(Buffer.from(HANDLE, 'base64url')).toEqual(Buffer.alloc(32, 1));
    for (const bytes of [0, 31, 33]) expect(() => newHandle(Buffer.alloc(bytes))).toThrow('a handle is made of 32 bytes');
  });

  it('names the session by the first 128 bits of the digest of the handle', () => {
    const digest = createHash('sha256').update(Buffer.alloc(32, 1)).digest();
    expect(sidOf(HANDLE)).toBe(digest.subarray(0, 16).toString('base64url'));
  });
});
