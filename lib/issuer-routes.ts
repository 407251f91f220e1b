// Routes, integrations and the stage of the issuer's HTTP API, from the one route table.
import { ArnFormat, Fn, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { CfnApiMapping, CfnIntegration, CfnRoute, CfnStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { DEFAULT_ROUTE_FUNCTION, ROUTES, type FunctionName, type Route } from '../src/http/route-table.ts';
import type { AuthFunctions } from './auth-functions.ts';
import type { ThrottlingProps } from './m2m-auth-props.ts';
import type { IssuerApi } from './state/issuer-api.ts';

export interface IssuerRoutesProps {
  readonly api: IssuerApi;
  readonly functions: AuthFunctions;
  readonly throttling: ThrottlingProps;
  readonly logRetention: RetentionDays;
}

/** Why no API Gateway authorizer stands before an open route: what its function does instead. */
const openBecause: Readonly<Record<FunctionName, string>> = {
  token: 'The token endpoint is where callers without a token begin; its function authenticates the client (RFC 6749 section 3.2.1).',
  refresh: 'The function authenticates the client, or the refresh token itself where the client is registered so (RFC 6749 section 6).',
  revoke: 'The function authenticates the client, or takes the token presented as its own proof (RFC 7009 section 2.1).',
  introspect: 'The function authenticates the client and shows only tokens that it may see (RFC 7662 section 2.1).',
  jwks: 'Public by specification: metadata (RFC 8414), public keys (RFC 7517), digests of revoked token ids, health, and 404.',
  clients: "The function verifies a bearer token with scope clients:manage itself, so that refusals are RFC 6750's.",
  sessions: "The function verifies a bearer token itself, so that refusals are RFC 6750's, and shows a client's sessions to itself alone.",
};

export class IssuerRoutes extends Construct {
  readonly stage: CfnStage;
  private readonly integrations = new Map<FunctionName, CfnIntegration>();
  private readonly props: IssuerRoutesProps;

  constructor(scope: Construct, id: string, props: IssuerRoutesProps) {
    super(scope, id);
    this.props = props;
    const routes = [
      ...ROUTES.map((route) => this.route(`${route.method} ${route.path}`, route)),
      this.route('$default', { function: DEFAULT_ROUTE_FUNCTION, authorization: 'none' }),
    ];
    this.stage = this.deploy(routes);
    const { apiId, domainName, mtlsDomainName } = props.api;
    if (domainName !== undefined) new CfnApiMapping(this, 'Mapping', { apiId, domainName, stage: this.stage.ref });
    if (mtlsDomainName !== undefined) new CfnApiMapping(this, 'MtlsMapping', { apiId, domainName: mtlsDomainName, stage: this.stage.ref });
  }

  private route(routeKey: string, { function: functionName, authorization }: Pick<Route, 'function' | 'authorization'>): CfnRoute {
    const route = new CfnRoute(this, routeKey.replaceAll('/', '|'), {
      apiId: this.props.api.apiId,
      routeKey,
      authorizationType: authorization === 'iam' ? 'AWS_IAM' : 'NONE',
      target: Fn.join('/', ['integrations', this.integration(functionName).ref]),
    });
    if (authorization === 'none') Validations.of(route).acknowledge({ id: 'AwsSolutions-APIG4', reason: openBecause[functionName] });
    return route;
  }

  private integration(functionName: FunctionName): CfnIntegration {
    const known = this.integrations.get(functionName);
    if (known) return known;
    const target = this.props.functions.byName[functionName].function;
    const { apiId } = this.props.api;
    const integration = new CfnIntegration(this, `Integration ${functionName}`, {
      apiId,
      integrationType: 'AWS_PROXY',
      integrationUri: target.functionArn,
      payloadFormatVersion: '2.0',
    });
    new CfnPermission(this, `Invoke ${functionName}`, {
      action: 'lambda:InvokeFunction',
      functionName: target.functionArn,
      principal: 'apigateway.amazonaws.com',
      sourceArn: Stack.of(this).formatArn({ service: 'execute-api', resource: apiId, resourceName: '*/*' }),
    });
    this.integrations.set(functionName, integration);
    return integration;
  }

  private deploy(routes: readonly CfnRoute[]): CfnStage {
    const { api, throttling, logRetention } = this.props;
    const accessLogs = new LogGroup(this, 'AccessLogs', { retention: logRetention, removalPolicy: RemovalPolicy.DESTROY });
    const stage = new CfnStage(this, 'Stage', {
      apiId: api.apiId,
      stageName: '$default',
      autoDeploy: true,
      defaultRouteSettings: { throttlingRateLimit: throttling.rate, throttlingBurstLimit: throttling.burst },
      accessLogSettings: {
        destinationArn: Stack.of(this).formatArn({
          service: 'logs',
          resource: 'log-group',
          resourceName: accessLogs.logGroupName,
          arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        }),
        format: ACCESS_LOG_FORMAT,
      },
    });
    // A stage deployed before its routes would answer 404 to everything for a moment.
    for (const route of routes) stage.addResourceDependency(route);
    return stage;
  }
}

/** Who called what and how it went. No header, query or body: those hold credentials. */
const ACCESS_LOG_FORMAT = JSON.stringify({
  requestId: '$context.requestId',
  requestTime: '$context.requestTime',
  ip: '$context.identity.sourceIp',
  routeKey: '$context.routeKey',
  status: '$context.status',
  responseLength: '$context.responseLength',
  responseLatency: '$context.responseLatency',
  integrationError: '$context.integrationErrorMessage',
});
