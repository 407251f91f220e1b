/**
 * Keys of the ROCA kind (CVE-2017-15361): primes of a form that made 2048-bit moduli factorable. Every such modulus is, modulo
 * each small prime, a power of 65537; of other moduli fewer than one in a hundred million is.
 */
const SMALL_PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139,
  149, 151, 157, 163, 167,
];
const GENERATOR = 65_537;

export const isRocaModulus = (modulus: bigint): boolean =>
  SMALL_PRIMES.every((prime) => isPowerOfGenerator(Number(modulus % BigInt(prime)), prime));

function isPowerOfGenerator(residue: number, prime: number): boolean {
  let power = 1;
  do {
    if (power === residue) return true;
    power = (power * GENERATOR) % prime;
  } while (power !== 1);
  return false;
}
