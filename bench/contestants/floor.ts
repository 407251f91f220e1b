/**
 * The least that a token endpoint can do on node:http: parse the form, compare a digest of the secret in constant time, sign a
 * JWT of the size of ours on the thread pool, answer. No limits, no scopes, no log, no trace, no refusals worth the name.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { CLIENT_ID, CLIENT_SECRET, ISSUER } from '../demo-client.ts';
import { bodyOf } from './body.ts';
import { newKeyPair, signerOf, type BenchAlgorithm } from './signing-key.ts';

const PEPPER = randomBytes(32);
const digestOf = (secret: string): Buffer => createHmac('sha256', PEPPER).update(secret).digest();
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

export function floor(algorithm: BenchAlgorithm): RequestListener {
  const sign = signerOf(algorithm, newKeyPair(algorithm).privateKey);
  const stored = digestOf(CLIENT_SECRET);
  const header = encode({ alg: algorithm, typ: 'at+jwt', kid: 'WQ7-Sb1sAzNTzC3tHUNJqTEcgz6GzEbJ4DcQZCvZ9xM' });

  const tokenFor = async (scope: string): Promise<string> => {
    const iat = Math.floor(Date.now() / 1000);
    const jti = randomBytes(18).toString('base64url');
    const shared = { iss: ISSUER, sub: CLIENT_ID, client_id: CLIENT_ID, aud: ISSUER, iat, exp: iat + 900, jti, scope };
    const input = `${header}.${encode({ ...shared, roles: ['user'], epoch: 1, amr: ['client_secret'] })}`;
    return `${input}.${Buffer.from(await sign(Buffer.from(input))).toString('base64url')}`;
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
