// The props with their defaults filled in, after refusing what cannot work.
import { Duration } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Algorithm } from '../src/tokens/algorithms.ts';
import { refuseImpossibleProps } from './impossible-props.ts';
import { lockoutFor } from './lockout.ts';
import type { M2mAuthProps, RateLimitedEndpoint, RateLimitProps } from './m2m-auth-props.ts';

/** The default of each prop that has one; those that depend on other props are below. */
const DEFAULTS = {
  signing: 'kms',
  audiences: {},
  accessTokenLifetime: Duration.minutes(15),
  upkeepEvery: Duration.hours(1),
  refreshGrace: Duration.seconds(30),
  throttling: { rate: 500, burst: 1000 },
  tableThroughput: { maxReads: 4000, maxWrites: 2000 },
  auditMode: 'standard',
  dpopNonce: 'off',
  auditRetention: RetentionDays.ONE_YEAR,
  logRetention: RetentionDays.ONE_MONTH,
} as const satisfies M2mAuthProps;

const DEFAULT_ALGORITHM: Algorithm = 'RS256';
const DEFAULT_RATE_LIMIT: RateLimitProps = { perMinute: 60, burst: 20 };

type Given = Required<Pick<M2mAuthProps, keyof typeof DEFAULTS>>;

/** `issuer` absent: the API's own URL. */
export interface Settings extends Omit<M2mAuthProps, keyof Given | 'algorithm' | 'rateLimits' | 'lockout' | 'keyRotation'>, Given {
  /** At least one, without repetition; the first one signs by default. */
  readonly algorithms: readonly Algorithm[];
  readonly keyRotation: Duration;
  readonly rateLimits: Readonly<Record<RateLimitedEndpoint, RateLimitProps>>;
  /** As the functions read it. */
  readonly lockout: string;
}

/** @throws Error that says which prop was given what, and what is allowed. */
export function settingsFrom({ algorithm = DEFAULT_ALGORITHM, rateLimits: limits, lockout, ...props }: M2mAuthProps): Settings {
  const limit = (endpoint: RateLimitedEndpoint) => limits?.[endpoint] ?? DEFAULT_RATE_LIMIT;
  const given: Omit<M2mAuthProps, 'algorithm' | 'rateLimits' | 'lockout'> & Given = { ...DEFAULTS, ...withoutUndefined(props) };
  const rateLimits = {
    token: limit('token'),
    refresh: limit('refresh'),
    revoke: limit('revoke'),
    introspect: limit('introspect'),
    clients: limit('clients'),
    sessions: limit('sessions'),
  };
  const settings: Settings = {
    ...given,
    ...(given.customDomain && { issuer: given.issuer ?? `https://${given.customDomain.domainName}` }),
    keyRotation: given.keyRotation ?? (given.signing === 'delegated' ? Duration.days(1) : Duration.days(90)),
    algorithms: [...new Set([algorithm, ...Object.values(given.audiences).flatMap((audience) => audience.algorithm ?? [])])],
    rateLimits,
    lockout: lockoutFor(lockout, { rateLimits, throttling: given.throttling }),
  };
  refuseImpossibleProps(settings);
  return settings;
}

/** Callers may write a prop and leave it undefined: that must not replace its default. */
function withoutUndefined<T extends object>(props: T): T {
  return Object.fromEntries(Object.entries(props).filter(([, value]) => value !== undefined)) as T;
}
