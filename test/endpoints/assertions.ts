// Signed assertions as a client makes them.
import { randomUUID } from 'node:crypto';
import { CLIENT_ASSERTION_TYPE } from '../../src/client-authentication/client-assertion.ts';
import { signedJws, type TestKey } from '../tokens/test-issuer.ts';

export type AssertionChanges = { readonly claims?: object; readonly header?: object };

export function signedAssertion(
  key: TestKey,
  { clientId, issuer, now }: { readonly clientId: string; readonly issuer: string; readonly now: number },
  { claims = {}, header = {} }: AssertionChanges = {},
): string {
  const payload = { iss: clientId, sub: clientId, aud: issuer, iat: now, exp: now + 60, jti: randomUUID(), ...claims };
  return signedJws(key, { alg: key.alg, kid: key.kid, ...header }, payload);
}

export const assertionForm = (assertion: string): Readonly<Record<string, string>> => ({
  client_assertion_type: CLIENT_ASSERTION_TYPE,
  client_assertion: assertion,
});
