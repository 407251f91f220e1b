// The HTTP API: its routes and the functions behind them.
import type { Found, Reader } from './reader.ts';

export type LambdaIntegration = {
  /** Name of the function; undefined where API Gateway may not invoke it (no matching permission). */
  readonly functionName: string | undefined;
  readonly timeoutMs: number;
};
export type HttpRouteSpec = {
  /** `POST /token`, `ANY /x/{proxy+}` or `$default`. */
  readonly routeKey: string;
  readonly integration: LambdaIntegration;
  /** `AWS_IAM`: callers sign (SigV4), and their policies must allow the call. */
  readonly authorization: 'NONE' | 'AWS_IAM';
};
export type HttpApiSpec = { readonly apiId: string; readonly routes: readonly HttpRouteSpec[] };

const HTTP_API_TIMEOUT_MS = 30_000;

export function readHttpApi(reader: Reader): HttpApiSpec {
  const [api, ...others] = reader.all('AWS::ApiGatewayV2::Api');
  if (!api) throw new Error('the templates have no HTTP API');
  if (others.length > 0) others[0]?.refuse('is a second HTTP API; the local run serves one');
  if (api.optionalText('ProtocolType') !== 'HTTP') api.refuse('is not an HTTP API');
  if (Object.keys(api.object('CorsConfiguration')).length > 0) api.refuse('has a CORS configuration, which the local run does not know');
  for (const stage of reader.all('AWS::ApiGatewayV2::Stage')) if (stage.ref !== '$default') stage.refuse('is not the $default stage');
  const apiId = api.ref;
  const integrations = new Map(
    reader.all('AWS::ApiGatewayV2::Integration').map((found) => [found.ref, integrationOf(reader, found, apiId)]),
  );
  const routes = reader.all('AWS::ApiGatewayV2::Route').map((route) => {
    const type = route.optionalText('AuthorizationType') ?? 'NONE';
    const known = (['NONE', 'AWS_IAM'] as const).find((candidate) => candidate === type);
    const authorization = known ?? route.refuse(`has the authorization ${type}, which the local run does not know`);
    const integration = integrations.get(route.text('Target').replace('integrations/', ''));
    return {
      routeKey: route.text('RouteKey'),
      integration: integration ?? route.refuse('has a target that is no integration'),
      authorization,
    };
  });
  return { apiId, routes };
}

function integrationOf(reader: Reader, integration: Found, apiId: string): LambdaIntegration {
  if (integration.text('IntegrationType') !== 'AWS_PROXY') integration.refuse('is not a Lambda proxy integration');
  if (integration.optionalText('PayloadFormatVersion') !== '2.0') integration.refuse('has not payload format 2.0');
  return {
    functionName: invocable(reader, integration, integration.text('IntegrationUri'), apiId),
    timeoutMs: integration.number('TimeoutInMillis', HTTP_API_TIMEOUT_MS),
  };
}

/** The function that an integration or authorizer URI names, if its resource policy lets this API invoke it. */
export function invocable(reader: Reader, owner: Found, uri: string, apiId: string): string | undefined {
  const name = /:function:([A-Za-z0-9_-]+)/.exec(uri)?.[1];
  const target = reader.all('AWS::Lambda::Function').find((found) => found.ref === name);
  if (!target) return owner.refuse(`invokes ${uri}, which is no function of these templates`);
  const permitted = reader
    .all('AWS::Lambda::Permission')
    .filter((permission) => permission.text('Principal') === 'apigateway.amazonaws.com')
    .filter((permission) => [target.ref, target.attribute('Arn')].includes(permission.text('FunctionName')))
    .some((permission) => (permission.optionalText('SourceArn') ?? apiId).includes(apiId));
  return permitted ? target.ref : undefined;
}
