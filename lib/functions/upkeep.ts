// The scheduled upkeep of credentials: exchanges of secrets, their ends, and warnings before credentials end (decision 0016).
import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { UPKEEP_ENV } from '../../functions/upkeep/env.ts';
import { ScheduledFunction } from '../scheduled-function.ts';
import { allowTableAccess } from '../table-access.ts';
import { auditedLogs, type FunctionContext } from './function-context.ts';

export class UpkeepFunction extends ScheduledFunction {
  constructor(scope: Construct, id: string, context: FunctionContext) {
    const environment: Record<(typeof UPKEEP_ENV)[number], string> = { TABLE_NAME: context.state.table.tableName };
    super(scope, id, {
      entry: 'upkeep/handler.ts',
      description: 'm2m-auth: upkeep of credentials, by schedule',
      environment,
      schedule: 'upkeep',
      every: context.settings.upkeepEvery,
      timeout: Duration.minutes(5),
      ...auditedLogs(context),
    });
    allowTableAccess(this, context.state.table, {
      // A client's last uses of secrets and the warnings given.
      batchGet: ['CLIENT#*'],
      get: ['CLIENT#*', 'UPKEEP'],
      // CLIENT#: a warning.
      put: ['CLIENT#*', 'UPKEEP'],
      update: ['CLIENT#*'],
      // CLIENT#: API keys.
      query: ['CLIENT#*'],
      queryListing: true,
    });
  }
}
