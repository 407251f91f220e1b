// /clients: registration and management of clients (RFC 7591 and 7592 names).
import type { Construct } from 'constructs';
import type { CLIENTS_ENV_OPTIONAL } from '../../functions/clients/env.ts';
import { ServiceFunction } from '../service-function.ts';
import { allowTableAccess } from '../table-access.ts';
import { auditedLogs, type FunctionContext } from './function-context.ts';
import { checkingEnvironment } from './revoke.ts';

export class ClientsFunction extends ServiceFunction {
  constructor(scope: Construct, id: string, context: FunctionContext) {
    super(scope, id, {
      entry: 'clients/handler.ts',
      description: 'm2m-auth: client registration and management',
      environment: { ...checkingEnvironment(context, context.settings.rateLimits.clients), ...administratorsOf(context) },
      ...auditedLogs(context),
    });
    allowTableAccess(this, context.state.table, {
      batchGet: ['CLIENT#*', 'RATE#*', 'REVOKED#*', 'FAIL#*', 'BLOCKS', 'ISSUER#*', 'CERTS'],
      get: ['CLIENT#*', 'BLOCKS', 'ISSUER#*', 'CERTS'],
      put: ['CLIENT#*', 'DENIED#*', 'BLOCKS', 'ISSUER#*', 'ONCE#*', 'CERTS'],
      update: ['CLIENT#*', 'RATE#*', 'FAIL#*', 'CERTS', 'ISSUER#*'],
      query: ['CLIENT#*', 'KEYRING', 'ISSUER#*', 'CERTS'],
      queryListing: true,
      queryTrustRules: true,
    });
    this.allow(['secretsmanager:GetSecretValue'], [context.state.ring.secretArn]);
  }
}

/** For the functions that manage: this one and `sessions`. */
export const administratorsOf = ({
  settings: { administrators },
}: FunctionContext): Partial<Record<(typeof CLIENTS_ENV_OPTIONAL)[number], string>> =>
  administrators === undefined ? {} : { ADMINISTRATORS: JSON.stringify(administrators) };
