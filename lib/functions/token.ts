// POST /token: one of the two functions that may sign.
import type { Construct } from 'constructs';
import type { TOKEN_ENV } from '../../functions/token/env.ts';
import type { RateLimitProps } from '../m2m-auth-props.ts';
import { ServiceFunction } from '../service-function.ts';
import { allowTableAccess } from '../table-access.ts';
import { auditedLogs, rateLimitEnvironment, type FunctionContext } from './function-context.ts';

export class TokenFunction extends ServiceFunction {
  constructor(scope: Construct, id: string, context: FunctionContext) {
    super(scope, id, {
      entry: 'token/handler.ts',
      description: 'm2m-auth: token endpoint (RFC 6749)',
      environment: issuingEnvironment(context, context.settings.rateLimits.token),
      memoryMb: 512,
      ...auditedLogs(context),
    });
    allowTableAccess(this, context.state.table, {
      batchGet: ['CLIENT#*', 'RATE#*'],
      get: ['CLIENT#*'],
      // CLIENT#: a new session.
      put: ['CLIENT#*', 'DENIED#*', 'KEYRING'],
      update: ['CLIENT#*', 'RATE#*'],
      query: ['KEYRING'],
    });
    allowIssuing(this, context);
  }
}

type IssuingEnvironment = Readonly<Record<(typeof TOKEN_ENV)[number], string>>;

/** The environment of the functions that issue tokens: this one and `refresh`. */
export function issuingEnvironment({ state, settings }: FunctionContext, rateLimit: RateLimitProps): IssuingEnvironment {
  return {
    ISSUER: state.api.issuer,
    TABLE_NAME: state.table.tableName,
    RING_SECRET_ARN: state.ring.secretArn,
    SIGNING_KEYS: state.signingKeys.asJson(),
    AUDIENCES: JSON.stringify(settings.audiences),
    ACCESS_TOKEN_LIFETIME_SECONDS: String(settings.accessTokenLifetime.toSeconds()),
    REFRESH_GRACE_SECONDS: String(settings.refreshGrace.toSeconds()),
    AUDIT_MODE: settings.auditMode,
    ...rateLimitEnvironment(rateLimit),
  };
}

/** Signing, and deriving refresh tokens and digests from the ring. */
export function allowIssuing(caller: ServiceFunction, { state }: FunctionContext): void {
  caller.allow(['kms:Sign', 'kms:GetPublicKey'], state.signingKeys.arns);
  caller.allow(['secretsmanager:GetSecretValue'], [state.ring.secretArn]);
}
