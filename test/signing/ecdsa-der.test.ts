import { generateKeyPairSync, randomBytes, sign, verify, createPublicKey } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rawEcdsaSignature } from '../../src/signing/ecdsa-der.ts';

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex');
/** A 32-byte number of this one byte, and its INTEGER. */
const number = (byte: string): string => byte.repeat(32);
const integer = (digits: string): string => `02 ${(digits.length / 2).toString(16).padStart(2, '0')} ${digits}`;
const sequence = (...elements: readonly string[]): Uint8Array => {
  const content = hex(elements.join(''));
  return Buffer.concat([Buffer.from([0x30, content.length]), content]);
};
const ORDER = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';

describe('from DER to the raw form', () => {
  it('verifies like the original, for 10,000 signatures of every length', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const lengths = new Set<number>();
    for (let round = 0; round < 10_000; round++) {
      const message = randomBytes(16);
      const der = sign('sha256', message, privateKey);
      lengths.add(der.length);
      const raw = rawEcdsaSignature(der);
      if (raw.length !== 64 || !verify('sha256', message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, raw))
        throw new Error(der.toString('hex'));
    }
    // Both padded (leading bit set) and short numbers came up.
    expect(lengths.size).toBeGreaterThanOrEqual(3);
  });

  it('pads short numbers on the left and takes the sign byte off long ones', () => {
    expect(rawEcdsaSignature(sequence(integer('01'), integer(`00${number('81')}`)))).toEqual(
      new Uint8Array([...Array<number>(31).fill(0), 1, ...hex(number('81'))]),
    );
    expect(rawEcdsaSignature(sequence(integer('0080'), integer(number('7f'))))).toEqual(
      new Uint8Array([...Array<number>(31).fill(0), 0x80, ...hex(number('7f'))]),
    );
  });

  const good = integer(number('11'));
  it.each<[string, Uint8Array]>([
    ['nothing', hex('')],
    ['a lone tag', hex('30')],
    ['an empty sequence', hex('3000')],
    ['another tag', hex(`31 06 02 01 01 02 01 01`)],
    ['one number', sequence(good)],
    ['three numbers', sequence(good, good, good)],
    ['bytes after the sequence', Buffer.concat([sequence(good, good), hex('00')])],
    ['bytes after s within the sequence', sequence(good, good, '00')],
    ['a sequence cut short', sequence(good, good).subarray(0, -1)],
    ['a sequence length in long form', hex(`30 81 44 ${good} ${good}`)],
    ['an indefinite length', hex(`30 80 ${good} ${good} 0000`)],
    ['a number length in long form', sequence(`02 81 20 ${number('11')}`, good)],
    ['a number that runs out of the sequence', sequence(good, `02 21 ${number('11')}`)],
    ['a number without bytes', sequence('02 00', good)],
    ['another type of number', sequence(good, `03 20 ${number('11')}`)],
    ['r = 0', sequence(integer('00'), good)],
    ['s = 0', sequence(good, integer('00'))],
    ['a negative r', sequence(integer(number('81')), good)],
    ['a negative s', sequence(good, integer('ff'))],
    ['a needless leading zero', sequence(integer(`00${number('11')}`), good)],
    ['two leading zeros', sequence(integer(`0000${'81'.repeat(31)}`), good)],
    ['a number of 33 bytes', sequence(integer(`01${number('11')}`), good)],
    ['a number of 33 bytes and a sign byte', sequence(integer(`0081${number('11')}`), good)],
    ['r = n', sequence(integer(`00${ORDER}`), good)],
    ['s beyond n', sequence(good, integer(`00${number('ff')}`))],
  ])('refuses %s', (_, der) => {
    expect(() => rawEcdsaSignature(der)).toThrow(RangeError);
  });

  it('takes r = n - 1, the largest there is', () => {
    const largest = `${ORDER.slice(0, -1)}0`;
    expect(Buffer.from(rawEcdsaSignature(sequence(integer(`00${largest}`), good))).toString('hex')).toBe(largest + number('11'));
  });

  it('throws nothing but RangeError and answers nothing but 64 bytes, whatever one changed byte makes', () => {
    const der = sequence(good, integer(`00${number('81')}`));
    for (let at = 0; at < der.length; at++)
      for (let value = 0; value < 256; value++) {
        const changed = Uint8Array.from(der);
        changed[at] = value;
        try {
          expect(rawEcdsaSignature(changed)).toHaveLength(64);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }
  });
});

// Third-party vectors that lie beside the project where it is developed; not part of it.
type Vectors = {
  testGroups: { publicKeyDer: string; tests: { tcId: number; comment: string; msg: string; sig: string; result: string }[] }[];
};
const VECTORS = join(import.meta.dirname, '../../../shared/vectors/wycheproof_ecdsa_secp256r1_sha256_test.json');
if (existsSync(VECTORS))
  describe('Wycheproof: ECDSA on P-256, DER', () => {
    const { testGroups } = JSON.parse(readFileSync(VECTORS, 'utf8')) as Vectors;
    const accepted = (key: ReturnType<typeof createPublicKey>, msg: string, sig: string): boolean => {
      try {
        return verify('sha256', hex(msg), { key, dsaEncoding: 'ieee-p1363' }, rawEcdsaSignature(hex(sig)));
      } catch (error) {
        if (error instanceof RangeError) return false;
        throw error;
      }
    };
    it('every vector comes out as it should', () => {
      const outcomes = testGroups.flatMap(({ publicKeyDer, tests }) => {
        const key = createPublicKey({ key: Buffer.from(hex(publicKeyDer)), format: 'der', type: 'spki' });
        return tests.map(({ tcId, comment, msg, sig, result }) => ({
          tcId,
          comment,
          right: accepted(key, msg, sig) === (result === 'valid'),
        }));
      });
      expect(outcomes).toHaveLength(484);
      expect(outcomes.filter(({ right }) => !right)).toEqual([]);
    });
  });
else console.warn('Wycheproof vectors are not at hand (../shared/vectors): the hand-written cases run alone');
