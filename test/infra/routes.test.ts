import { expect, it } from 'vitest';
import type { M2mAuthProps } from '../../lib/m2m-auth-props.ts';
import { DEFAULT_ROUTE_FUNCTION, ROUTES } from '../../src/http/route-table.ts';
import { only, resources, synthesizedApp } from './synthesized-app.ts';

const { state, service } = synthesizedApp();

/** Name of the function that a route leads to, by way of its integration. */
function functionBehind(target: any): string {
  const integration = resources(service!)[target['Fn::Join'][1][1].Ref]!;
  expect(integration.Properties).toMatchObject({ IntegrationType: 'AWS_PROXY', PayloadFormatVersion: '2.0' });
  return /Functions(\w+?)Function/.exec(integration.Properties.IntegrationUri['Fn::GetAtt'][0])![1]!.toLowerCase();
}

it('the routes are those of the route table, each to its function, and everything else goes to the default', () => {
  const routes = Object.values(resources(service!, 'AWS::ApiGatewayV2::Route')).map(({ Properties }) => [
    Properties.RouteKey,
    functionBehind(Properties.Target),
  ]);
  const expected = [...ROUTES.map((route) => [`${route.method} ${route.path}`, route.function]), ['$default', DEFAULT_ROUTE_FUNCTION]];
  expect(routes.sort()).toEqual(expected.sort());
});

it('API Gateway itself checks the callers of the routes below /iam, and of no other', () => {
  for (const { Properties } of Object.values(resources(service!, 'AWS::ApiGatewayV2::Route')))
    expect([Properties.RouteKey, Properties.AuthorizationType]).toEqual([
      Properties.RouteKey,
      / \/iam\//.test(Properties.RouteKey) ? 'AWS_IAM' : 'NONE',
    ]);
});

it('the API is served at its root, in plain: no CORS, no body mapping, no second URL', () => {
  const api = only(state!, 'AWS::ApiGatewayV2::Api');
  expect(api.Properties).toMatchObject({ ProtocolType: 'HTTP', DisableExecuteApiEndpoint: false });
  expect(api.Properties.CorsConfiguration).toBeUndefined();
});

it('the stage throttles, and logs each request without headers, query or body', () => {
  const { Properties } = only(service!, 'AWS::ApiGatewayV2::Stage');
  expect(Properties).toMatchObject({ StageName: '$default', AutoDeploy: true });
  expect(Properties.DefaultRouteSettings).toMatchObject({ ThrottlingRateLimit: 500, ThrottlingBurstLimit: 1000 });
  const logged = Object.values(JSON.parse(Properties.AccessLogSettings.Format));
  expect(logged).toContain('$context.requestId');
  expect(logged.filter((variable) => /header|query|path$|body|authorizer/i.test(String(variable)))).toEqual([]);
});

it('the stage is deployed after all of its routes', () => {
  const stage: any = only(service!, 'AWS::ApiGatewayV2::Stage');
  expect(stage.DependsOn).toEqual(expect.arrayContaining(Object.keys(resources(service!, 'AWS::ApiGatewayV2::Route'))));
});

it('each function may be invoked by this API alone, or by its schedule alone', () => {
  const permissions = Object.values(resources(service!, 'AWS::Lambda::Permission'));
  expect(permissions).toHaveLength(Object.keys(resources(service!, 'AWS::Lambda::Function')).length);
  for (const { Properties } of permissions) {
    const scheduled = JSON.stringify(Properties.FunctionName).match(/Functions(Upkeep|RotateKeys)/) !== null;
    expect(Properties.Principal).toBe(scheduled ? 'events.amazonaws.com' : 'apigateway.amazonaws.com');
    expect(JSON.stringify(Properties.SourceArn)).toContain(scheduled ? 'Schedule' : 'IssuerApi');
  }
});

it('the outputs have the names that scripts and people read', () => {
  const outputs = Object.keys(service!.toJSON()['Outputs']);
  expect(outputs).toEqual(
    expect.arrayContaining(['IssuerUrl', 'TokenUrl', 'JwksUrl', 'TableName', 'IamCallerPolicy', 'IamAdministratorPolicy']),
  );
  expect(Object.keys(synthesizedApp()['sample']!.toJSON()['Outputs'])).toContain('SampleUrl');
});

it('the policies for callers and administrators open the routes below /iam, the former none that manages', () => {
  const outputs = service!.toJSON()['Outputs'];
  const allowedBy = (name: string): readonly string[] => {
    const text = outputs[name].Value['Fn::Join'][1].map((part: unknown) => (typeof part === 'string' ? part : 'x')).join('');
    const [statement, ...others] = JSON.parse(text).Statement;
    expect(others).toEqual([]);
    expect(statement).toMatchObject({ Effect: 'Allow', Action: 'execute-api:Invoke' });
    return statement.Resource.map((arn: string) => arn.replace('arn:x:execute-api:x:x:x/$default/', ''));
  };
  expect(allowedBy('IamCallerPolicy')).toEqual(['POST/iam/token', 'POST/iam/revoke', 'POST/iam/introspect']);
  expect(allowedBy('IamAdministratorPolicy')).toEqual([
    '*/iam/clients',
    '*/iam/clients/*',
    '*/iam/sessions',
    '*/iam/sessions/*',
    '*/iam/blocks',
    '*/iam/denied-certificates',
    '*/iam/trust-rules',
    '*/iam/trust-rules/*',
  ]);
  const routes = ROUTES.filter(({ authorization }) => authorization === 'iam').map(({ method, path }) => `${method}${path}`);
  const covered = routes.filter(
    (route) =>
      allowedBy('IamCallerPolicy').includes(route) || /\/iam\/(clients|sessions|blocks|denied-certificates|trust-rules)(\/|$)/.test(route),
  );
  expect(covered).toEqual(routes);
});

it('administrators are told to the functions that manage, where there are any', () => {
  const environments = (auth: M2mAuthProps = {}): readonly any[] =>
    Object.values(resources(synthesizedApp({ checks: false, auth })['service']!, 'AWS::Lambda::Function')).flatMap(
      ({ Properties }) => Properties.Environment?.Variables?.ADMINISTRATORS ?? [],
    );
  expect(environments()).toEqual([]);
  const administrators = ['arn:aws:iam::111122223333:role/ops'];
  expect(environments({ administrators })).toEqual([JSON.stringify(administrators), JSON.stringify(administrators)]);
});
