// The environment of the functions that issue tokens (token, refresh); lib/ supplies exactly these names.
import { ALGORITHMS, isAlgorithm, type Algorithm } from '../../src/tokens/algorithms.ts';
import { ConfigurationError, integer, issuerUrl, json, oneOf, required, type Environment } from '../../src/environment.ts';
import { MAXIMUM } from '../../src/clients/maximum-lengths.ts';
import type { AudienceSettings } from '../../src/tokens/audience.ts';
import { isResourceUri } from '../../src/tokens/resource.ts';
import { lockoutFrom, type LockoutSettings } from '../../src/abuse/lockout-settings.ts';
import { rateLimitFrom, type RateLimit } from '../../src/abuse/rate-limit.ts';

export const TOKEN_ENV = [
  /** The issuer URL, without a trailing slash. */
  'ISSUER',
  'TABLE_NAME',
  /** ARN of the Secrets Manager value that holds the ring of MAC keys and peppers. */
  'RING_SECRET_ARN',
  /** `kms`: KMS signs every token. `delegated`: KMS unwraps short-lived keys, which sign in memory (docs/signing-modes.md). */
  'SIGNING',
  /** JSON: algorithm -> ARN of the KMS key of the template that signs it, or that wraps its keys. The first one signs by default. */
  'SIGNING_KEYS',
  /** JSON: audience URL -> {algorithm?, access_token_lifetime?}. `{}` for none. */
  'AUDIENCES',
  'ACCESS_TOKEN_LIFETIME_SECONDS',
  'REFRESH_GRACE_SECONDS',
  /** 0 = no limit unless a client has its own. */
  'RATE_LIMIT_PER_MINUTE',
  /** `off`, or JSON: when failed authentications are slowed down (src/abuse/lockout-settings.ts). */
  'LOCKOUT',
  /** `standard`, or `strict`: every issued token has a durable record before it leaves. */
  'AUDIT_MODE',
  /** `off`, or `required`: DPoP proofs need a nonce of this server's (RFC 9449 section 8). */
  'DPOP_NONCE',
] as const;
/** May be absent: RATE_LIMIT_BURST is then a third of RATE_LIMIT_PER_MINUTE. */
export const TOKEN_ENV_OPTIONAL = ['RATE_LIMIT_BURST'] as const;
/** May be absent: as SIGNING_KEYS, of the mode that a deployment comes from, while its keys still sign. */
export const SIGNING_ENV_OPTIONAL = ['FORMER_SIGNING_KEYS'] as const;
export const SIGNING_MODES = ['kms', 'delegated'] as const;
export type SigningMode = (typeof SIGNING_MODES)[number];
/** The mode, and the keys of each mode that this deployment may sign with. */
export type SigningEnv = {
  readonly signing: SigningMode;
  readonly signingKeys: ReadonlyMap<Algorithm, string>;
  readonly formerSigningKeys: ReadonlyMap<Algorithm, string> | undefined;
};

export type { AudienceSettings };
export type TokenEnv = SigningEnv & {
  readonly issuer: string;
  readonly tableName: string;
  readonly ringSecretArn: string;
  readonly defaultAlgorithm: Algorithm;
  readonly audiences: ReadonlyMap<string, AudienceSettings>;
  readonly accessTokenLifetimeSeconds: number;
  readonly refreshGraceSeconds: number;
  readonly rateLimit: RateLimit;
  readonly lockout: LockoutSettings | undefined;
  readonly auditMode: 'standard' | 'strict';
  readonly dpopNonce: 'off' | 'required';
};

const ACCESS_TOKEN_LIFETIME_MAX_SECONDS = MAXIMUM.accessTokenLifetimeSeconds;

