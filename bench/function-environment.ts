// An environment in which every function starts: the names are those of functions/*/env.ts.
import { ISSUER } from './demo-client.ts';

export const SIGNING_KEY_ARN = 'arn:aws:kms:eu-central-1:111122223333:key/1b2c3d4e-0000-4000-8000-000000000001';
export const WRAPPING_KEY_ARN = 'arn:aws:kms:eu-central-1:111122223333:key/mrk-1b2c3d4e000040008000000000000002';
export const TABLE_NAME = 'auth';

export const functionEnvironment = (issuer: string = ISSUER, signing: 'kms' | 'delegated' = 'kms'): Readonly<Record<string, string>> => ({
  ISSUER: issuer,
  TABLE_NAME,
  RING_SECRET_ARN: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:ring-AbCdEf',
  SIGNING: signing,
  SIGNING_KEYS: JSON.stringify({ RS256: signing === 'kms' ? SIGNING_KEY_ARN : WRAPPING_KEY_ARN }),
  AUDIENCES: '{}',
  ACCESS_TOKEN_LIFETIME_SECONDS: '900',
  REFRESH_GRACE_SECONDS: '30',
  RATE_LIMIT_PER_MINUTE: '1000000',
  LOCKOUT: JSON.stringify({ failures: 5, window: 900, first_delay: 30, max_delay: 1800, at_once: 400 }),
  AUDIT_MODE: 'standard',
  DPOP_NONCE: 'off',
  MTLS_URL: 'off',
  AUDIENCE: issuer,
  RULES: JSON.stringify([{ method: 'GET', path: '/protected', scopes: ['read'] }]),
  RESPONSE_FORMAT: 'policy',
  REVOCATION: 'feed',
  WHEN_STALE: 'deny',
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'unused',
});
