// The key of DPoP proofs (RFC 9449): a file like any other private key's, made where there is none.
import { createHash, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { encodeBase64Url } from '../../src/tokens/base64url.ts';
import { publicMembers } from '../../src/tokens/jwk.ts';
import { jwsSigningInput } from '../../src/tokens/jws.ts';
import { CommandError } from './command.ts';
import { signatureBy, signingKeyIn, type SigningKey } from './key-file.ts';

/** The private key in the file; a new one (P-256), for its owner alone to read, where there is no file. */
export function dpopKeyAt(path: string): SigningKey {
  if (!existsSync(path)) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    try {
      writeFileSync(path, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600, flag: 'wx' });
    } catch (error) {
      throw new CommandError(`The key file ${path} cannot be written (${error instanceof Error ? error.message : ''}).`, '', 2);
    }
  }
  return signingKeyIn(path, undefined);
}

export type ProvenRequest = {
  readonly method: string;
  readonly url: string;
  /** The token that is sent with it; absent where one is asked for. */
  readonly accessToken?: string;
  readonly nonce?: string;
};

/** A proof for one request (RFC 9449 section 4.2). */
export function dpopProof({ key, alg }: SigningKey, { method, url, accessToken, nonce }: ProvenRequest): string {
  const jwk = publicMembers(createPublicKey(key).export({ format: 'jwk' }));
  const claims = {
    jti: randomUUID(),
    htm: method,
    htu: url.replace(/[?#].*$/, ''),
    iat: Math.floor(Date.now() / 1000),
    ...(accessToken === undefined ? {} : { ath: createHash('sha256').update(accessToken).digest('base64url') }),
    ...(nonce === undefined ? {} : { nonce }),
  };
  const input = jwsSigningInput({ typ: 'dpop+jwt', alg, jwk }, claims);
  return `${input}.${encodeBase64Url(signatureBy(key, alg, Buffer.from(input)))}`;
}
