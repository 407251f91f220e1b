// REST APIs: methods by path, their Lambda authorizers, and the answers that the gateway gives by itself.
import { ACCOUNT, REGION } from './account.ts';
import { invocable, type LambdaIntegration } from './http-api.ts';
import type { Found, Reader } from './reader.ts';
import { isObject } from './template.ts';

export type AuthorizerSpec = {
  readonly type: 'REQUEST' | 'TOKEN';
  readonly functionName: string | undefined;
  /** `method.request.header.Authorization`, ... */
  readonly identitySources: readonly string[];
  /** TOKEN only: what the token must look like for the function to be asked at all. */
  readonly validationExpression: string | undefined;
  /** 0 = nothing is remembered. */
  readonly cacheSeconds: number;
};
export type RestMethodSpec = {
  /** `GET` or `ANY`. */
  readonly method: string;
  /** `/protected`, with `{parameters}`. */
  readonly path: string;
  readonly integration: LambdaIntegration;
  readonly authorizer: AuthorizerSpec | undefined;
};
export type GatewayResponseSpec = {
  readonly statusCode: number | undefined;
  /** Header name -> mapping expression (`'text'` or `context.x.y`). */
  readonly headers: Readonly<Record<string, string>>;
  /** Media type -> body template. */
  readonly templates: Readonly<Record<string, string>>;
};
export type RestApiSpec = {
  readonly apiId: string;
  readonly stage: string;
  /** `arn:aws:execute-api:<region>:<account>:<api>/<stage>`, before `/GET/path`. */
  readonly arn: string;
  readonly methods: readonly RestMethodSpec[];
  readonly gatewayResponses: Readonly<Record<string, GatewayResponseSpec>>;
};

const REST_API_TIMEOUT_MS = 29_000;
/** API Gateway's own default when the template is silent. */
const AUTHORIZER_CACHE_SECONDS = 300;

export const readRestApis = (reader: Reader): readonly RestApiSpec[] =>
  reader.all('AWS::ApiGateway::RestApi').map((api) => restApi(reader, api));

function restApi(reader: Reader, api: Found): RestApiSpec {
  const apiId = api.ref;
  if (api.object('Body')['openapi'] !== undefined) api.refuse('is defined by OpenAPI, which the local run does not know');
  const own = (type: string): readonly Found[] => reader.all(type).filter((found) => found.text('RestApiId') === apiId);
  const [stage] = own('AWS::ApiGateway::Stage');
  if (!stage) return api.refuse('has no stage');
  const paths = resourcePaths(api, own('AWS::ApiGateway::Resource'));
  const authorizers = new Map(own('AWS::ApiGateway::Authorizer').map((found) => [found.ref, authorizerOf(reader, found, apiId)]));
  return {
    apiId,
    stage: stage.ref,
    arn: `arn:aws:execute-api:${REGION}:${ACCOUNT}:${apiId}/${stage.ref}`,
    methods: own('AWS::ApiGateway::Method').map((method) => methodOf(reader, method, { apiId, paths, authorizers })),
    gatewayResponses: Object.fromEntries(
      own('AWS::ApiGateway::GatewayResponse').map((found) => [found.text('ResponseType'), gatewayResponseOf(found)]),
    ),
  };
}

function resourcePaths(api: Found, resources: readonly Found[]): ReadonlyMap<string, string> {
  const paths = new Map([[api.attribute('RootResourceId'), '']]);
  // A resource may stand before its parent in the template: as many rounds as there are levels.
  for (let round = 0; round < resources.length && paths.size <= resources.length; round += 1)
    for (const resource of resources) {
      const parent = paths.get(resource.text('ParentId'));
      if (parent !== undefined) paths.set(resource.ref, `${parent}/${resource.text('PathPart')}`);
    }
  return paths;
}

type Context = {
  readonly apiId: string;
  readonly paths: ReadonlyMap<string, string>;
  readonly authorizers: ReadonlyMap<string, AuthorizerSpec>;
};

function methodOf(reader: Reader, method: Found, context: Context): RestMethodSpec {
  const integration = method.object('Integration');
  if (integration['Type'] !== 'AWS_PROXY') method.refuse('is not a Lambda proxy integration');
  if (method.optionalText('RequestValidatorId') !== undefined) method.refuse('has a request validator, which the local run does not know');
  if (method.flag('ApiKeyRequired', false)) method.refuse('requires an API key, which the local run does not know');
  const path = context.paths.get(method.text('ResourceId'));
  return {
    method: method.text('HttpMethod'),
    path: path === undefined ? method.refuse('belongs to no resource') : path || '/',
    integration: {
      functionName: invocable(reader, method, String(integration['Uri']), context.apiId),
      timeoutMs: Number(integration['TimeoutInMillis'] ?? REST_API_TIMEOUT_MS),
    },
    authorizer: methodAuthorizer(method, context),
  };
}

function methodAuthorizer(method: Found, { authorizers }: Context): AuthorizerSpec | undefined {
  const authorization = method.optionalText('AuthorizationType') ?? 'NONE';
  if (authorization === 'NONE') return undefined;
  if (authorization !== 'CUSTOM') method.refuse(`has the authorization ${authorization}, which the local run does not know`);
  return authorizers.get(method.text('AuthorizerId')) ?? method.refuse('has an authorizer that does not exist');
}

function authorizerOf(reader: Reader, authorizer: Found, apiId: string): AuthorizerSpec {
  const type = authorizer.text('Type');
  if (type !== 'REQUEST' && type !== 'TOKEN') return authorizer.refuse(`is of type ${type}, which the local run does not know`);
  return {
    type,
    functionName: invocable(reader, authorizer, authorizer.text('AuthorizerUri'), apiId),
    identitySources: (authorizer.optionalText('IdentitySource') ?? '')
      .split(',')
      .map((source) => source.trim())
      .filter(Boolean),
    validationExpression: authorizer.optionalText('IdentityValidationExpression'),
    cacheSeconds: authorizer.number('AuthorizerResultTtlInSeconds', AUTHORIZER_CACHE_SECONDS),
  };
}

function gatewayResponseOf(found: Found): GatewayResponseSpec {
  const status = found.optionalText('StatusCode');
  const headers: Record<string, string> = {};
  for (const [name, expression] of Object.entries(found.object('ResponseParameters'))) {
    const header = /^gatewayresponse\.header\.(.+)$/.exec(name)?.[1] ?? found.refuse(`sets ${name}, which is no header`);
    headers[header] = String(expression);
  }
  const templates = found.object('ResponseTemplates');
  return {
    statusCode: status === undefined ? undefined : Number(status),
    headers,
    templates: isObject(templates) ? Object.fromEntries(Object.entries(templates).map(([type, body]) => [type, String(body)])) : {},
  };
}
