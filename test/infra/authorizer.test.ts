import { LambdaIntegration, RestApi } from 'aws-cdk-lib/aws-apigateway';
import { HttpApi, WebSocketApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration, WebSocketLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import type { Stack } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { AUTHORIZER_FEED_ENV, authorizerFeedEnv } from '../../functions/authorizer/env.ts';
import { M2mAuthorizer, type M2mAuthorizerProps } from '../../lib/m2m-authorizer.ts';
import { permissionsOf } from './role-permissions.ts';
import { only, resources, synthesizedApp, synthesizedStack } from './synthesized-app.ts';

const props: M2mAuthorizerProps = {
  issuer: 'https://auth.example.com',
  audience: 'https://api.example.com',
  rules: [{ method: 'GET', path: '/items/{id}', scopes: ['items:read'] }],
};
const table = { tableName: 'table', tableArn: 'arn:aws:dynamodb:eu-west-1:111122223333:table/table' };
const authorizer = (stack: Stack, changed: Partial<M2mAuthorizerProps> = {}) =>
  new M2mAuthorizer(stack, 'Authorizer', { ...props, ...changed });
const backend = (stack: Stack) =>
  new LambdaFunction(stack, 'Backend', { code: Code.fromInline('//'), handler: 'index.handler', runtime: Runtime.NODEJS_24_X });

describe('anywhere, with nothing but the issuer URL', () => {
  const template = synthesizedStack((stack) => authorizer(stack));

  it('its role may do nothing but write its own log', () => {
    expect(permissionsOf(template, 'AuthorizerFeedFunction')).toEqual([
      'Allow logs:CreateLogStream own-logs',
      'Allow logs:PutLogEvents own-logs',
    ]);
  });

  it('its environment is what the feed variant reads', () => {
    const { Variables } = only(template, 'AWS::Lambda::Function').Properties.Environment;
    expect(Object.keys(Variables).sort()).toEqual([...AUTHORIZER_FEED_ENV].sort());
    expect(authorizerFeedEnv(Variables)).toMatchObject({
      ...props,
      rules: [expect.objectContaining(props.rules[0]!)],
      revocation: 'feed',
      whenStale: 'deny',
    });
  });
});

describe('for a REST API', () => {
  const template = synthesizedStack((stack) => {
    const api = new RestApi(stack, 'Api', { defaultMethodOptions: { authorizer: authorizer(stack).forRestApi() }, cloudWatchRole: false });
    api.root.addMethod('GET', new LambdaIntegration(backend(stack)));
  });

  it('the function decides every request: no cache, and no identity source whose absence would decide instead', () => {
    const { Type, AuthorizerResultTtlInSeconds, IdentitySource } = only(template, 'AWS::ApiGateway::Authorizer').Properties;
    expect({ Type, AuthorizerResultTtlInSeconds, IdentitySource }).toEqual({
      Type: 'REQUEST',
      AuthorizerResultTtlInSeconds: 0,
      IdentitySource: '',
    });
  });

  it('stands before its methods', () => {
    expect(only(template, 'AWS::ApiGateway::Method').Properties).toMatchObject({ AuthorizationType: 'CUSTOM' });
  });
});

describe.each([
  ['policy', '1.0', undefined],
  ['simple', '2.0', true],
] as const)('for an HTTP API with %s answers', (responseFormat, payload, simple) => {
  const template = synthesizedStack((stack) => {
    const api = new HttpApi(stack, 'Api', { defaultAuthorizer: authorizer(stack, { responseFormat }).forHttpApi() });
    api.addRoutes({ path: '/items/{id}', integration: new HttpLambdaIntegration('Backend', backend(stack)) });
  });

  it('the function decides every request', () => {
    const { AuthorizerType, AuthorizerPayloadFormatVersion, AuthorizerResultTtlInSeconds, EnableSimpleResponses, IdentitySource } = only(
      template,
      'AWS::ApiGatewayV2::Authorizer',
    ).Properties;
    expect({ AuthorizerType, AuthorizerPayloadFormatVersion, AuthorizerResultTtlInSeconds, EnableSimpleResponses, IdentitySource }).toEqual(
      {
        AuthorizerType: 'REQUEST',
        AuthorizerPayloadFormatVersion: payload,
        AuthorizerResultTtlInSeconds: 0,
        EnableSimpleResponses: simple,
        IdentitySource: [],
      },
    );
    expect(only(template, 'AWS::ApiGatewayV2::Route').Properties).toMatchObject({ AuthorizationType: 'CUSTOM' });
  });
});

describe('for a WebSocket API', () => {
  const template = synthesizedStack((stack) => {
    const integration = new WebSocketLambdaIntegration('Backend', backend(stack));
    const connect = { integration, authorizer: authorizer(stack).forWebSocketApi() };
    new WebSocketApi(stack, 'Api', { connectRouteOptions: connect, defaultRouteOptions: { integration } });
  });

  it('the function decides each connection, with no identity source whose absence would decide instead', () => {
    const { AuthorizerType, IdentitySource } = only(template, 'AWS::ApiGatewayV2::Authorizer').Properties;
    expect({ AuthorizerType, IdentitySource }).toEqual({ AuthorizerType: 'REQUEST', IdentitySource: [] });
  });

  it('stands before $connect, the one route that can have an authorizer', () => {
    const routes = Object.values(resources(template, 'AWS::ApiGatewayV2::Route'));
    expect(routes.map(({ Properties }) => [Properties.RouteKey, Properties.AuthorizationType ?? 'NONE']).toSorted()).toEqual([
      ['$connect', 'CUSTOM'],
      ['$default', 'NONE'],
    ]);
  });
});

describe('props that cannot work are refused', () => {
  const refused: readonly [string, Partial<M2mAuthorizerProps>, string][] = [
    [
      'an issuer with a trailing slash',
      { issuer: 'https://auth.example.com/' },
      'issuer is "https://auth.example.com/", but ISSUER must be',
    ],
    ['an empty audience', { audience: '' }, 'audience is "", but AUDIENCE is not set'],
    ['no rules', { rules: [] }, 'must hold at least one rule'],
    ['a misspelt demand', { rules: [{ method: 'GET', path: '/', scope: ['read'] }] as any }, 'unknown member "scope"'],
    ['more rules than an environment holds', { rules: Array.from({ length: 200 }, () => props.rules[0]!) }, 'at most 3072 fit'],
    ['whenStale without a feed', { revocation: { table }, whenStale: 'allow' }, "may be given with revocation 'feed' alone"],
    ['an unknown revocation', { revocation: 'never' as any }, 'revocation is "never", but REVOCATION must be one of feed, off'],
  ];
  it.each(refused)('%s', (_, changed, message) => {
    expect(() => synthesizedStack((stack) => authorizer(stack, changed))).toThrow(message);
  });

  it.each([
    ['REST', (made: M2mAuthorizer) => made.forRestApi()],
    ['WebSocket', (made: M2mAuthorizer) => made.forWebSocketApi()],
  ] as const)('simple answers for a %s API', (kind, use) => {
    const build = () => synthesizedStack((stack) => use(authorizer(stack, { responseFormat: 'simple' })));
    expect(build).toThrow(`responseFormat is "simple", but it must be 'policy' for a ${kind} API`);
  });
});

describe('the sample', () => {
  const sample = synthesizedApp()['sample']!;
  const answers: Record<string, any> = Object.fromEntries(
    Object.values(resources(sample, 'AWS::ApiGateway::GatewayResponse')).map(({ Properties }) => [Properties.ResponseType, Properties]),
  );

  it('asks its authorizer at each of its methods', () => {
    const methods = Object.values(resources(sample, 'AWS::ApiGateway::Method'));
    expect(methods.map(({ Properties }) => [Properties.HttpMethod, Properties.AuthorizationType])).toEqual([
      ['GET', 'CUSTOM'],
      ['GET', 'CUSTOM'],
    ]);
  });

  it("refuses in RFC 6750's form", () => {
    const challenge = (type: string) => answers[type]!.ResponseParameters['gatewayresponse.header.WWW-Authenticate'];
    expect(challenge('UNAUTHORIZED')).toBe(`'Bearer realm="m2m-auth", error="invalid_token"'`);
    expect(challenge('ACCESS_DENIED')).toBe('context.authorizer.challenge');
  });

  it('an authorizer that fails is an outage, never a 500', () => {
    for (const type of ['AUTHORIZER_FAILURE', 'AUTHORIZER_CONFIGURATION_ERROR']) {
      expect(answers[type]!.StatusCode).toBe('503');
      expect(answers[type]!.ResponseParameters['gatewayresponse.header.Retry-After']).toBe("'1'");
    }
  });

  it('every answer of the gateway is JSON with error, description and trace id, and is not cached', () => {
    expect(Object.keys(answers)).toEqual(expect.arrayContaining(['DEFAULT_4XX', 'DEFAULT_5XX', 'THROTTLED']));
    for (const { ResponseTemplates, ResponseParameters } of Object.values(answers)) {
      expect(Object.keys(JSON.parse(ResponseTemplates['application/json']))).toEqual(['error', 'error_description', 'trace_id']);
      expect(ResponseParameters['gatewayresponse.header.Cache-Control']).toBe("'no-store'");
    }
  });

  it('sets the answers before it is deployed', () => {
    const deployment: any = only(sample, 'AWS::ApiGateway::Deployment');
    expect(deployment.DependsOn).toEqual(expect.arrayContaining(Object.keys(resources(sample, 'AWS::ApiGateway::GatewayResponse'))));
  });
});
