// POST /refresh: issues tokens as /token does, but begins no session.
import type { Construct } from 'constructs';
import { ServiceFunction } from '../service-function.ts';
import { allowTableAccess } from '../table-access.ts';
import { auditedLogs, type FunctionContext } from './function-context.ts';
import { allowIssuing, issuingEnvironment } from './token.ts';

export class RefreshFunction extends ServiceFunction {
  constructor(scope: Construct, id: string, context: FunctionContext) {
    super(scope, id, {
      entry: 'refresh/handler.ts',
      description: 'm2m-auth: refresh token rotation',
      environment: issuingEnvironment(context, context.settings.rateLimits.refresh),
      memoryMb: 512,
      ...auditedLogs(context),
    });
    allowTableAccess(this, context.state.table, {
      batchGet: ['CLIENT#*', 'RATE#*', 'FAIL#*', 'BLOCKS', 'CERTS'],
      get: ['CLIENT#*', 'QUOTA#*'],
      put: ['DENIED#*', 'KEYRING', 'ONCE#*'],
      update: ['CLIENT#*', 'RATE#*', 'FAIL#*', 'QUOTA#*'],
      query: ['KEYRING'],
    });
    allowIssuing(this, context);
  }
}
