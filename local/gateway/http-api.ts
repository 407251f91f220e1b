// The HTTP API: payload format 2.0, routes with `$default`, and the gateway's own fixed answers.
import type { InvocationResult } from '../functions/environment.ts';
import type { LambdaFunction } from '../functions/lambda-function.ts';
import { ACCOUNT } from '../template/account.ts';
import type { HttpApiSpec, HttpRouteSpec, LambdaIntegration } from '../template/http-api.ts';
import { answerFromPayload2, FORBIDDEN, gatewayAnswer, INTERNAL_SERVER_ERROR, SERVICE_UNAVAILABLE, type Answer } from './answer.ts';
import type { IamAuthorizer, IamIdentity } from './iam-authorizer.ts';
import { firstHeader, requestTime, type GatewayRequest } from './request.ts';
import { createRouteTable, type RouteMatch } from './routes.ts';

export type Api = { handle(request: GatewayRequest): Promise<Answer> };
export type Functions = ReadonlyMap<string, LambdaFunction>;

/** @param authorizeIam who may call the routes with IAM authorization; without it, nobody. */
export function createHttpApi(spec: HttpApiSpec, functions: Functions, authorizeIam?: IamAuthorizer): Api {
  const fallback = spec.routes.find((route) => route.routeKey === '$default');
  const routes = createRouteTable(
    spec.routes
      .filter((route) => route !== fallback)
      .map((route) => {
        const [method = 'ANY', path = '/'] = route.routeKey.split(' ');
        return { method, path, target: route };
      }),
  );
  const invoke = async (
    request: GatewayRequest,
    { target, pathParameters }: RouteMatch<HttpRouteSpec>,
    iam?: IamIdentity,
  ): Promise<Answer> => {
    const event = eventOf(spec.apiId, request, target.routeKey, pathParameters, iam);
    const result = await invokeIntegration(target.integration, functions, JSON.stringify(event));
    if (result === 'timeout') return SERVICE_UNAVAILABLE;
    return (result.ok ? answerFromPayload2(result.payload) : undefined) ?? INTERNAL_SERVER_ERROR;
  };
  return {
    async handle(request) {
      const matched: RouteMatch<HttpRouteSpec> | undefined =
        routes.match(request.method, request.path) ?? (fallback && { target: fallback, pathParameters: {} });
      if (!matched) return gatewayAnswer(404, 'Not Found');
      if (matched.target.authorization === 'NONE') return invoke(request, matched);
      const iam = await authorizeIam?.(request, spec.apiId);
      return iam === undefined ? FORBIDDEN : invoke(request, matched, iam);
    },
  };
}

/** `timeout` = the integration's own time is over; a function that exceeds its own is a function error. */
export async function invokeIntegration(
  integration: LambdaIntegration,
  functions: Functions,
  event: string,
): Promise<InvocationResult | 'timeout'> {
  const target = integration.functionName === undefined ? undefined : functions.get(integration.functionName);
  if (!target)
    return {
      ok: false,
      kind: 'init',
      errorType: 'AccessDeniedException',
      errorMessage: 'API Gateway may not invoke the function',
      trace: '',
    };
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(resolve, integration.timeoutMs, 'timeout');
  });
  try {
    return await Promise.race([target.invoke(event), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

export function eventOf(
  apiId: string,
  request: GatewayRequest,
  routeKey: string,
  pathParameters: Readonly<Record<string, string>>,
  iam?: IamIdentity,
): object {
  const headers: Record<string, string> = {};
  for (const [name, values] of request.headers)
    if (name !== 'cookie' && !(iam && name === 'authorization')) headers[name] = values.join(',');
  return {
    version: '2.0',
    routeKey,
    rawPath: request.path,
    rawQueryString: request.query,
    ...cookiesOf(request),
    headers,
    ...joinedQuery(request.query),
    requestContext: {
      accountId: ACCOUNT,
      apiId,
      ...(iam && { authorizer: { iam } }),
      ...(request.clientCert && { authentication: { clientCert: request.clientCert } }),
      domainName: firstHeader(request, 'host') ?? '',
      domainPrefix: apiId,
      http: {
        method: request.method,
        path: request.path,
        protocol: request.protocol,
        sourceIp: request.sourceIp,
        userAgent: firstHeader(request, 'user-agent') ?? '',
      },
      requestId: request.id,
      routeKey,
      stage: '$default',
      time: requestTime(request.timeMs),
      timeEpoch: request.timeMs,
    },
    ...(Object.keys(pathParameters).length > 0 ? { pathParameters } : {}),
    ...bodyOf(request),
  };
}

function cookiesOf(request: GatewayRequest): { cookies?: readonly string[] } {
  const cookies = (request.headers.get('cookie') ?? [])
    .flatMap((line) => line.split(';'))
    .map((cookie) => cookie.trim())
    .filter(Boolean);
  return cookies.length > 0 ? { cookies } : {};
}

function bodyOf(request: GatewayRequest): { body?: string; isBase64Encoded: boolean } {
  if (request.body.length === 0) return { isBase64Encoded: false };
  const text = isText(firstHeader(request, 'content-type'));
  return { body: request.body.toString(text ? 'utf8' : 'base64'), isBase64Encoded: !text };
}

/** HTTP APIs hand on text, JSON, XML and JavaScript as it is and everything else, forms too, in base64. */
export const isText = (contentType: string | undefined): boolean =>
  /^\s*(text\/[^;]*|application\/(json|javascript|xml|[^;\s]+\+(json|xml)))\s*(;|$)/i.test(contentType ?? '');

/** Repeated parameters are joined with commas. */
function joinedQuery(query: string): { queryStringParameters?: Readonly<Record<string, string>> } {
  if (query === '') return {};
  const joined: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of new URLSearchParams(query)) joined[name] = name in joined ? `${joined[name]},${value}` : value;
  return { queryStringParameters: joined };
}
