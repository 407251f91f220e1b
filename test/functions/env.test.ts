import { describe, expect, it } from 'vitest';
import { AUTHORIZER_FEED_ENV, AUTHORIZER_TABLE_ENV, authorizerFeedEnv, authorizerTableEnv } from '../../functions/authorizer/env.ts';
import { CLIENTS_ENV, clientsEnv } from '../../functions/clients/env.ts';
import { INTROSPECT_ENV, introspectEnv } from '../../functions/introspect/env.ts';
import { JWKS_ENV, jwksEnv } from '../../functions/jwks/env.ts';
import { REFRESH_ENV, refreshEnv } from '../../functions/refresh/env.ts';
import { REVOKE_ENV, revokeEnv } from '../../functions/revoke/env.ts';
import { ROTATE_KEYS_ENV, rotateKeysEnv } from '../../functions/rotate-keys/env.ts';
import { SESSIONS_ENV, sessionsEnv } from '../../functions/sessions/env.ts';
import { UPKEEP_ENV, upkeepEnv } from '../../functions/upkeep/env.ts';
import { TOKEN_ENV, TOKEN_ENV_OPTIONAL, tokenEnv } from '../../functions/token/env.ts';
import { ConfigurationError, type Environment } from '../../src/environment.ts';

const GOOD: Record<string, string> = {
  ISSUER: 'https://issuer.example',
  TABLE_NAME: 'service',
  RING_SECRET_ARN: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:ring',
  SIGNING: 'kms',
  SIGNING_KEYS: '{"ES256":"arn:es","RS256":"arn:rs"}',
  MTLS_URL: 'off',
  AUDIENCES: '{"https://api.example":{"algorithm":"RS256","access_token_lifetime":3600},"urn:plain":{}}',
  ACCESS_TOKEN_LIFETIME_SECONDS: '900',
  REFRESH_GRACE_SECONDS: '30',
  RATE_LIMIT_PER_MINUTE: '60',
  LOCKOUT: 'off',
  AUDIT_MODE: 'standard',
  DPOP_NONCE: 'off',
  KEY_ROTATION_SECONDS: '7776000',
  KEY_TAG: 'm2m-auth-state/1234',
  AUDIENCE: 'https://api.example',
  RULES: '[{"method":"GET","path":"/protected","scopes":["read"]}]',
  RESPONSE_FORMAT: 'policy',
  REVOCATION: 'feed',
  WHEN_STALE: 'deny',
};

const FUNCTIONS: readonly (readonly [string, readonly string[], (environment: Environment) => unknown])[] = [
  ['token', TOKEN_ENV, tokenEnv],
  ['refresh', REFRESH_ENV, refreshEnv],
  ['revoke', REVOKE_ENV, revokeEnv],
  ['introspect', INTROSPECT_ENV, introspectEnv],
  ['clients', CLIENTS_ENV, clientsEnv],
  ['sessions', SESSIONS_ENV, sessionsEnv],
  ['jwks', JWKS_ENV, jwksEnv],
  ['upkeep', UPKEEP_ENV, upkeepEnv],
  ['rotate-keys', ROTATE_KEYS_ENV, rotateKeysEnv],
  ['authorizer, feed', AUTHORIZER_FEED_ENV, authorizerFeedEnv],
  ['authorizer, table', AUTHORIZER_TABLE_ENV, authorizerTableEnv],
];

const PLANTED = 'pl4nted';
const MALFORMED: Readonly<Record<string, readonly string[]>> = {
  ISSUER: [PLANTED, `http://${PLANTED}.example`, `https://${PLANTED}.example/`],
  SIGNING_KEYS: [PLANTED, '[]', 'null', '7', '{}', `{"${PLANTED}":"arn"}`, '{"RS256":""}', '{"RS256":7}', '{"__proto__":"arn"}'],
  SIGNING: [PLANTED, 'KMS'],
  MTLS_URL: ['', PLANTED, 'on', 'https://mtls.example/', 'https://mtls.example?x'],
  FORMER_SIGNING_KEYS: ['', PLANTED, '{}', '{"RS256":7}'],
  AUDIENCES: [
    PLANTED, '[]', 'null',
    `{"urn:a":"${PLANTED}"}`, '{"urn:a":null}', '{"urn:a":[]}',
    `{"${PLANTED}":{}}`, '{"https://a.example/#x":{}}',
    `{"urn:a":{"algorithm":"${PLANTED}"}}`, '{"urn:a":{"algorithm":"PS256"}}',
    '{"urn:a":{"access_token_lifetime":0}}', '{"urn:a":{"access_token_lifetime":3601}}', '{"urn:a":{"access_token_lifetime":1.5}}', '{"urn:a":{"access_token_lifetime":"60"}}',
  ], // prettier-ignore
  ACCESS_TOKEN_LIFETIME_SECONDS: ['0', '3601', '-1', '1.5', PLANTED],
  REFRESH_GRACE_SECONDS: ['301', '-1', PLANTED],
  RATE_LIMIT_PER_MINUTE: ['1000001', '-1', PLANTED],
  LOCKOUT: [PLANTED, '{}', `{"${PLANTED}":1}`],
  RATE_LIMIT_BURST: ['', '1000001', PLANTED],
  AUDIT_MODE: [PLANTED, 'STRICT'],
  DPOP_NONCE: [PLANTED, 'on', 'REQUIRED'],
  KEY_ROTATION_SECONDS: ['86399', '63072001', '-1', PLANTED],
  RULES: [PLANTED, '7', '{}', `[{"method":"${PLANTED}"}]`],
  RESPONSE_FORMAT: [PLANTED],
  REVOCATION: [PLANTED],
  WHEN_STALE: [PLANTED],
};

