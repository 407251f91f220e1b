/**
 * A JWS signature with a private key in memory (RFC 7518 section 3, RFC 8037 section 3.1), in JOSE form. On the spot where requests come
 * one at a time, as in a Lambda environment; on the thread pool where others wait meanwhile (decision 0032).
 */
import { constants, sign, type KeyObject } from 'node:crypto';
import type { Algorithm } from '../tokens/algorithms.ts';
import { rawEcdsaSignature } from './ecdsa-der.ts';

export type HeldKeySignature = (algorithm: Algorithm, key: KeyObject, input: Uint8Array) => Promise<Uint8Array>;

const PSS_SALT_BYTES = 32;

type Signing = { readonly digest: 'sha256' | null; readonly key: (key: KeyObject) => Parameters<typeof sign>[2] };
const SIGNING: Readonly<Record<Algorithm, Signing>> = {
  // An RSA KeyObject alone means PKCS #1 v1.5.
  RS256: { digest: 'sha256', key: (key) => key },
  PS256: { digest: 'sha256', key: (key) => ({ key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: PSS_SALT_BYTES }) },
  // By way of DER, which is twice as fast as asking OpenSSL for the raw form.
  ES256: { digest: 'sha256', key: (key) => key },
  EdDSA: { digest: null, key: (key) => key },
};

export const signOnTheSpot: HeldKeySignature = (algorithm, key, input) =>
  new Promise((resolve) => {
    const signing = SIGNING[algorithm];
    resolve(joseForm(algorithm, sign(signing.digest, input, signing.key(key))));
  });

export const signOnThreadPool: HeldKeySignature = (algorithm, key, input) => {
  const signing = SIGNING[algorithm];
  return new Promise((resolve, reject) => {
    sign(signing.digest, input, signing.key(key), (error, signature) => {
      if (error !== null) reject(error);
      else resolve(joseForm(algorithm, signature));
    });
  });
};

const joseForm = (algorithm: Algorithm, signature: Uint8Array): Uint8Array =>
  algorithm === 'ES256' ? rawEcdsaSignature(signature) : signature;
