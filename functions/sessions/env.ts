// The environment of the sessions function: no ring, because whoever calls it comes with an access token.
import { rateLimitFrom, type RateLimit } from '../../src/abuse/rate-limit.ts';
import { issuerUrl, required, type Environment } from '../../src/environment.ts';
import { administratorsFrom } from '../clients/env.ts';

export const SESSIONS_ENV = ['ISSUER', 'TABLE_NAME', 'RATE_LIMIT_PER_MINUTE'] as const;

export type SessionsEnv = {
  readonly issuer: string;
  readonly tableName: string;
  readonly rateLimit: RateLimit;
  readonly administrators: readonly string[] | undefined;
};

export function sessionsEnv(environment: Environment): SessionsEnv {
  return {
    issuer: issuerUrl(environment, 'ISSUER'),
    tableName: required(environment, 'TABLE_NAME'),
    rateLimit: rateLimitFrom(environment),
    administrators: administratorsFrom(environment),
  };
}
