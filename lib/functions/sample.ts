// The sample API: answers with the context that the authorizer gave it, and may do nothing else.
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { ServiceFunction } from '../service-function.ts';

export class SampleFunction extends ServiceFunction {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      entry: 'sample/handler.ts',
      description: 'm2m-auth: sample API',
      environment: {},
      logRetention: RetentionDays.ONE_MONTH,
      retainLogs: false,
    });
  }
}
