// The stack of everything that runs; deployed with each new version.
import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AuthService, type AuthServiceProps } from '../auth-service.ts';
import { outputService } from '../service-outputs.ts';

export class ServiceStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & AuthServiceProps) {
    super(scope, id, { description: 'm2m-auth: functions, routes, audit trail and alarms', ...props });
    new AuthService(this, 'Auth', props);
    outputService(this, props.state);
  }
}
