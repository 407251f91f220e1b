// POST /revoke (RFC 7009).
import type { Construct } from 'constructs';
import type { REVOKE_ENV } from '../../functions/revoke/env.ts';
import type { RateLimitProps } from '../m2m-auth-props.ts';
import { ServiceFunction } from '../service-function.ts';
import { allowTableAccess } from '../table-access.ts';
import { auditedLogs, rateLimitEnvironment, type FunctionContext } from './function-context.ts';

export class RevokeFunction extends ServiceFunction {
  constructor(scope: Construct, id: string, context: FunctionContext) {
    super(scope, id, {
      entry: 'revoke/handler.ts',
      description: 'm2m-auth: token revocation (RFC 7009)',
      environment: checkingEnvironment(context, context.settings.rateLimits.revoke),
      ...auditedLogs(context),
    });
    allowTableAccess(this, context.state.table, {
      batchGet: ['CLIENT#*', 'RATE#*', 'FAIL#*', 'BLOCKS', 'CERTS'],
      put: ['REVOKED#*', 'DENIED#*', 'ONCE#*'],
      update: ['CLIENT#*', 'RATE#*', 'FAIL#*'],
      query: ['KEYRING'],
    });
    this.allow(['secretsmanager:GetSecretValue'], [context.state.ring.secretArn]);
  }
}

/** The environment of the functions that authenticate callers but issue nothing: this one, `introspect`, `clients`. */
export function checkingEnvironment(
  { state, settings }: FunctionContext,
  rateLimit: RateLimitProps,
): Readonly<Record<(typeof REVOKE_ENV)[number], string>> {
  return {
    ISSUER: state.api.issuer,
    TABLE_NAME: state.table.tableName,
    RING_SECRET_ARN: state.ring.secretArn,
    LOCKOUT: settings.lockout,
    ...rateLimitEnvironment(rateLimit),
  };
}
