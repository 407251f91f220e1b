// The environment of the public documents: metadata, JWKS, revocation feed, health, and the answer to unknown routes.
import { issuerUrl, required, type Environment } from '../../src/environment.ts';
import { signingFrom, type SigningEnv } from '../token/env.ts';

export const JWKS_ENV = [
  'ISSUER',
  'TABLE_NAME',
  'SIGNING',
  'SIGNING_KEYS',
  /** `off`, or where callers with client certificates find the service (docs/mtls.md). */
  'MTLS_URL',
] as const;

export type JwksEnv = SigningEnv & { readonly issuer: string; readonly tableName: string; readonly mtlsUrl: string | undefined };

export function jwksEnv(environment: Environment): JwksEnv {
  return {
    issuer: issuerUrl(environment, 'ISSUER'),
    tableName: required(environment, 'TABLE_NAME'),
    ...signingFrom(environment),
    mtlsUrl: environment['MTLS_URL'] === 'off' ? undefined : issuerUrl(environment, 'MTLS_URL'),
  };
}
