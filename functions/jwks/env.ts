// The environment of the public documents: metadata, JWKS, revocation feed, health, and the answer to unknown routes.
import { issuerUrl, required, type Environment } from '../../src/environment.ts';
import type { Algorithm } from '../../src/tokens/algorithms.ts';
import { signingKeysFrom } from '../token/env.ts';

export const JWKS_ENV = ['ISSUER', 'TABLE_NAME', 'SIGNING_KEYS'] as const;

export type JwksEnv = { readonly issuer: string; readonly tableName: string; readonly signingKeys: ReadonlyMap<Algorithm, string> };

export function jwksEnv(environment: Environment): JwksEnv {
  return {
    issuer: issuerUrl(environment, 'ISSUER'),
    tableName: required(environment, 'TABLE_NAME'),
    signingKeys: signingKeysFrom(environment),
  };
}
