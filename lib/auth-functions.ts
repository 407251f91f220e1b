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
import type { ServiceFunction } from './service-function.ts';

export class AuthFunctions extends Construct {
  readonly byName: Readonly<Record<FunctionName, ServiceFunction>>;

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
  }

  get all(): readonly ServiceFunction[] {
    return Object.values(this.byName);
  }
}
