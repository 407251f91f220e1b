// Policies for the callers of the routes below `/iam`: what a role needs so that API Gateway lets it through.
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** For a workload's role: tokens for the clients that name it, and looking at and revoking theirs. */
export const iamCallerPolicy = (scope: Construct, apiId: string): string =>
  policyFor(scope, apiId, ['POST/iam/token', 'POST/iam/revoke', 'POST/iam/introspect']);

/** For an operator's role. Where the prop `administrators` is set, the role must be listed there too. */
export const iamAdministratorPolicy = (scope: Construct, apiId: string): string =>
  policyFor(scope, apiId, [
    '*/iam/clients',
    '*/iam/clients/*',
    '*/iam/sessions',
    '*/iam/sessions/*',
    '*/iam/blocks',
    '*/iam/denied-certificates',
    '*/iam/trust-rules',
    '*/iam/trust-rules/*',
  ]);

/** @param calls `<method>/<path>` of the `$default` stage, with wildcards. */
function policyFor(scope: Construct, apiId: string, calls: readonly string[]): string {
  const stack = Stack.of(scope);
  const arn = (call: string) => stack.formatArn({ service: 'execute-api', resource: apiId, resourceName: `$default/${call}` });
  return stack.toJsonString({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 'execute-api:Invoke', Resource: calls.map(arn) }],
  });
}
