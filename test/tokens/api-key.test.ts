import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { apiKeyIdFrom, digestApiKey, formatApiKey, isApiKeyId, parseApiKey, provesApiKey } from '../../src/tokens/api-key.ts';
import { apiKeyInAuthorization, isApiKeyHeader } from '../../src/tokens/api-key-header.ts';
import { SID_PATTERN } from '../../src/tokens/session.ts';

const HANDLE = Buffer.alloc(12, 0xab);
const keyOf = (clientId: string): string => formatApiKey(apiKeyIdFrom(HANDLE, clientId), randomBytes(32));

describe('the form of an API key', () => {
  it.each(['c', 'billing', 'c_7Q2mXk', 'a-b_c-', '-', '_', '_'.repeat(64), 'abab-x', 'x'.repeat(64)])(
    'says whose it is: %s',
    (clientId) => {
      const key = keyOf(clientId);
      expect(parseApiKey(key)).toEqual({ id: `${'ab'.repeat(12)}-${clientId}`, clientId });
      expect(key.startsWith(`m2m_ak_${'ab'.repeat(12)}-${clientId}_`)).toBe(true);
    },
  );

  it('every single mistyped character is noticed', () => {
    const key = keyOf('billing');
    for (let at = 0; at < key.length; at += 1) {
      const typo = `${key.slice(0, at)}${key[at] === 'x' ? 'y' : 'x'}${key.slice(at + 1)}`;
      expect(parseApiKey(typo)).toBeUndefined();
    }
  });

  it.each(['', 'm2m_ak_', 'm2m_ak_x', 'm2m_cs_x', 'x'.repeat(5000)])('%s is none', (text) => expect(parseApiKey(text)).toBeUndefined());

  it('is none with anything before or behind it', () => {
    const key = keyOf('billing');
    for (const text of [` ${key}`, `${key} `, `${key}\n`, `${key},${key}`, key.toUpperCase(), key.slice(0, -1)])
      expect(parseApiKey(text)).toBeUndefined();
  });

  it('no id is ever taken for the sid of a session', () => {
    for (let length = 1; length <= 64; length += 1) expect(SID_PATTERN.test(apiKeyIdFrom(HANDLE, 'x'.repeat(length)))).toBe(false);
    expect(isApiKeyId(randomBytes(16).toString('base64url'))).toBe(false);
  });

  it('is made of right parts alone', () => {
    expect(() => apiKeyIdFrom(HANDLE, 'a b')).toThrow(TypeError);
    expect(() => apiKeyIdFrom(randomBytes(11), 'a')).toThrow(TypeError);
    expect(() => formatApiKey('x', randomBytes(32))).toThrow(TypeError);
    expect(() => formatApiKey(apiKeyIdFrom(HANDLE, 'a'), randomBytes(31))).toThrow(TypeError);
  });
});

describe('proving an API key', () => {
  const pepper = randomBytes(32);
  const key = keyOf('billing');
  const digest = digestApiKey(pepper, key);

  it('takes the key under its pepper and nothing else', () => {
    expect(provesApiKey(key, pepper, digest)).toBe(true);
    expect(provesApiKey(keyOf('billing'), pepper, digest)).toBe(false);
    expect(provesApiKey(key, randomBytes(32), digest)).toBe(false);
    expect(provesApiKey(key, undefined, digest)).toBe(false);
    expect(provesApiKey(key, pepper, undefined)).toBe(false);
    expect(provesApiKey(key, pepper, 'AA')).toBe(false);
  });

  it('a lost pepper or digest never proves by comparing nothing with nothing', () => {
    expect(provesApiKey(key, undefined, digestApiKey(Buffer.alloc(32), key))).toBe(false);
  });
});

describe('where a key may stand', () => {
  it.each([
    ['Bearer m2m_ak_x', 'm2m_ak_x'],
    ['bearer   m2m_ak_x', 'm2m_ak_x'],
    ['Bearer eyJ', undefined],
    ['Basic m2m_ak_x', undefined],
    [undefined, undefined],
  ])('Authorization %s -> %s', (header, key) => expect(apiKeyInAuthorization(header)).toBe(key));

  it.each([
    ['m2m_ak_x', true],
    ['other,m2m_ak_x', true],
    ['usage-plan-key', false],
    [undefined, false],
  ])('X-API-Key %s -> %s', (header, isOurs) => expect(isApiKeyHeader(header)).toBe(isOurs));
});
