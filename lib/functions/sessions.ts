// /sessions: looking at sessions and ending them.
import type { Construct } from 'constructs';
import type { SESSIONS_ENV } from '../../functions/sessions/env.ts';
import { ServiceFunction } from '../service-function.ts';
import { allowTableAccess } from '../table-access.ts';
import { administratorsOf } from './clients.ts';
import { auditedLogs, rateLimitEnvironment, type FunctionContext } from './function-context.ts';

export class SessionsFunction extends ServiceFunction {
  constructor(scope: Construct, id: string, context: FunctionContext) {
    const { state, settings } = context;
    super(scope, id, {
      entry: 'sessions/handler.ts',
      description: 'm2m-auth: sessions of clients',
      environment: {
        ISSUER: state.api.issuer,
        TABLE_NAME: state.table.tableName,
        ...rateLimitEnvironment(settings.rateLimits.sessions),
        ...administratorsOf(context),
      } satisfies Record<(typeof SESSIONS_ENV)[number], string>,
      ...auditedLogs(context),
    });
    allowTableAccess(this, state.table, {
      batchGet: ['CLIENT#*', 'RATE#*', 'REVOKED#*', 'BLOCKS', 'CERTS'],
      get: ['CLIENT#*'],
      put: ['DENIED#*', 'ONCE#*'],
      update: ['CLIENT#*', 'RATE#*'],
      query: ['CLIENT#*', 'KEYRING'],
    });
  }
}
