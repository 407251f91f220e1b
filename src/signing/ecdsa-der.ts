/**
 * ECDSA signatures on P-256: from the DER form that KMS answers (RFC 3279 section 2.2.3: SEQUENCE of two INTEGERs) to the raw
 * 64 bytes that JWS wants (RFC 7518 section 3.4: r and s, 32 bytes each, left-padded). Strict: exactly one encoding of a pair
 * of numbers from 1 to n - 1 is taken (X.690 section 8.3, 10.1), everything else throws.
 */
const SEQUENCE = 0x30;
const INTEGER = 0x02;
/** Bytes of r and of s in the raw form. */
const NUMBER_BYTES = 32;
/** The order n of the group (FIPS 186-5): no valid r or s reaches it. */
const ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');

/** @throws RangeError when `der` is not the one DER encoding of a possible P-256 signature. */
export function rawEcdsaSignature(der: Uint8Array): Uint8Array {
  // At most 2 + 33 bytes a number: the length always fits into one byte, so any other form of it is not minimal.
  if (der[0] !== SEQUENCE || der[1] !== der.length - 2) throw new RangeError('not a DER sequence of exactly this length');
  const raw = new Uint8Array(2 * NUMBER_BYTES);
  const sAt = copyNumber(der, 2, raw.subarray(0, NUMBER_BYTES));
  const end = copyNumber(der, sAt, raw.subarray(NUMBER_BYTES));
  if (end !== der.length) throw new RangeError('bytes after s');
  return raw;
}

/** Copies the INTEGER that starts at `at` into `target`, right-aligned; answers where the next element starts. */
function copyNumber(der: Uint8Array, at: number, target: Uint8Array): number {
  const length = der[at + 1] ?? 0;
  const end = at + 2 + length;
  if (der[at] !== INTEGER || length === 0 || end > der.length) throw new RangeError('not a DER integer');
  const magnitude = magnitudeOf(der.subarray(at + 2, end));
  if (magnitude.length > NUMBER_BYTES) throw new RangeError('a number of more than 32 bytes');
  target.set(magnitude, NUMBER_BYTES - magnitude.length);
  if (Buffer.compare(target, ORDER) >= 0) throw new RangeError('a number beyond the order of the curve');
  return end;
}

/** The bytes of a positive number, without the one leading zero that stands exactly where it would otherwise look negative. */
function magnitudeOf(bytes: Uint8Array): Uint8Array {
  const [first = 0, second = 0] = bytes;
  if (first >= 0x80) throw new RangeError('a negative number');
  if (first !== 0) return bytes;
  if (bytes.length === 1) throw new RangeError('a zero');
  if (second < 0x80) throw new RangeError('a needless leading zero');
  return bytes.subarray(1);
}
