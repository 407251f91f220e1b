import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64Url, encodeBase64Url } from '../../src/tokens/base64url.ts';

describe('base64url (RFC 7515 section 2)', () => {
  it('gives back every byte string that was encoded', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => decodeBase64Url(encodeBase64Url(bytes))?.equals(bytes) === true));
  });
  it('encodes a part of a larger buffer as that part alone', () => {
    expect(encodeBase64Url(new Uint8Array([1, 2, 3, 4]).subarray(1, 3))).toBe('AgM');
  });
  it('encodes RFC 7515 appendix C', () => {
    expect(encodeBase64Url(new Uint8Array([3, 236, 255, 224, 193]))).toBe('A-z_4ME');
  });
  it('takes only the one text of every byte string', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        const bytes = decodeBase64Url(text);
        return bytes === undefined || encodeBase64Url(bytes) === text;
      }),
    );
  });
  it.each([
    ['padding', 'YQ=='],
    ['padding after whole groups', 'YWJj='],
    ['a space', 'YW Jj'],
    ['a line feed at the end', 'YWJj\n'],
    ['the plus of plain base64', '+-8'],
    ['the slash of plain base64', '/_8'],
    ['a lone last character', 'YWJjZ'],
    ['stray bits after one byte', 'YR'],
    ['stray bits after two bytes', 'YWJ'.slice(0, 2) + 'J'],
    ['a letter beyond ASCII', 'YWJé'],
    ['a NUL', 'YW\0J'],
  ])('refuses %s', (_, text) => {
    expect(decodeBase64Url(text)).toBeUndefined();
  });
  it('reads the empty text as no bytes', () => {
    expect(decodeBase64Url('')).toHaveLength(0);
  });
});