const refusal = (read: () => unknown): unknown => {
  try {
    read();
  } catch (error) {
    return error;
  }
  return 'accepted';
};

describe.each(FUNCTIONS)('the environment of %s', (_, names, read) => {
  it('is accepted when every variable is right', () => {
    const only = Object.fromEntries(names.map((name) => [name, GOOD[name]]));
    expect(refusal(() => read(only))).toBe('accepted');
  });

  it.each(names.filter((name) => name !== 'RATE_LIMIT_BURST'))('refuses to start without %s, or with it empty, and names it', (name) => {
    for (const value of [undefined, '']) {
      const error = refusal(() => read({ ...GOOD, [name]: value }));
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error).toMatchObject({ variable: name, message: `${name} is not set` });
    }
  });

  const optional = [
    ...(names.includes('RATE_LIMIT_PER_MINUTE') ? ['RATE_LIMIT_BURST'] : []),
    ...(names.includes('SIGNING') ? ['FORMER_SIGNING_KEYS'] : []),
  ];
  const malformed = [...names, ...optional].flatMap((name) => (MALFORMED[name] ?? []).map((value) => [name, value] as const));
  it.each(malformed)('refuses to start with %s=%s, names it and does not show the value', (name, value) => {
    const error = refusal(() => read({ ...GOOD, [name]: value }));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ variable: name });
    expect((error as Error).message).not.toContain(PLANTED);
  });
});

describe('administrators', () => {
  const ROLE = 'arn:aws:iam::111122223333:role/ops/auth';
  const USER = 'arn:aws:iam::111122223333:user/alice';
  it('may be left out, and are then everyone whom IAM lets in', () => {
    expect(clientsEnv(GOOD).administrators).toBeUndefined();
    expect(clientsEnv({ ...GOOD, ADMINISTRATORS: JSON.stringify([ROLE, USER]) }).administrators).toEqual([ROLE, USER]);
  });
  const notArns = [
    '',
    PLANTED,
    '[]',
    '{}',
    `"${ROLE}"`,
    `["${PLANTED}"]`,
    `["${ROLE}",7]`,
    '["arn:aws:iam::111122223333:role/*"]',
    '["*"]',
  ];
  it.each(notArns)('are never opened by what is no list of roles and users: %s', (value) => {
    const error = refusal(() => clientsEnv({ ...GOOD, ADMINISTRATORS: value }));
    expect(error).toMatchObject({ name: 'ConfigurationError', variable: 'ADMINISTRATORS' });
    expect((error as Error).message).not.toContain(PLANTED);
  });
});

describe('what the environment says', () => {
  it('of the functions that issue', () => {
    expect(tokenEnv(GOOD)).toEqual({
      issuer: 'https://issuer.example',
      tableName: 'service',
      ringSecretArn: GOOD['RING_SECRET_ARN'],
      signing: 'kms',
      formerSigningKeys: undefined,
      signingKeys: new Map([
        ['ES256', 'arn:es'],
        ['RS256', 'arn:rs'],
      ]),
      defaultAlgorithm: 'ES256',
      audiences: new Map([
        ['https://api.example', { algorithm: 'RS256', access_token_lifetime: 3600 }],
        ['urn:plain', {}],
      ]),
      accessTokenLifetimeSeconds: 900,
      refreshGraceSeconds: 30,
      rateLimit: { perMinute: 60, burst: 20 },
      lockout: undefined,
      auditMode: 'standard',
      dpopNonce: 'off',
    });
    expect(tokenEnv({ ...GOOD, AUDIT_MODE: 'strict', REFRESH_GRACE_SECONDS: '0' })).toMatchObject({
      auditMode: 'strict',
      refreshGraceSeconds: 0,
    });
    expect(tokenEnv({ ...GOOD, REFRESH_GRACE_SECONDS: '300', AUDIENCES: '{}' })).toMatchObject({
      refreshGraceSeconds: 300,
      audiences: new Map(),
    });
  });

  it('of the functions that inspect', () => {
    expect(revokeEnv({ ...GOOD, RATE_LIMIT_BURST: '5' })).toEqual({
      issuer: 'https://issuer.example',
      tableName: 'service',
      ringSecretArn: GOOD['RING_SECRET_ARN'],
      rateLimit: { perMinute: 60, burst: 5 },
      lockout: undefined,
    });
    expect(TOKEN_ENV_OPTIONAL).toEqual(['RATE_LIMIT_BURST']);
  });

  it('of the public documents', () => {
    const { issuer, tableName, signingKeys } = tokenEnv(GOOD);
    expect(jwksEnv(GOOD)).toEqual({ issuer, tableName, signingKeys, signing: 'kms', formerSigningKeys: undefined, mtlsUrl: undefined });
    expect(jwksEnv({ ...GOOD, MTLS_URL: 'https://mtls.example' }).mtlsUrl).toBe('https://mtls.example');
  });

  it('of a change from one way of signing to the other', () => {
    const { signing, formerSigningKeys } = tokenEnv({ ...GOOD, SIGNING: 'delegated', FORMER_SIGNING_KEYS: '{"RS256":"arn:old"}' });
    expect([signing, formerSigningKeys]).toEqual(['delegated', new Map([['RS256', 'arn:old']])]);
  });
});
