// An environment in which every function starts: the names are those of functions/*/env.ts.
import { ISSUER } from './demo-client.ts';

export const SIGNING_KEY_ARN = 'arn:aws:kms:eu-central-1:111122223333:key/1b2c3d4e-0000-4000-8000-000000000001';
export const TABLE_NAME = 'auth';

export const functionEnvironment = (issuer: string = ISSUER): Readonly<Record<string, string>> => ({
  ISSUER: issuer,
  TABLE_NAME,
  RING_SECRET_ARN: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:ring-AbCdEf',
  SIGNING_KEYS: JSON.stringify({ RS256: SIGNING_KEY_ARN }),
  AUDIENCES: '{}',
  ACCESS_TOKEN_LIFETIME_SECONDS: '900',
  REFRESH_GRACE_SECONDS: '30',
  RATE_LIMIT_PER_MINUTE: '1000000',
  AUDIT_MODE: 'standard',
  AUDIENCE: issuer,
  RULES: JSON.stringify([{ method: 'GET', path: '/protected', scopes: ['read'] }]),
  RESPONSE_FORMAT: 'policy',
  REVOCATION: 'feed',
  WHEN_STALE: 'deny',
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'unused',
});
