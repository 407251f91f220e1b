// Registration needs what revocation needs (the issuer, the table, the ring, to digest new secrets, a rate limit), and administrators.
import { ConfigurationError, json, type Environment } from '../../src/environment.ts';
import { isUserArn, roleOfArn } from '../../src/client-authentication/iam-principal.ts';
import { revokeEnv, type RevokeEnv } from '../revoke/env.ts';

export { REVOKE_ENV as CLIENTS_ENV } from '../revoke/env.ts';
/** JSON: ARNs of the roles and users that manage clients below `/iam`. May be absent: then everyone whom IAM lets in. */
export const CLIENTS_ENV_OPTIONAL = ['ADMINISTRATORS'] as const;

export type ClientsEnv = RevokeEnv & { readonly administrators: readonly string[] | undefined };

export const clientsEnv = (environment: Environment): ClientsEnv => ({
  ...revokeEnv(environment),
  administrators: administratorsFrom(environment),
});

/** Undefined where the variable is absent. */
export function administratorsFrom(environment: Environment): readonly string[] | undefined {
  if (environment['ADMINISTRATORS'] === undefined) return undefined;
  const value = json(environment, 'ADMINISTRATORS');
  // An empty list would be taken for "nobody" by one reader and for "everyone" by another.
  if (!Array.isArray(value) || value.length === 0 || !value.every(isPrincipalArn))
    throw new ConfigurationError('ADMINISTRATORS', 'must be a list of ARNs of roles (arn:aws:iam::111122223333:role/ops) and users');
  return value;
}

const isPrincipalArn = (arn: unknown): arn is string => typeof arn === 'string' && (roleOfArn(arn) !== undefined || isUserArn(arn));
