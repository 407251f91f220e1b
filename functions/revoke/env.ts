// The environment of the functions that authenticate callers and read or end tokens; lib/ supplies exactly these names.
import { lockoutFrom, type LockoutSettings } from '../../src/abuse/lockout-settings.ts';
import { rateLimitFrom, type RateLimit } from '../../src/abuse/rate-limit.ts';
import { issuerUrl, required, type Environment } from '../../src/environment.ts';

export const REVOKE_ENV = ['ISSUER', 'TABLE_NAME', 'RING_SECRET_ARN', 'RATE_LIMIT_PER_MINUTE', 'LOCKOUT'] as const;

export type RevokeEnv = {
  readonly issuer: string;
  readonly tableName: string;
  readonly ringSecretArn: string;
  readonly rateLimit: RateLimit;
  readonly lockout: LockoutSettings | undefined;
};

export function revokeEnv(environment: Environment): RevokeEnv {
  return {
    issuer: issuerUrl(environment, 'ISSUER'),
    tableName: required(environment, 'TABLE_NAME'),
    ringSecretArn: required(environment, 'RING_SECRET_ARN'),
    rateLimit: rateLimitFrom(environment),
    lockout: lockoutFrom(environment),
  };
}
