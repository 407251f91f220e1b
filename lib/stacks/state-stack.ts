// The stack that is deployed once and then hardly ever changes.
import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AuthState } from '../auth-state.ts';
import type { Settings } from '../settings.ts';

export class StateStack extends Stack {
  readonly state: AuthState;

  constructor(scope: Construct, id: string, props: StackProps & { readonly settings: Settings }) {
    super(scope, id, { description: 'm2m-auth: table, keys, ring and API resource', terminationProtection: true, ...props });
    this.state = new AuthState(this, 'Auth', props.settings);
  }
}
