// POST /introspect (RFC 7662): reads, and changes nothing but its caller's rate window and the last use of its secret.
import type { Construct } from 'constructs';
import { ServiceFunction } from '../service-function.ts';
import { allowTableAccess } from '../table-access.ts';
import { auditedLogs, type FunctionContext } from './function-context.ts';
import { checkingEnvironment } from './revoke.ts';

export class IntrospectFunction extends ServiceFunction {
  constructor(scope: Construct, id: string, context: FunctionContext) {
    super(scope, id, {
      entry: 'introspect/handler.ts',
      description: 'm2m-auth: token introspection (RFC 7662)',
      environment: checkingEnvironment(context, context.settings.rateLimits.introspect),
      ...auditedLogs(context),
    });
    allowTableAccess(this, context.state.table, {
      batchGet: ['CLIENT#*', 'RATE#*', 'REVOKED#*', 'FAIL#*', 'BLOCKS', 'CERTS'],
      put: ['DENIED#*', 'ONCE#*'],
      update: ['CLIENT#*', 'RATE#*', 'FAIL#*'],
      query: ['KEYRING'],
    });
    this.allow(['secretsmanager:GetSecretValue'], [context.state.ring.secretArn]);
  }
}
