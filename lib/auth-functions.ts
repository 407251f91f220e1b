// All functions of the issuer's API by name; the names are those of the route table.
import { Construct } from 'constructs';
import type { FunctionName } from '../src/http/route-table.ts';
import { ClientsFunction } from './functions/clients.ts';
import type { FunctionContext } from './functions/function-context.ts';
import { IntrospectFunction } from './functions/introspect.ts';
import { JwksFunction } from './functions/jwks.ts';
import { RefreshFunction } from './functions/refresh.ts';
import { RevokeFunction } from './functions/revoke.ts';
import { SessionsFunction } from './functions/sessions.ts';
import { TokenFunction } from './functions/token.ts';
import { UpkeepFunction } from './functions/upkeep.ts';
import { RotateKeysFunction } from './functions/rotate-keys.ts';
import type { ServiceFunction } from './service-function.ts';

export class AuthFunctions extends Construct {
  readonly byName: Readonly<Record<FunctionName, ServiceFunction>>;
  /** Called by EventBridge alone. */
  readonly upkeep: UpkeepFunction;
  /** Called by EventBridge, and by operators. */
  readonly rotateKeys: RotateKeysFunction;

  constructor(scope: Construct, id: string, context: FunctionContext) {
    super(scope, id);
    this.byName = {
      token: new TokenFunction(this, 'Token', context),
      refresh: new RefreshFunction(this, 'Refresh', context),
      revoke: new RevokeFunction(this, 'Revoke', context),
      introspect: new IntrospectFunction(this, 'Introspect', context),
      jwks: new JwksFunction(this, 'Jwks', context),
      clients: new ClientsFunction(this, 'Clients', context),
      sessions: new SessionsFunction(this, 'Sessions', context),
    };
    this.upkeep = new UpkeepFunction(this, 'Upkeep', context);
    this.rotateKeys = new RotateKeysFunction(this, 'RotateKeys', context);
  }

  /** Those that callers wait for. */
  get all(): readonly ServiceFunction[] {
    return Object.values(this.byName);
  }

  /** Those that a schedule calls: each has alarms of its own. */
  get scheduled(): readonly ServiceFunction[] {
    return [this.upkeep, this.rotateKeys];
  }
}
