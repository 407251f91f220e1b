/**
 * The least that a token endpoint can do on node:http: parse the form, compare a digest of the secret in constant time, sign a
 * JWT of the size of ours on the thread pool, answer. No limits, no scopes, no log, no trace, no refusals worth the name.
 */
import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { SignJWT } from 'jose';
import { CLIENT_ID, CLIENT_SECRET, ISSUER } from '../demo-client.ts';
import { bodyOf } from './body.ts';
import { newKeyPair, signerOf, type BenchAlgorithm } from './signing-key.ts';

const PEPPER = createSecretKey(randomBytes(32));
const digestOf = (secret: string): Buffer => createHmac('sha256', PEPPER).update(secret).digest();
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

type Claims = Readonly<Record<string, unknown>>;
type SignToken = (claims: Claims) => Promise<string>;
const KID = 'WQ7-Sb1sAzNTzC3tHUNJqTEcgz6GzEbJ4DcQZCvZ9xM';

/** Signed as ours are: `node:crypto`, by the same line of code. */
export function floorWithNodeCrypto(algorithm: BenchAlgorithm): RequestListener {
  const sign = signerOf(algorithm, newKeyPair(algorithm).privateKey);
  const header = encode({ alg: algorithm, typ: 'at+jwt', kid: KID });
  return floor(async (claims) => {
    const input = `${header}.${encode(claims)}`;
    return `${input}.${Buffer.from(await sign(Buffer.from(input))).toString('base64url')}`;
  });
}

/** Signed as most would: npm `jose`, its key imported once as the CryptoKey that it wants. */
export function floorWithJose(algorithm: BenchAlgorithm): RequestListener {
  const name = algorithm === 'RS256' ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } : { name: 'ECDSA', namedCurve: 'P-256' };
  const key = newKeyPair(algorithm).privateKey.toCryptoKey(name, false, ['sign']);
  return floor((claims) => new SignJWT(claims).setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid: KID }).sign(key));
}

function floor(signToken: SignToken): RequestListener {
  const stored = digestOf(CLIENT_SECRET);

  const tokenFor = (scope: string): Promise<string> => {
    const iat = Math.floor(Date.now() / 1000);
    const jti = randomBytes(18).toString('base64url');
    const shared = { iss: ISSUER, sub: CLIENT_ID, client_id: CLIENT_ID, aud: ISSUER, iat, exp: iat + 900, jti, scope };
    return signToken({ ...shared, roles: ['user'], epoch: 1, amr: ['client_secret'] });
  };

  return (request, response) => {
    bodyOf(request, (body) => {
      const form = new URLSearchParams(body.toString());
      const [clientId, secret = ''] = Buffer.from((request.headers.authorization ?? '').slice('Basic '.length), 'base64')
        .toString()
        .split(':');
      const isKnown =
        timingSafeEqual(digestOf(secret), stored) && clientId === CLIENT_ID && form.get('grant_type') === 'client_credentials';
      if (!isKnown) {
        response.writeHead(401).end();
        return;
      }
      const scope = form.get('scope') ?? '';
      void tokenFor(scope).then((accessToken) => {
        response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
        response.end(JSON.stringify({ access_token: accessToken, token_type: 'Bearer', expires_in: 900, scope }));
      });
    });
  };
}
