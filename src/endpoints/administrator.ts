// Management by an AWS principal: IAM has let it call the route; where administrators are listed, it must be one of them.
import { isAdministrator } from '../client-authentication/iam-principal.ts';
import { ok, refuse, type Result } from '../result.ts';
import type { AdministratorFailure } from './failure.ts';
import type { Manager } from './managed-client.ts';

export type AdministratorDeps = {
  /** ARNs of roles and users; undefined = everyone whom IAM lets in. */
  readonly administrators: readonly string[] | undefined;
};

/** Named by its ARN, its session's name included. */
export function authorizeAdministrator(userArn: string, { administrators }: AdministratorDeps): Result<Manager, AdministratorFailure> {
  if (userArn === '') return refuse({ reason: 'principal_missing' });
  return isAdministrator(userArn, administrators)
    ? ok({ name: userArn, client: undefined })
    : refuse({ reason: 'principal_not_administrator', principal: userArn });
}
