import { expect, it } from 'vitest';
import { tokenEnv } from '../../functions/token/env.ts';
import { ConfigurationError } from '../../src/environment.ts';
import { LONGEST_ACCESS_TOKEN_SECONDS, LONGEST_GRACE_SECONDS } from '../../src/storage/retention.ts';

const environment = {
  ISSUER: 'https://issuer.example',
  TABLE_NAME: 'service',
  RING_SECRET_ARN: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:ring',
  SIGNING_KEYS: '{"RS256":"arn:aws:kms:eu-central-1:111122223333:key/1"}',
  AUDIENCES: '{}',
  ACCESS_TOKEN_LIFETIME_SECONDS: String(LONGEST_ACCESS_TOKEN_SECONDS),
  REFRESH_GRACE_SECONDS: String(LONGEST_GRACE_SECONDS),
  RATE_LIMIT_PER_MINUTE: '60',
  AUDIT_MODE: 'standard',
};

it('what is kept for the longest access token and grace window is kept for the longest that can be configured', () => {
  expect(tokenEnv(environment)).toMatchObject({
    accessTokenLifetimeSeconds: LONGEST_ACCESS_TOKEN_SECONDS,
    refreshGraceSeconds: LONGEST_GRACE_SECONDS,
  });
  for (const [name, longest] of [
    ['ACCESS_TOKEN_LIFETIME_SECONDS', LONGEST_ACCESS_TOKEN_SECONDS],
    ['REFRESH_GRACE_SECONDS', LONGEST_GRACE_SECONDS],
  ] as const)
    expect(() => tokenEnv({ ...environment, [name]: String(longest + 1) })).toThrow(ConfigurationError);
});
