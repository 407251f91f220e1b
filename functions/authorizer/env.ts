// The environment of the Lambda authorizer, feed and table variant; lib/ supplies exactly these names.
import { ConfigurationError, issuerUrl, json, oneOf, required, type Environment } from '../../src/environment.ts';
import { parseRouteRules, type ParsedRouteRule } from '../../src/authorizer/route-rule.ts';

const AUTHORIZER_ENV = [
  /** The only thing that an authorizer must know of the service. */
  'ISSUER',
  /** The `aud` that tokens must carry. */
  'AUDIENCE',
  /** JSON: the route rules, in order. */
  'RULES',
  /** `policy` (REST, HTTP, WebSocket) or `simple` (HTTP API simple responses; needs gateway caching off). */
  'RESPONSE_FORMAT',
] as const;
/** The table variant also needs the table; the feed variant must not have it. */
export const AUTHORIZER_TABLE_ENV = [...AUTHORIZER_ENV, 'TABLE_NAME'] as const;
/** The feed variant: `feed`, or `off` for verification without revocation. */
export const AUTHORIZER_FEED_ENV = [...AUTHORIZER_ENV, 'REVOCATION', 'WHEN_STALE'] as const;

/** May be absent: callers then know the API by the URL that API Gateway knows. Only DPoP proofs are held against it. */
export const AUTHORIZER_ENV_OPTIONAL = ['PUBLIC_URL'] as const;

export type AuthorizerEnv = {
  readonly issuer: string;
  readonly audience: string;
  readonly rules: readonly ParsedRouteRule[];
  readonly responseFormat: 'policy' | 'simple';
  readonly publicUrl: string | undefined;
};
export type FeedAuthorizerEnv = AuthorizerEnv & { readonly revocation: 'feed' | 'off'; readonly whenStale: 'deny' | 'allow' };

function authorizerEnv(environment: Environment): AuthorizerEnv {
  const rules = parseRouteRules(json(environment, 'RULES'));
  if (!rules.ok) throw new ConfigurationError('RULES', rules.failure);
  return {
    issuer: issuerUrl(environment, 'ISSUER'),
    audience: required(environment, 'AUDIENCE'),
    rules: rules.value,
    responseFormat: oneOf(environment, 'RESPONSE_FORMAT', ['policy', 'simple']),
    publicUrl: environment['PUBLIC_URL'] === undefined ? undefined : issuerUrl(environment, 'PUBLIC_URL'),
  };
}

export const authorizerTableEnv = (environment: Environment): AuthorizerEnv & { readonly tableName: string } => ({
  ...authorizerEnv(environment),
  tableName: required(environment, 'TABLE_NAME'),
});

export const authorizerFeedEnv = (environment: Environment): FeedAuthorizerEnv => ({
  ...authorizerEnv(environment),
  revocation: oneOf(environment, 'REVOCATION', ['feed', 'off']),
  whenStale: oneOf(environment, 'WHEN_STALE', ['deny', 'allow']),
});
