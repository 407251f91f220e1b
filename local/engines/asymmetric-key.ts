// What KMS does with an asymmetric key: which algorithms it knows, and signatures over messages and over digests.
import { createECDH, createHash, privateEncrypt, randomBytes, sign, constants, type KeyObject } from 'node:crypto';

export type MessageType = 'RAW' | 'DIGEST';
type Scheme = {
  readonly messageTypes: readonly MessageType[];
  readonly signMessage: (key: KeyObject, message: Uint8Array) => Promise<Buffer>;
  readonly signDigest?: (key: KeyObject, digest: Uint8Array) => Buffer;
};

const DIGEST_BYTES = 32;
/** DER of `AlgorithmIdentifier sha256` and the octet string's head (RFC 8017 section 9.2). */
const SHA256_DIGEST_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex');

const asynchronously = (algorithm: string | null, key: Parameters<typeof sign>[2], message: Uint8Array): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    sign(algorithm, message, key, (error, signature) => {
      if (error) reject(error);
      else resolve(signature);
    });
  });

const PKCS1: Scheme = {
  messageTypes: ['RAW', 'DIGEST'],
  signMessage: (key, message) => asynchronously('sha256', { key, padding: constants.RSA_PKCS1_PADDING }, message),
  signDigest: (key, digest) => privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.concat([SHA256_DIGEST_INFO, digest])),
};
const PSS: Scheme = {
  messageTypes: ['RAW', 'DIGEST'],
  signMessage: (key, message) =>
    asynchronously('sha256', { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: DIGEST_BYTES }, message),
  signDigest: (key, digest) => {
    const modulusBits = key.asymmetricKeyDetails?.modulusLength ?? 2048;
    return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, pssEncoded(digest, modulusBits));
  },
};
const ECDSA: Scheme = {
  messageTypes: ['RAW', 'DIGEST'],
  signMessage: (key, message) => asynchronously('sha256', { key, dsaEncoding: 'der' }, message),
  signDigest: ecdsaSignDigest,
};
/** RFC 8032 signs the message itself; a digest would be another scheme (Ed25519ph), which JWS does not use. */
const ED25519: Scheme = { messageTypes: ['RAW'], signMessage: (key, message) => asynchronously(null, key, message) };

const RSA_SCHEMES = { RSASSA_PKCS1_V1_5_SHA_256: PKCS1, RSASSA_PSS_SHA_256: PSS };
const SCHEMES: Readonly<Record<string, Readonly<Record<string, Scheme>>>> = {
  RSA_2048: RSA_SCHEMES,
  RSA_3072: RSA_SCHEMES,
  RSA_4096: RSA_SCHEMES,
  ECC_NIST_P256: { ECDSA_SHA_256: ECDSA },
  ECC_NIST_EDWARDS25519: { ED25519_SHA_512: ED25519 },
};

export const isKnownKeySpec = (keySpec: string): boolean => keySpec in SCHEMES;
export const signingAlgorithms = (keySpec: string): readonly string[] => Object.keys(SCHEMES[keySpec] ?? {});
export const schemeOf = (keySpec: string, algorithm: string): Scheme | undefined => SCHEMES[keySpec]?.[algorithm];
export const isDigest = (message: Uint8Array): boolean => message.length === DIGEST_BYTES;

/** EMSA-PSS with SHA-256 and a salt as long as the digest (RFC 8017 section 9.1.1), as wide as the modulus. */
function pssEncoded(digest: Uint8Array, modulusBits: number): Buffer {
  const emBits = modulusBits - 1;
  const emLength = Math.ceil(emBits / 8);
  const salt = randomBytes(DIGEST_BYTES);
  const hash = createHash('sha256').update(Buffer.alloc(8)).update(digest).update(salt).digest();
  const block = Buffer.alloc(emLength - DIGEST_BYTES - 1);
  block[block.length - DIGEST_BYTES - 1] = 1;
  salt.copy(block, block.length - DIGEST_BYTES);
  const mask = mgf1(hash, block.length);
  for (let index = 0; index < block.length; index += 1) block[index] = (block[index] ?? 0) ^ (mask[index] ?? 0);
  block[0] = (block[0] ?? 0) & (0xff >> (8 * emLength - emBits));
  const encoded = Buffer.concat([block, hash, Buffer.from([0xbc])]);
  return Buffer.concat([Buffer.alloc(Math.ceil(modulusBits / 8) - encoded.length), encoded]);
}

function mgf1(seed: Uint8Array, length: number): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 0; counter * DIGEST_BYTES < length; counter += 1) {
    const suffix = Buffer.alloc(4);
    suffix.writeUInt32BE(counter);
    blocks.push(createHash('sha256').update(seed).update(suffix).digest());
  }
  return Buffer.concat(blocks).subarray(0, length);
}

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/**
 * ECDSA over P-256 of a digest that is there already (FIPS 186-5 section 6.4.1); node:crypto only signs messages. A fresh key
 * pair is the nonce and its point. Not constant in time, which a stand-in on one's own machine need not be.
 */
function ecdsaSignDigest(key: KeyObject, digest: Uint8Array): Buffer {
  const d = integer(Buffer.from(String(key.export({ format: 'jwk' }).d), 'base64url'));
  for (;;) {
    const nonce = createECDH('prime256v1');
    const point = nonce.generateKeys();
    const r = integer(point.subarray(1, 33)) % P256_ORDER;
    const s = (inverse(integer(nonce.getPrivateKey())) * (integer(digest) + r * d)) % P256_ORDER;
    if (r !== 0n && s !== 0n) return derSequence([derInteger(r), derInteger(s)]);
  }
}

const integer = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

function inverse(value: bigint): bigint {
  let [a, b, x, y] = [value, P256_ORDER, 1n, 0n];
  while (b !== 0n) [a, b, x, y] = [b, a % b, y, x - (a / b) * y];
  return ((x % P256_ORDER) + P256_ORDER) % P256_ORDER;
}

function derInteger(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  const padded = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
  return Buffer.concat([Buffer.from([0x02, padded.length]), padded]);
}

function derSequence(parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([0x30, content.length]), content]);
}
