// Routes with IAM authorization: who has signed, and whether its policies allow the call.
import type { AccessCheck } from '../iam/access.ts';
import type { Principal } from '../iam/principals.ts';
import type { Policy } from '../template/functions.ts';
import { ACCOUNT, arn, REGION } from '../template/account.ts';
import type { GatewayRequest } from './request.ts';
import { isSignedBy, type KeyPair } from './sigv4.ts';

/** `requestContext.authorizer.iam` of payload 2.0. */
export type IamIdentity = {
  readonly accessKey: string;
  readonly accountId: string;
  readonly callerId: string;
  readonly cognitoIdentity: null;
  readonly principalOrgId: null;
  readonly userArn: string;
  readonly userId: string;
};

/** A role with one key pair. In AWS it would be three values, renewed by the hour. */
export type LocalRole = KeyPair & { readonly name: string; readonly policies: readonly Policy[] };

/** Undefined = refused; AWS does not say why either. @param apiId of the API whose `$default` stage is called. */
export type IamAuthorizer = (request: GatewayRequest, apiId: string) => Promise<IamIdentity | undefined>;

const SESSION = 'local';

export function createIamAuthorizer(role: LocalRole): IamAuthorizer {
  const { accessKeyId, policies } = role;
  const userArn = `arn:aws:sts::${ACCOUNT}:assumed-role/${role.name}/${SESSION}`;
  const principal: Principal = { accessKeyId, arn: userArn, policies, operator: false };
  const uniqueId = `AROA${accessKeyId.slice(4)}:${SESSION}`;
  const identity: IamIdentity = {
    accessKey: accessKeyId,
    accountId: ACCOUNT,
    callerId: uniqueId,
    cognitoIdentity: null,
    principalOrgId: null,
    userArn,
    userId: uniqueId,
  };
  let check: Promise<AccessCheck> | undefined;
  return async (request, apiId) => {
    if (!(await isSignedBy(role, request, { region: REGION, service: 'execute-api' }))) return undefined;
    // The simulator is loaded when the first signed request comes: starting does not wait for it.
    const allowed = await (check ??= import('../iam/access.ts').then(({ createAccessCheck }) => createAccessCheck()));
    const resource = arn('execute-api', `${apiId}/$default/${request.method}${request.path}`);
    return (await allowed(principal, { action: 'execute-api:Invoke', resource, context: {} })) ? identity : undefined;
  };
}
