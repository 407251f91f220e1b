// What every function of the service is made from.
import type { AuthState } from '../auth-state.ts';
import type { RateLimitProps } from '../m2m-auth-props.ts';
import type { Settings } from '../settings.ts';

export interface FunctionContext {
  readonly state: AuthState;
  readonly settings: Settings;
}

/** Audit lines are in the logs of these functions, so they are kept as long as audit events and outlive the stack. */
export const auditedLogs = ({ settings }: FunctionContext) => ({ logRetention: settings.auditRetention, retainLogs: true });

/** Without a burst the function derives it from the limit, so that overriding the limit alone stays sensible. */
export const rateLimitEnvironment = ({ perMinute, burst }: RateLimitProps) => ({
  RATE_LIMIT_PER_MINUTE: String(perMinute),
  ...(burst === undefined ? {} : { RATE_LIMIT_BURST: String(burst) }),
});
