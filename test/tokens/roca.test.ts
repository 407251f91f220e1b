import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { importVerificationKey } from '../../src/tokens/jwk.ts';
import { isRocaModulus } from '../../src/tokens/roca.ts';

const PRIMORIAL = [
  3n,
  5n,
  7n,
  11n,
  13n,
  17n,
  19n,
  23n,
  29n,
  31n,
  37n,
  41n,
  43n,
  47n,
  53n,
  59n,
  61n,
  67n,
  71n,
  73n,
  79n,
  83n,
  89n,
  97n,
  101n,
  103n,
  107n,
  109n,
  113n,
  127n,
  131n,
  137n,
  139n,
  149n,
  151n,
  157n,
  163n,
  167n,
].reduce((product, prime) => product * prime, 1n);
/** 2048 bits, odd, and a power of 65537 modulo every small prime. */
const roca = (): bigint => {
  const base = (2n ** 2047n / (2n * PRIMORIAL) + 1n) * 2n * PRIMORIAL;
  return base + 65_537n ** 3n;
};

describe('keys of the ROCA kind (CVE-2017-15361)', () => {
  it('are recognised, and refused', () => {
    expect(isRocaModulus(roca())).toBe(true);
    const n = Buffer.from(roca().toString(16), 'hex').toString('base64url');
    expect(importVerificationKey({ kty: 'RSA', n, e: 'AQAB', kid: 'k', alg: 'RS256' })).toEqual({
      ok: false,
      failure: { reason: 'key_weak' },
    });
  });
  it('are not seen where there are none', () => {
    const { n = '' } = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
    expect(isRocaModulus(BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`))).toBe(false);
  });
});
