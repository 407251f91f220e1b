import { describe, expect, it } from 'vitest';
import { dpopNonce, NONCE_WINDOW_SECONDS, nonceUntil } from '../../src/tokens/dpop-nonce.ts';

const KEY = Buffer.alloc(32, 1);
const START = 6_000_000 * NONCE_WINDOW_SECONDS;

describe('a nonce', () => {
  it('is taken in its window and in the next one, then no more, and never before', () => {
    const nonce = dpopNonce(KEY, START + 10);
    const end = START + 2 * NONCE_WINDOW_SECONDS;
    for (const now of [START, START + 10, START + NONCE_WINDOW_SECONDS, end - 1]) expect(nonceUntil(nonce, KEY, now)).toBe(end);
    for (const now of [START - 1, end, end + 1, end * 2]) expect(nonceUntil(nonce, KEY, now)).toBeUndefined();
  });
  it('is the same for all that ask in one window, and another in the next', () => {
    expect(dpopNonce(KEY, START)).toBe(dpopNonce(KEY, START + NONCE_WINDOW_SECONDS - 1));
    expect(dpopNonce(KEY, START)).not.toBe(dpopNonce(KEY, START + NONCE_WINDOW_SECONDS));
  });
  it('is made of characters that RFC 9449 section 8.1 allows', () => {
    expect(dpopNonce(KEY, START)).toMatch(/^[\x21\x23-\x5B\x5D-\x7E]+$/);
  });
  it.each([
    ['empty', ''],
    ['of another key', dpopNonce(Buffer.alloc(32, 2), START)],
    ['without its MAC', '6000000.'],
    ['with the MAC of another window', `6000000.${dpopNonce(KEY, START - NONCE_WINDOW_SECONDS).split('.')[1] ?? ''}`],
    ['with leading zeros', `0${dpopNonce(KEY, START)}`],
    ['with a sign', `+${dpopNonce(KEY, START)}`],
    ['with more behind it', `${dpopNonce(KEY, START)}x`],
    ['as another number', dpopNonce(KEY, START).replace('6000000', '6e6')],
  ])('%s is not taken', (_, nonce) => {
    expect(nonceUntil(nonce, KEY, START)).toBeUndefined();
  });
});
