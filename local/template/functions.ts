// Functions and the roles that they run as.
import { assetDirectory } from './assembly.ts';
import type { Found, Reader } from './reader.ts';
import { isObject, type Json, type JsonObject } from './template.ts';

export type FunctionSpec = {
  readonly name: string;
  readonly logicalId: string;
  readonly arn: string;
  /** The folder that would be uploaded. */
  readonly directory: string;
  /** `<file>.<export>`. */
  readonly handler: string;
  readonly runtime: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly roleArn: string;
};

export type Policy = { readonly name: string; readonly policy: JsonObject };
export type RoleSpec = { readonly arn: string; readonly name: string; readonly policies: readonly Policy[] };

/** Managed policies that allow nothing that the local engines serve. */
const IRRELEVANT_MANAGED_POLICIES =
  /:policy\/(service-role\/AWSLambdaBasicExecutionRole|AWSXRayDaemonWriteAccess|service-role\/AmazonAPIGatewayPushToCloudWatchLogs)$/;

export function readFunctions(reader: Reader): readonly FunctionSpec[] {
  return reader.all('AWS::Lambda::Function').map((found) => {
    const code = found.object('Code');
    const runtime = found.text('Runtime');
    if (!runtime.startsWith('nodejs')) found.refuse(`has the runtime ${runtime}; the local run has only Node`);
    return {
      name: found.ref,
      logicalId: found.logicalId,
      arn: found.attribute('Arn'),
      directory: assetDirectory(found.stack, found.logicalId, String(code['S3Key'])),
      handler: found.text('Handler'),
      runtime,
      environment: variablesOf(found),
      timeoutMs: found.number('Timeout', 3) * 1000,
      memoryMb: found.number('MemorySize', 128),
      roleArn: found.text('Role'),
    };
  });
}

function variablesOf(found: Found): Readonly<Record<string, string>> {
  const variables = found.object('Environment')['Variables'] ?? {};
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, String(value as Json)]));
}

export function readRoles(reader: Reader): readonly RoleSpec[] {
  const attached = [...reader.all('AWS::IAM::Policy'), ...reader.all('AWS::IAM::ManagedPolicy')];
  return reader.all('AWS::IAM::Role').map((role) => {
    if (role.optionalText('PermissionsBoundary') !== undefined)
      role.refuse('has a permissions boundary, which the local run does not know');
    const own = role.objects('Policies').map((policy) => ({ name: String(policy['PolicyName']), policy: policy['PolicyDocument'] }));
    const others = attached
      .filter((policy) => policy.list('Roles').includes(role.ref) || role.list('ManagedPolicyArns').includes(policy.ref))
      .map((policy) => ({ name: policy.logicalId, policy: policy.object('PolicyDocument') }));
    const known = new Set(attached.map((policy) => policy.ref));
    for (const managed of role.list('ManagedPolicyArns'))
      if (!known.has(String(managed)) && !IRRELEVANT_MANAGED_POLICIES.test(String(managed)))
        role.refuse(`has the managed policy ${String(managed)}, whose content the local run does not know`);
    return {
      arn: role.attribute('Arn'),
      name: role.ref,
      policies: [...own, ...others].map(({ name, policy }) => ({
        name,
        policy: isObject(policy) ? policy : role.refuse('has a policy without a document'),
      })),
    };
  });
}
