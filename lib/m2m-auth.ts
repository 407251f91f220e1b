// The whole service as one construct, for an app of your own: new M2mAuth(this, 'Auth').
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { AuthService } from './auth-service.ts';
import { AuthState } from './auth-state.ts';
import type { M2mAuthProps } from './m2m-auth-props.ts';
import { settingsFrom } from './settings.ts';

/**
 * An OAuth 2.0 issuer of machine-to-machine access tokens, in one stack of yours. Table, keys, ring and API are retained
 * when the stack is deleted. `bin/app.ts` puts the same two halves into two stacks, which is safer to operate.
 */
export class M2mAuth extends Construct {
  /** The issuer URL, without a trailing slash. */
  readonly issuer: string;
  /** For authorizers in `table` mode in the same account. */
  readonly table: TableV2;

  constructor(scope: Construct, id: string, props: M2mAuthProps = {}) {
    super(scope, id);
    const settings = settingsFrom(props);
    const state = new AuthState(this, 'State', settings);
    new AuthService(this, 'Service', { state, settings });
    this.issuer = state.api.issuer;
    this.table = state.table;
  }
}
