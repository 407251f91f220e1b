import { describe, expect, it } from 'vitest';
import { clientKey, denialKey, previousWindowKey, revocationKey, sessionKey, signingKeyKey, windowKey } from '../../src/storage/keys.ts';
import { rateWindow } from './records.ts';

describe('keys', () => {
  it('are those of the storage table in the design', () => {
    expect(clientKey('c')).toEqual({ PK: 'CLIENT#c', SK: 'CLIENT' });
    expect(sessionKey('c', 's')).toEqual({ PK: 'CLIENT#c', SK: 'SESSION#s' });
    expect(revocationKey('j')).toEqual({ PK: 'REVOKED#j', SK: 'REVOKED' });
    expect(signingKeyKey('k')).toEqual({ PK: 'KEYRING', SK: 'KEY#k' });
    const window = { endpoint: 'token', subject: 'c', network: '2001:db8::/64', minute: 30_000_000 };
    expect(windowKey(window)).toEqual({ PK: 'RATE#token#c#2001:db8::/64', SK: 'WINDOW#30000000' });
    expect(previousWindowKey(window)).toEqual({ PK: 'RATE#token#c#2001:db8::/64', SK: 'WINDOW#29999999' });
    expect(denialKey(window)).toEqual({ PK: 'DENIED#token#c#2001:db8::/64', SK: 'WINDOW#30000000' });
  });

  it('never mean another item: a part that is empty or holds a separator is a defect', () => {
    for (const part of ['', 'a#b', '#', 'a\nb']) {
      expect(() => clientKey(part)).toThrow(RangeError);
      expect(() => sessionKey('c', part)).toThrow(RangeError);
      expect(() => revocationKey(part)).toThrow(RangeError);
      expect(() => windowKey(rateWindow({ subject: part }))).toThrow(RangeError);
      expect(() => denialKey(rateWindow({ network: part }))).toThrow(RangeError);
    }
  });

  it('never exceed what DynamoDB takes, counted in bytes', () => {
    expect(clientKey('x'.repeat(2041)).PK).toHaveLength(2048);
    expect(() => clientKey('x'.repeat(2042))).toThrow(RangeError);
    expect(() => clientKey('ä'.repeat(1021))).toThrow(RangeError);
    expect(() => sessionKey('c', 'x'.repeat(1017))).toThrow(RangeError);
  });

  it('name windows by whole minutes only', () => {
    for (const minute of [1.5, -1, Number.NaN, Infinity]) expect(() => windowKey(rateWindow({ minute }))).toThrow(RangeError);
  });
});
