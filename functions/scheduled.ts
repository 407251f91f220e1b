// The outer wrapper of functions that a schedule calls, and nobody waits for: what they throw is a function error, which raises an alarm.
import { ConfigurationError } from '../src/environment.ts';
import { describeError, log } from '../src/telemetry/log.ts';

export type ScheduledContext = { readonly awsRequestId: string; getRemainingTimeInMillis(): number };
type Handler<Answer> = (event: unknown, context: ScheduledContext) => Promise<Answer>;

/**
 * @param build makes the handler from the environment, once per execution environment. When it throws, the function still starts: it
 *   says why in its log, naming the variable, and every call fails.
 */
export function scheduled<Answer>(name: string, build: () => Handler<Answer>): Handler<Answer> {
  try {
    return build();
  } catch (error) {
    log('FATAL', 'the function refuses to start', {
      endpoint: name,
      ...(error instanceof ConfigurationError ? { variable: error.variable } : {}),
      error: describeError(error),
    });
    return () => Promise.reject(new Error(`${name} refuses to start; its log says why`, { cause: error }));
  }
}
