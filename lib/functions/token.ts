// POST /token: one of the two functions that may sign.
import type { Construct } from 'constructs';
import type { TOKEN_ENV } from '../../functions/token/env.ts';
import type { RateLimitProps } from '../m2m-auth-props.ts';
import { ServiceFunction } from '../service-function.ts';
import { allowTableAccess } from '../table-access.ts';
import { auditedLogs, rateLimitEnvironment, type FunctionContext } from './function-context.ts';
import { allowSigning, formerSigningEnvironment, signingEnvironment } from './signing.ts';

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
      // ISSUED#, REVOKED#: a token that is handed out again.
      batchGet: ['CLIENT#*', 'RATE#*', 'FAIL#*', 'BLOCKS', 'CERTS', 'ISSUED#*', 'REVOKED#*'],
      get: ['CLIENT#*', 'QUOTA#*'],
      // CLIENT#: a new session.
      put: ['CLIENT#*', 'DENIED#*', 'KEYRING', 'ONCE#*', 'ISSUED#*'],
      update: ['CLIENT#*', 'RATE#*', 'FAIL#*', 'QUOTA#*'],
      // ISSUER#: trust rules, for tokens of external issuers.
      query: ['KEYRING', 'ISSUER#*'],
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
    ...signingEnvironment(state, settings),
    ...formerSigningEnvironment(state, settings),
    AUDIENCES: JSON.stringify(settings.audiences),
    ACCESS_TOKEN_LIFETIME_SECONDS: String(settings.accessTokenLifetime.toSeconds()),
    REFRESH_GRACE_SECONDS: String(settings.refreshGrace.toSeconds()),
    AUDIT_MODE: settings.auditMode,
    DPOP_NONCE: settings.dpopNonce,
    LOCKOUT: settings.lockout,
    ...rateLimitEnvironment(rateLimit),
  };
}

/** Signing, and deriving refresh tokens and digests from the ring. */
export function allowIssuing(caller: ServiceFunction, { state, settings }: FunctionContext): void {
  allowSigning(caller, state, settings);
  caller.allow(['secretsmanager:GetSecretValue'], [state.ring.secretArn]);
}
