// Signing as everybody here does it: asynchronously, on the thread pool.
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { rawEcdsaSignature } from '../../src/signing/ecdsa-der.ts';

export const BENCH_ALGORITHMS = ['RS256', 'ES256'] as const;
export type BenchAlgorithm = (typeof BENCH_ALGORITHMS)[number];
export const isBenchAlgorithm = (text: string | undefined): text is BenchAlgorithm =>
  (BENCH_ALGORITHMS as readonly unknown[]).includes(text);

export const newKeyPair = (algorithm: BenchAlgorithm): { publicKey: KeyObject; privateKey: KeyObject } =>
  algorithm === 'RS256' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** Answers in JOSE form. ES256 by way of DER, which is twice as fast as asking OpenSSL for the raw form. */
export const signerOf =
  (algorithm: BenchAlgorithm, key: KeyObject) =>
  (input: Uint8Array): Promise<Uint8Array> =>
    new Promise((resolve, reject) => {
      sign('sha256', input, key, (error, signature) => {
        if (error !== null) reject(error);
        else resolve(algorithm === 'ES256' ? rawEcdsaSignature(signature) : signature);
      });
    });
