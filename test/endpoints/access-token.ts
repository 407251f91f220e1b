// Access tokens as a resource server would look at them: by jose, with the keys that the service publishes.
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { ISSUER, type Service } from './service-under-test.ts';

export const claimsOf = (token: string): Record<string, any> => decodeJwt(token);
export const headerOf = (token: string): Record<string, any> => decodeProtectedHeader(token);

/** The verified claims; throws for anything that a careful verifier refuses (RFC 9068 section 4). */
export async function verified(service: Service, token: string, audience: string = ISSUER): Promise<Record<string, any>> {
  const jwks = await service.send({ to: 'GET /.well-known/jwks.json' });
  const currentDate = new Date(service.now() * 1000);
  const { payload } = await jwtVerify(token, createLocalJWKSet(jwks.body), { issuer: ISSUER, audience, typ: 'at+jwt', currentDate });
  return payload;
}
