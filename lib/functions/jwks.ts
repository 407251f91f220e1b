// The public documents: metadata, JWKS, revocation feed, health, and the answer to unknown routes.
import type { Construct } from 'constructs';
import type { JWKS_ENV } from '../../functions/jwks/env.ts';
import { ServiceFunction } from '../service-function.ts';
import { allowTableAccess } from '../table-access.ts';
import type { FunctionContext } from './function-context.ts';
import { signingEnvironment } from './signing.ts';

export class JwksFunction extends ServiceFunction {
  constructor(scope: Construct, id: string, { state, settings }: FunctionContext) {
    const environment: Readonly<Record<(typeof JWKS_ENV)[number], string>> = {
      ISSUER: state.api.issuer,
      TABLE_NAME: state.table.tableName,
      MTLS_URL: state.api.mtlsUrl ?? 'off',
      ...signingEnvironment(state, settings),
    };
    super(scope, id, {
      entry: 'jwks/handler.ts',
      description: 'm2m-auth: metadata, JWKS, revocation feed, health',
      environment,
      logRetention: settings.logRetention,
      retainLogs: false,
    });
    allowTableAccess(this, state.table, { query: ['KEYRING', 'CERTS'], queryFeed: true });
    // So that the key is published before anybody has asked for a token.
    if (settings.signing === 'kms') this.allow(['kms:GetPublicKey'], state.signingKeys?.arns ?? []);
  }
}
