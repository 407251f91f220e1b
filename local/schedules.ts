// EventBridge's part: calls functions at the rate that their rules say, and by hand in between (`npm run schedule`).
import type { InvocationResult } from './functions/environment.ts';
import type { LambdaFunction } from './functions/lambda-function.ts';
import type { ScheduleSpec } from './template/schedules.ts';

export type Schedules = {
  /** Calls the function of the schedule now. @param event JSON; absent = the rule's own. Undefined for a name that no rule has. */
  readonly run: (name: string, event?: string) => Promise<InvocationResult | undefined>;
  readonly stop: () => void;
};

export function startSchedules(specs: readonly ScheduleSpec[], functions: ReadonlyMap<string, LambdaFunction>): Schedules {
  const call = async ({ functionName, input }: ScheduleSpec, event = input): Promise<InvocationResult | undefined> =>
    functions.get(functionName)?.invoke(event);
  // The first time after one interval, as a new rule does it. A failed call is in the log, as every function error is; the next one comes by itself.
  const timers = specs.map((spec) => setInterval(() => void call(spec), spec.everyMs).unref());
  return {
    run: async (name, event) => {
      const spec = specs.find((candidate) => candidate.name === name);
      return spec === undefined ? undefined : call(spec, event);
    },
    stop: () => {
      for (const timer of timers) clearInterval(timer);
    },
  };
}
