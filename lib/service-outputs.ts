// What people and programs need to know after a deployment.
import { CfnOutput } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { AuthState } from './auth-state.ts';

/** Outputs of the stack under their own names, because scripts read them: `IssuerUrl`, not `AuthServiceIssuerUrl1A2B`. */
export function outputService(scope: Construct, { api, table, ring }: AuthState): void {
  output(scope, 'IssuerUrl', 'Issuer, as tokens name it', api.issuer);
  output(scope, 'TokenUrl', 'Token endpoint', `${api.issuer}/token`);
  output(scope, 'JwksUrl', 'Public keys that verify access tokens', `${api.issuer}/.well-known/jwks.json`);
  output(scope, 'TableName', 'The DynamoDB table', table.tableName);
  output(scope, 'RingSecretArn', 'The ring of MAC keys and peppers, for registering the first client', ring.secretArn);
}

function output(scope: Construct, name: string, description: string, value: string): void {
  new CfnOutput(scope, name, { value, description }).overrideLogicalId(name);
}
