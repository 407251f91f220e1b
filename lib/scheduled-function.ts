// A function that nobody calls: EventBridge does, again and again.
import type { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import { ServiceFunction, type ServiceFunctionProps } from './service-function.ts';

export interface ScheduledFunctionProps extends ServiceFunctionProps {
  /** What the function is called with is `{"schedule": "<name>"}`; the local run and `npm run schedule` know it by this name. */
  readonly schedule: string;
  /** Whole minutes, hours or days. */
  readonly every: Duration;
}

/** EventBridge calls at least once, and Lambda repeats a call that failed twice: a run that is repeated must change nothing. */
export class ScheduledFunction extends ServiceFunction {
  readonly every: Duration;

  constructor(scope: Construct, id: string, { schedule, every, ...props }: ScheduledFunctionProps) {
    super(scope, id, props);
    this.every = every;
    new Rule(this, 'Schedule', {
      description: `m2m-auth: ${schedule}`,
      schedule: Schedule.rate(every),
      targets: [new LambdaFunction(this.function, { event: RuleTargetInput.fromObject({ schedule }) })],
    });
  }
}
