import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatRefreshToken, isAuthentic, newHandle, parseRefreshToken, sidOf, type RefreshToken } from '../../src/tokens/refresh-token.ts';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const idCharacter = fc.constantFrom(...'ABCXYZabcxyz0189_-');
const token: fc.Arbitrary<RefreshToken> = fc.record({
  keyId: fc.integer({ min: 1, max: 999_999_999 }).map((id) => `k${id}`),
  clientId: fc.string({ unit: idCharacter, minLength: 1, maxLength: 64 }),
  generation: fc.integer({ min: 1, max: 999_999_999 }),
  handle: bytes(32).map(newHandle),
});
const isOurs = (text: string, key: Uint8Array): boolean => {
  const parsed = parseRefreshToken(text);
  return parsed !== undefined && isAuthentic(parsed, key);
};

it('what is written reads back the same, and is ours under its key alone', () => {
  fc.assert(
    fc.property(token, bytes(32), bytes(32), (made, key, other) => {
      const text = formatRefreshToken(made, key);
      expect(parseRefreshToken(text)).toMatchObject(made);
      expect(isOurs(text, key)).toBe(true);
      fc.pre(Buffer.compare(key, other) !== 0);
      expect(isOurs(text, other)).toBe(false);
    }),
  );
});

it('any changed, missing or added character is refused', () => {
  fc.assert(
    fc.property(token, bytes(32), fc.nat(), fc.string({ unit: 'binary', maxLength: 2 }), (made, key, at, replacement) => {
      const text = formatRefreshToken(made, key);
      const index = at % (text.length + 1);
      const changed = text.slice(0, index) + replacement + text.slice(index + 1);
      fc.pre(changed !== text);
      expect(isOurs(changed, key)).toBe(false);
    }),
    { numRuns: 2000 },
  );
});

it('every single-character change of one token is refused, character by character', () => {
  const key = Buffer.alloc(32, 1);
  const text = formatRefreshToken({ keyId: 'k1', clientId: 'client-1', generation: 7, handle: newHandle(Buffer.alloc(32, 2)) }, key);
  for (let at = 0; at < text.length; at += 1) {
    for (const character of 'AZaz09_-.kB1= \n\0') {
      const changed = text.slice(0, at) + character + text.slice(at + 1);
      if (changed !== text) expect(isOurs(changed, key), changed).toBe(false);
    }
  }
});

it('no text makes the parser throw, and what it takes has one spelling', () => {
  const near = fc.tuple(
    fc.constantFrom('m2m_rt_', 'm2m_rt_k', ''),
    fc.array(fc.string({ unit: 'binary', maxLength: 50 }), { maxLength: 6 }),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        near.map(([prefix, parts]) => prefix + parts.join('.')),
      ),
      (text) => {
        const parsed = parseRefreshToken(text);
        if (parsed === undefined) return;
        const { keyId, clientId, generation, handle, mac } = parsed;
        expect(`m2m_rt_${keyId}.${clientId}.${generation}.${handle}.${mac}`).toBe(text);
      },
    ),
  );
});

it('different handles are different sessions, the same handle is the same', () => {
  fc.assert(
    fc.property(bytes(32), bytes(32), (a, b) => {
      expect(sidOf(newHandle(a)) === sidOf(newHandle(b))).toBe(Buffer.compare(a, b) === 0);
    }),
  );
});
