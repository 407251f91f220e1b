// A DPoP proof for a token request, by a key that lives as long as the run (RFC 9449).
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { encodeBase64Url } from '../src/tokens/base64url.ts';
import { jwsSigningInput } from '../src/tokens/jws.ts';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const HEADER = { typ: 'dpop+jwt', alg: 'ES256', jwk: publicKey.export({ format: 'jwk' }) };

export function dpopProof(url: string): string {
  const input = jwsSigningInput(HEADER, { jti: randomUUID(), htm: 'POST', htu: url, iat: Math.floor(Date.now() / 1000) });
  return `${input}.${encodeBase64Url(sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }))}`;
}
