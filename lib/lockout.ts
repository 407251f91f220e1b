// The prop `lockout` with its defaults filled in, as the functions read it.
import { Duration } from 'aws-cdk-lib';
import { lockoutVariable } from '../src/abuse/lockout-settings.ts';
import type { LockoutProps, M2mAuthProps, RateLimitedEndpoint, RateLimitProps } from './m2m-auth-props.ts';

const DEFAULTS: Required<LockoutProps> = {
  failures: 5,
  window: Duration.minutes(15),
  firstDelay: Duration.seconds(30),
  maxDelay: Duration.minutes(30),
};
/** Where secrets are compared. */
const GUESSABLE = ['token', 'refresh', 'revoke', 'introspect', 'clients'] as const satisfies readonly RateLimitedEndpoint[];

/** The value of the functions' LOCKOUT. */
export function lockoutFor(
  props: M2mAuthProps['lockout'],
  { rateLimits, throttling }: { rateLimits: Readonly<Record<RateLimitedEndpoint, RateLimitProps>>; throttling: { burst: number } },
): string {
  if (props === false) return lockoutVariable(undefined);
  const { failures, window, firstDelay, maxDelay } = { ...DEFAULTS, ...props };
  return lockoutVariable({
    failures,
    windowSeconds: window.toSeconds({ integral: false }),
    firstDelaySeconds: firstDelay.toSeconds({ integral: false }),
    maxDelaySeconds: maxDelay.toSeconds({ integral: false }),
    atOnce: GUESSABLE.reduce((sum, endpoint) => sum + atOnce(rateLimits[endpoint], throttling.burst), 0),
  });
}

const atOnce = ({ perMinute, burst = Math.ceil(perMinute / 3) }: RateLimitProps, ceiling: number): number =>
  perMinute === 0 ? ceiling : perMinute + burst;
