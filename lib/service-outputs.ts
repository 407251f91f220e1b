// What people and programs need to know after a deployment.
import { CfnOutput } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { AuthState } from './auth-state.ts';
import { iamAdministratorPolicy, iamCallerPolicy } from './iam-policies.ts';

/** Outputs of the stack under their own names, because scripts read them: `IssuerUrl`, not `AuthServiceIssuerUrl1A2B`. */
export function outputService(scope: Construct, { api, table }: AuthState): void {
  output(scope, 'IssuerUrl', 'Issuer, as tokens name it', api.issuer);
  output(scope, 'TokenUrl', 'Token endpoint', `${api.issuer}/token`);
  output(scope, 'JwksUrl', 'Public keys that verify access tokens', `${api.issuer}/.well-known/jwks.json`);
  output(scope, 'TableName', 'The DynamoDB table', table.tableName);
  output(scope, 'IamCallerPolicy', 'IAM policy for roles that get tokens by SigV4', iamCallerPolicy(scope, api.apiId));
  output(scope, 'IamAdministratorPolicy', 'IAM policy for roles that manage clients by SigV4', iamAdministratorPolicy(scope, api.apiId));
}

function output(scope: Construct, name: string, description: string, value: string): void {
  new CfnOutput(scope, name, { value, description }).overrideLogicalId(name);
}
