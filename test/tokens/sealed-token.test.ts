import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { NONCE_BYTES, openSealedToken, sealToken } from '../../src/tokens/sealed-token.ts';

const KEY = new Uint8Array(randomBytes(32));
const CONTEXT = { clientId: 'billing', digest: 'd'.repeat(43) };
const seal = (token = 'a.b.c', context = CONTEXT) => sealToken(token, KEY, randomBytes(NONCE_BYTES), context);

describe('a sealed token', () => {
  it('opens to what was sealed, and shows nothing of it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8, maxLength: 2000, unit: 'grapheme' }), (token) => {
        const sealed = seal(token);
        expect(openSealedToken(sealed, KEY, CONTEXT)).toBe(token);
        expect(Buffer.from(sealed).includes(token)).toBe(false);
        expect(sealed).toHaveLength(Buffer.byteLength(token) + 28);
      }),
    );
  });

  it('is never the same bytes twice', () => expect(seal()).not.toEqual(seal()));

  it.each([
    ['another client', { ...CONTEXT, clientId: 'other' }],
    ['another digest', { ...CONTEXT, digest: 'e'.repeat(43) }],
    ['a border moved', { clientId: 'billingd', digest: 'd'.repeat(42) }],
  ])('does not open for %s', (_, context) => expect(openSealedToken(seal(), KEY, context)).toBeUndefined());

  it('does not open with another key', () => {
    expect(openSealedToken(seal(), new Uint8Array(randomBytes(32)), CONTEXT)).toBeUndefined();
  });

  it('does not open with any bit changed, cut off or added', () => {
    const sealed = seal();
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const other = Uint8Array.from(sealed);
      other[bit >> 3]! ^= 1 << (bit & 7);
      expect(openSealedToken(other, KEY, CONTEXT)).toBeUndefined();
    }
    for (let length = 0; length < sealed.length; length += 1) {
      expect(openSealedToken(sealed.subarray(0, length), KEY, CONTEXT)).toBeUndefined();
    }
    expect(openSealedToken(Uint8Array.from([...sealed, 0]), KEY, CONTEXT)).toBeUndefined();
  });
});
