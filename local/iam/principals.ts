// Who calls the local engines: told by the access key id in the request's signature, as AWS does it.
import { randomBytes } from 'node:crypto';
import type { Credentials } from '../functions/variables.ts';
import type { Policy, RoleSpec } from '../template/functions.ts';
import { ACCOUNT } from '../template/account.ts';

export type Principal = {
  readonly accessKeyId: string;
  /** `arn:aws:sts::...:assumed-role/<role>/<session>`; shown in refusals. */
  readonly arn: string;
  readonly policies: readonly Policy[];
  /** The local run itself, which may do everything. */
  readonly operator: boolean;
};

/** Random, so that only who was given it can use it; it names its role, so that a log can be read. */
export function principalOf(role: RoleSpec, session: string): { readonly principal: Principal; readonly credentials: Credentials } {
  const credentials = freshCredentials(`ASIA${role.name.replaceAll(/[^A-Za-z0-9]/g, '').slice(-40)}`);
  const arn = `arn:aws:sts::${ACCOUNT}:assumed-role/${role.name}/${session}`;
  return { principal: { accessKeyId: credentials.accessKeyId, arn, policies: role.policies, operator: false }, credentials };
}

export function operatorPrincipal(): { readonly principal: Principal; readonly credentials: Credentials } {
  const credentials = freshCredentials('ASIAOPERATOR');
  return {
    principal: { accessKeyId: credentials.accessKeyId, arn: `arn:aws:iam::${ACCOUNT}:role/operator`, policies: [], operator: true },
    credentials,
  };
}

const freshCredentials = (prefix: string): Credentials => ({
  accessKeyId: `${prefix}${randomBytes(10).toString('hex').toUpperCase()}`,
  secretAccessKey: randomBytes(30).toString('base64url'),
  sessionToken: randomBytes(30).toString('base64url'),
});

/** `AWS4-HMAC-SHA256 Credential=<access key id>/<date>/...` */
export const accessKeyIdFrom = (authorization: string | undefined): string | undefined =>
  /^AWS4-HMAC-SHA256\s.*?Credential=([A-Za-z0-9]+)\//.exec(authorization ?? '')?.[1];
