import { expect, it } from 'vitest';
import { tokenEnv } from '../../functions/token/env.ts';
import { ConfigurationError } from '../../src/environment.ts';
import { LONGEST_ACCESS_TOKEN_SECONDS } from '../../src/storage/retention.ts';

const environment = {
  ISSUER: 'https://issuer.example',
  TABLE_NAME: 'service',
  RING_SECRET_ARN: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:ring',
  SIGNING: 'kms',
  SIGNING_KEYS: '{"RS256":"arn:aws:kms:eu-central-1:111122223333:key/1"}',
  AUDIENCES: '{}',
  ACCESS_TOKEN_LIFETIME_SECONDS: String(LONGEST_ACCESS_TOKEN_SECONDS),
  REFRESH_GRACE_SECONDS: '30',
  RATE_LIMIT_PER_MINUTE: '60',
  LOCKOUT: 'off',
  DPOP_NONCE: 'off',
  AUDIT_MODE: 'standard',
};

it('what is kept for the longest access token is kept for the longest that can be configured', () => {
  const name = 'ACCESS_TOKEN_LIFETIME_SECONDS';
  expect(tokenEnv(environment)).toMatchObject({ accessTokenLifetimeSeconds: LONGEST_ACCESS_TOKEN_SECONDS });
  expect(() => tokenEnv({ ...environment, [name]: String(LONGEST_ACCESS_TOKEN_SECONDS + 1) })).toThrow(ConfigurationError);
});
