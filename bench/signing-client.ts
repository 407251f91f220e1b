// A client that signs assertions instead of sending a secret (private_key_jwt).
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { CLIENT_ASSERTION_TYPE } from '../src/client-authentication/client-assertion.ts';
import { publicMembers } from '../src/tokens/jwk.ts';
import { jwsSigningInput } from '../src/tokens/jws.ts';
import { demoClient } from './demo-client.ts';

const CLIENT_ID = 'ledger';
const { publicKey, privateKey } = generateKeyPairSync('ed25519');

export const signingClient = () =>
  demoClient({
    client_id: CLIENT_ID,
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [{ ...publicMembers(publicKey.export({ format: 'jwk' })), kid: 'k' }] },
    secrets: [],
  });

/** The body of a token request, with an assertion that serves once. */
export function assertionBody(issuer: string): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: CLIENT_ID, sub: CLIENT_ID, aud: issuer, jti: randomUUID(), exp: now + 60 };
  const input = jwsSigningInput({ alg: 'EdDSA', kid: 'k' }, claims);
  const assertion = `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`;
  const form = { grant_type: 'client_credentials', client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion: assertion };
  return new URLSearchParams(form).toString();
}
