// The sample API: a REST API of its own, protected by the same lines that protect any other.
import { CfnOutput, Stack, Validations } from 'aws-cdk-lib';
import { EndpointType, LambdaIntegration, RestApi } from 'aws-cdk-lib/aws-apigateway';
import { Construct } from 'constructs';
import type { AUTHORIZER_ENV_OPTIONAL } from '../functions/authorizer/env.ts';
import { SampleFunction } from './functions/sample.ts';
import { M2mAuthorizer } from './m2m-authorizer.ts';
import { setGatewayResponses } from './rest-gateway-responses.ts';
import type { TableReference } from './table-access.ts';

export interface SampleApiProps {
  readonly issuer: string;
  readonly table: TableReference;
}

const STAGE = 'v1';

export class SampleApi extends Construct {
  readonly api: RestApi;

  constructor(scope: Construct, id: string, { issuer, table }: SampleApiProps) {
    super(scope, id);
    const { region, urlSuffix } = Stack.of(this);
    const authorizer = new M2mAuthorizer(this, 'Authorizer', {
      issuer,
      audience: issuer,
      rules: [
        { method: 'GET', path: '/protected', scopes: ['read'] },
        { method: 'GET', path: '/admin-only', scopes: ['admin'], roles: ['admin'] },
      ],
      revocation: { table },
    });
    this.api = new RestApi(this, 'Api', {
      description: 'm2m-auth: sample API behind the Lambda authorizer',
      endpointTypes: [EndpointType.REGIONAL],
      deployOptions: { stageName: STAGE, throttlingRateLimit: 50, throttlingBurstLimit: 100 },
      cloudWatchRole: false,
      defaultMethodOptions: { authorizer: authorizer.forRestApi() },
    });
    setGatewayResponses(this.api);
    // The prop `publicUrl` of an authorizer that is there before its API. The API's own `url` would wait for its deployment, and that for us.
    const publicUrl = `https://${this.api.restApiId}.execute-api.${region}.${urlSuffix}/${STAGE}`;
    authorizer.function.function.addEnvironment('PUBLIC_URL' satisfies (typeof AUTHORIZER_ENV_OPTIONAL)[number], publicUrl);
    const sample = new SampleFunction(this, 'Sample');
    const integration = new LambdaIntegration(sample.function, { allowTestInvoke: false });
    this.api.root.addResource('protected').addMethod('GET', integration);
    this.api.root.addResource('admin-only').addMethod('GET', integration);
    acknowledge(this.api);
    new CfnOutput(this, 'SampleUrl', { value: this.api.url, description: 'The sample API' }).overrideLogicalId('SampleUrl');
  }
}

function acknowledge(api: RestApi): void {
  const account =
    'A REST API can only log to CloudWatch through a role that is set for the whole account and Region, and a sample must not replace ' +
    "that setting. Every request is recorded all the same: by the authorizer's audit lines and by the function's log.";
  Validations.of(api).acknowledge(
    { id: 'AwsSolutions-APIG1', reason: account },
    { id: 'AwsSolutions-APIG6', reason: account },
    { id: 'AwsSolutions-APIG2', reason: 'Two GET routes without body, query or path parameters: there is nothing to validate.' },
    {
      id: 'AwsSolutions-APIG3',
      reason: 'A sample without data, throttled at 50 requests a second; a web ACL would cost more than all the rest.',
    },
    {
      id: 'AwsSolutions-COG4',
      reason: 'Authorized by the M2mAuthorizer, which is what the sample shows; people and their user pools have no part in it.',
    },
  );
}
