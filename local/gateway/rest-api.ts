// A REST API on the issuer's origin, without its stage path: payload format 1.0, Lambda authorizers, gateway responses.
import { ACCOUNT } from '../template/account.ts';
import type { RestApiSpec, RestMethodSpec } from '../template/rest-api.ts';
import { answerFromPayload1, type Answer } from './answer.ts';
import { createAuthorizer, type Authorizer, type AuthorizerContext } from './authorizer.ts';
import { gatewayResponse, type GatewayResponseType } from './gateway-response.ts';
import { invokeIntegration, isText, type Api, type Functions } from './http-api.ts';
import { firstHeader, requestTime, type GatewayRequest } from './request.ts';
import { createRouteTable } from './routes.ts';

export type RestApi = Api & { /** Whether the path is this API's, whatever the method. */ owns(path: string): boolean };

export function createRestApi(spec: RestApiSpec, functions: Functions): RestApi {
  const routes = createRouteTable(spec.methods.map((target) => ({ method: target.method, path: target.path, target })));
  const authorizers = new Map<RestMethodSpec['authorizer'], Authorizer>();
  for (const { authorizer } of spec.methods)
    if (authorizer && !authorizers.has(authorizer)) {
      const target = authorizer.functionName === undefined ? undefined : functions.get(authorizer.functionName);
      authorizers.set(authorizer, createAuthorizer(authorizer, target && ((event) => target.invoke(event))));
    }

  return {
    owns: (path) => routes.owns(path),
    async handle(request) {
      let context: AuthorizerContext = {};
      const refuse = (type: GatewayResponseType): Answer =>
        gatewayResponse(spec.gatewayResponses, type, {
          requestId: request.id,
          authorizer: context,
          path: `/${spec.stage}${request.path}`,
          method: request.method,
        });
      const matched = routes.match(request.method, request.path);
      if (!matched) return refuse('MISSING_AUTHENTICATION_TOKEN');
      const { target: method, pathParameters } = matched;
      const event = eventOf(spec, request, method, pathParameters);
      const authorize = authorizers.get(method.authorizer);
      if (authorize) {
        const authorization = await authorize({ request, methodArn: `${spec.arn}/${request.method}${request.path}`, event });
        context = authorization.context;
        if (!authorization.allowed) return refuse(authorization.response);
      }
      const full = { ...event, requestContext: { ...event.requestContext, ...(authorize ? { authorizer: context } : {}) } };
      const result = await invokeIntegration(method.integration, functions, JSON.stringify(full));
      if (result === 'timeout') return refuse('INTEGRATION_TIMEOUT');
      return (result.ok ? answerFromPayload1(result.payload) : undefined) ?? refuse('INTEGRATION_FAILURE');
    },
  };
}

function eventOf(spec: RestApiSpec, request: GatewayRequest, method: RestMethodSpec, pathParameters: Readonly<Record<string, string>>) {
  const query = queryOf(request.query);
  const text = isText(firstHeader(request, 'content-type')) || request.body.length === 0;
  return {
    resource: method.path,
    path: request.path,
    httpMethod: request.method,
    // The last value of a repeated header, as payload 1.0 has it.
    headers: Object.fromEntries([...request.headers].map(([name, values]) => [name, values.at(-1) ?? ''])),
    multiValueHeaders: Object.fromEntries(request.headers),
    queryStringParameters: query && Object.fromEntries(Object.entries(query).map(([name, values]) => [name, values.at(-1) ?? ''])),
    multiValueQueryStringParameters: query,
    pathParameters: Object.keys(pathParameters).length > 0 ? pathParameters : null,
    stageVariables: null,
    requestContext: {
      accountId: ACCOUNT,
      apiId: spec.apiId,
      domainName: firstHeader(request, 'host') ?? '',
      domainPrefix: spec.apiId,
      extendedRequestId: request.id,
      httpMethod: request.method,
      identity: {
        accessKey: null,
        accountId: null,
        caller: null,
        ...(request.clientCert && { clientCert: request.clientCert }),
        sourceIp: request.sourceIp,
        user: null,
        userAgent: firstHeader(request, 'user-agent') ?? null,
        userArn: null,
      },
      path: `/${spec.stage}${request.path}`,
      protocol: request.protocol,
      requestId: request.id,
      requestTime: requestTime(request.timeMs),
      requestTimeEpoch: request.timeMs,
      resourceId: method.path,
      resourcePath: method.path,
      stage: spec.stage,
    },
    body: request.body.length === 0 ? null : request.body.toString(text ? 'utf8' : 'base64'),
    isBase64Encoded: !text,
  };
}

function queryOf(query: string): Readonly<Record<string, readonly string[]>> | null {
  if (query === '') return null;
  const values: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (const [name, value] of new URLSearchParams(query)) (values[name] ??= []).push(value);
  return values;
}