export function tokenEnv(environment: Environment): TokenEnv {
  const signing = signingFrom(environment);
  const { signingKeys } = signing;
  return {
    ...signing,
    issuer: issuerUrl(environment, 'ISSUER'),
    tableName: required(environment, 'TABLE_NAME'),
    ringSecretArn: required(environment, 'RING_SECRET_ARN'),
    defaultAlgorithm: firstOf(signingKeys),
    audiences: audiencesFrom(environment, signingKeys),
    accessTokenLifetimeSeconds: integer(environment, 'ACCESS_TOKEN_LIFETIME_SECONDS', { min: 1, max: ACCESS_TOKEN_LIFETIME_MAX_SECONDS }),
    refreshGraceSeconds: integer(environment, 'REFRESH_GRACE_SECONDS', { min: 0, max: 300 }),
    rateLimit: rateLimitFrom(environment),
    lockout: lockoutFrom(environment),
    auditMode: oneOf(environment, 'AUDIT_MODE', ['standard', 'strict']),
    dpopNonce: oneOf(environment, 'DPOP_NONCE', ['off', 'required']),
  };
}

export const signingFrom = (environment: Environment): SigningEnv => ({
  signing: oneOf(environment, 'SIGNING', SIGNING_MODES),
  signingKeys: keysFrom(environment, 'SIGNING_KEYS'),
  formerSigningKeys: environment['FORMER_SIGNING_KEYS'] === undefined ? undefined : keysFrom(environment, 'FORMER_SIGNING_KEYS'),
});

function keysFrom(environment: Environment, name: string): ReadonlyMap<Algorithm, string> {
  const keys = new Map<Algorithm, string>();
  for (const [algorithm, arn] of Object.entries(objectFrom(environment, name))) {
    if (!isAlgorithm(algorithm)) throw new ConfigurationError(name, `must map some of ${ALGORITHMS.join(', ')} to key ARNs`);
    if (typeof arn !== 'string' || arn === '') throw new ConfigurationError(name, `must map ${algorithm} to a key ARN`);
    keys.set(algorithm, arn);
  }
  firstOf(keys, name);
  return keys;
}

function firstOf(keys: ReadonlyMap<Algorithm, string>, name = 'SIGNING_KEYS'): Algorithm {
  const [first] = keys.keys();
  if (first === undefined) throw new ConfigurationError(name, 'must name at least one key');
  return first;
}

function audiencesFrom(environment: Environment, signingKeys: ReadonlyMap<Algorithm, string>): ReadonlyMap<string, AudienceSettings> {
  const audiences = new Map<string, AudienceSettings>();
  for (const [audience, settings] of Object.entries(objectFrom(environment, 'AUDIENCES'))) {
    if (!isResourceUri(audience) || !isObject(settings)) throw new ConfigurationError('AUDIENCES', 'must map absolute URIs to objects');
    audiences.set(audience, { ...algorithmFrom(settings, signingKeys), ...lifetimeFrom(settings) });
  }
  return audiences;
}

type Settings = Readonly<Record<string, unknown>>;

function algorithmFrom({ algorithm }: Settings, signingKeys: ReadonlyMap<Algorithm, string>): Pick<AudienceSettings, 'algorithm'> {
  if (algorithm === undefined) return {};
  if (!isAlgorithm(algorithm) || !signingKeys.has(algorithm))
    throw new ConfigurationError('AUDIENCES', 'names an algorithm without a key in SIGNING_KEYS');
  return { algorithm };
}

function lifetimeFrom({ access_token_lifetime: lifetime }: Settings): Pick<AudienceSettings, 'access_token_lifetime'> {
  if (lifetime === undefined) return {};
  if (!Number.isInteger(lifetime) || Number(lifetime) < 1 || Number(lifetime) > ACCESS_TOKEN_LIFETIME_MAX_SECONDS)
    throw new ConfigurationError('AUDIENCES', `has an access_token_lifetime outside 1 to ${ACCESS_TOKEN_LIFETIME_MAX_SECONDS}`);
  return { access_token_lifetime: Number(lifetime) };
}

function objectFrom(environment: Environment, name: string): object {
  const value = json(environment, name);
  if (!isObject(value)) throw new ConfigurationError(name, 'must be a JSON object');
  return value;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
