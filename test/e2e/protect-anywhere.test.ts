// APIs of other teams, in stacks and programs of their own, that know nothing of the service but its issuer URL.
import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { LambdaIntegration, RestApi } from 'aws-cdk-lib/aws-apigateway';
import { HttpApi, WebSocketApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration, WebSocketLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Template } from 'aws-cdk-lib/assertions';
import express from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { M2mAuthorizer } from '../../lib/m2m-authorizer.ts';
import { startEnvironment, type ExecutionEnvironment } from '../../local/functions/environment.ts';
import { authOf } from '../../src/verify/attached-auth.ts';
import { expressAuth } from '../../src/verify/express.ts';
import { createVerifier, type Refusal } from '../../src/verify/verifier.ts';
import { httpPayload1, httpPayload2, restRequest, restToken, webSocketConnect, type Sent } from '../authorizer/events.ts';
import { isAllowedBy } from '../authorizer/iam-policy.ts';
import { resources } from '../infra/synthesized-app.ts';
import { bearer } from './call.ts';
import { endpointsOf, expectOk } from './endpoints.ts';
import { runningService } from './running-service.ts';
import { temporaryFolder } from './service-process.ts';

const BOUND_MS = 5_000;
const service = runningService();
const { token, accessToken, revoke, register, manage } = endpointsOf(service);
const folder = temporaryFolder();
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('a stack of its own in another account', () => {
  const environments: ExecutionEnvironment[] = [];
  /** The bundle of each authorizer that the stack would upload, in the environment that its template says. */
  const authorizers: Record<string, ExecutionEnvironment> = {};
  beforeAll(() => {
    const outdir = join(folder, 'cdk.out');
    mkdirSync(outdir);
    const app = new App({ outdir, analyticsReporting: false, builtinCloudFormationValidation: false });
    const stack = new Stack(app, 'orders', { env: { account: '444455556666', region: 'eu-central-1' } });
    const code = { code: Code.fromInline('//'), handler: 'index.handler', runtime: Runtime.NODEJS_24_X };
    const backend = new LambdaFunction(stack, 'Backend', code);
    const rules = [
      { method: 'GET', path: '/orders', scopes: ['read'] },
      { method: 'GET', path: '/$connect', scopes: ['read'] },
    ];
    const props = { issuer: service.issuer, audience: service.issuer, rules };
    const policy = new M2mAuthorizer(stack, 'Policy', props);
    const simple = new M2mAuthorizer(stack, 'Simple', { ...props, responseFormat: 'simple' });
    const rest = new RestApi(stack, 'Rest', { cloudWatchRole: false });
    rest.root.addResource('orders').addMethod('GET', new LambdaIntegration(backend), { authorizer: policy.forRestApi() });
    for (const [name, authorizer] of Object.entries({ Http1: policy.forHttpApi(), Http2: simple.forHttpApi() }))
      new HttpApi(stack, name, { defaultAuthorizer: authorizer }).addRoutes({
        path: '/orders',
        integration: new HttpLambdaIntegration('Backend', backend),
      });
    const integration = new WebSocketLambdaIntegration('Backend', backend);
    new WebSocketApi(stack, 'Socket', { connectRouteOptions: { integration, authorizer: policy.forWebSocketApi() } });
    const template = Template.fromJSON(app.synth().getStackByName('orders').template);
    for (const [id, { Properties }] of Object.entries(resources(template, 'AWS::Lambda::Function'))) {
      const variables: Record<string, string> | undefined = Properties.Environment?.Variables;
      if (variables === undefined) continue;
      const directory = join(outdir, `asset.${String(Properties.Code.S3Key).replace(/[.]zip$/, '')}`);
      const spec = { functionName: id, functionArn: `arn:aws:lambda:eu-central-1:444455556666:function:${id}`, directory };
      const environment = startEnvironment({
        spec: { ...spec, handler: Properties.Handler, memoryMb: Properties.MemorySize },
        variables,
        onOutput: () => undefined,
      });
      environments.push(environment);
      authorizers[variables['RESPONSE_FORMAT']!] = environment;
    }
  });
  afterAll(() => Promise.all(environments.map((environment) => environment.stop())));

  const SHAPES = {
    'REST, REQUEST': [restRequest, 'policy'],
    'REST, TOKEN': [restToken, 'policy'],
    'HTTP, payload 1.0': [httpPayload1, 'policy'],
    'HTTP, payload 2.0, policy': [httpPayload2, 'policy'],
    'HTTP, payload 2.0, simple': [httpPayload2, 'simple'],
    'WebSocket, $connect': [webSocketConnect, 'policy'],
  } as const;
  async function verdict(shape: keyof typeof SHAPES, sent: Sent): Promise<string> {
    const [eventOf, format] = SHAPES[shape];
    const event = eventOf({ path: '/orders', ...sent });
    const result = await authorizers[format]!.invoke(JSON.stringify(event), 10_000);
    if (!result.ok) return result.errorMessage;
    const { isAuthorized, policyDocument, context } = result.payload as any;
    const arn = 'routeArn' in event ? event.routeArn : event.methodArn;
    return (isAuthorized ?? isAllowedBy(policyDocument, arn)) ? `allowed ${context.client_id}` : 'denied';
  }

  it.each(Object.keys(SHAPES) as (keyof typeof SHAPES)[])('%s: lets a good token pass, and no other', async (shape) => {
    const client = await register();
    const good = await accessToken(client, { scope: 'read' });
    expect(await verdict(shape, { authorization: `Bearer ${good}` })).toBe(`allowed ${client.client_id}`);
    const narrow = await accessToken(client, { scope: 'write' });
    expect(await verdict(shape, { authorization: `Bearer ${narrow}` })).toBe('denied');
    expect(await verdict(shape, { authorization: `Bearer ${good.slice(0, -6)}AAAAAA` })).toBe('Unauthorized');
    expect(await verdict(shape, {})).toBe('Unauthorized');
  });

  it('a token that was revoked opens no connection any more, within 5 s', async () => {
    const client = await register();
    const good = await accessToken(client);
    const connect = () => verdict('WebSocket, $connect', { authorization: `Bearer ${good}` });
    expect(await connect()).toBe(`allowed ${client.client_id}`);
    await revoke(client, { token: good });
    await expect.poll(connect, { timeout: BOUND_MS, interval: 100 }).toBe('Unauthorized');
  });
});

describe('an Express server', () => {
  const refusals: Refusal[] = [];
  let url: string;
  let close: () => void;
  beforeAll(async () => {
    const verifier = createVerifier({ issuer: service.issuer, audience: service.issuer, onRefusal: (refusal) => refusals.push(refusal) });
    const app = express();
    app.get('/orders', expressAuth(verifier, { scopes: ['read'] }), (request, response) => {
      response.json(authOf(request).context);
    });
    app.get('/admin', expressAuth(verifier, { roles: ['admin'] }), (_, response) => void response.send('admin'));
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    close = () => {
      server.close();
      server.closeAllConnections();
    };
  });
  afterAll(() => {
    close();
  });
  const get = (path: string, headers: Record<string, string>) => fetch(`${url}${path}`, { headers });

  it('knows its callers by their tokens, or by their API keys', async () => {
    const client = await register();
    const byToken = await get('/orders', bearer(await accessToken(client)));
    expect(await byToken.json()).toMatchObject({ client_id: client.client_id, scope: 'read write', auth_method: 'client_secret' });
    const { api_key: key } = (await manage('POST', `/clients/${client.client_id}/api-keys`, { scope: 'read' })).body;
    const byKey = await get('/orders', { 'x-api-key': key });
    expect(await byKey.json()).toMatchObject({ client_id: client.client_id, scope: 'read', auth_method: 'api_key' });
    expect((await get('/admin', { 'x-api-key': key })).status).toBe(403);
  });

  it.each([
    ['a token', async (client, session) => expectOk(await revoke(client, { token: session.access_token }))],
    ['its session', async (client, session) => expectOk(await revoke(client, { token: session.refresh_token }))],
    ['everything of its client', async (client) => expectOk(await revoke(client, { all: 'true' }))],
  ] satisfies [
    string,
    (client: Parameters<typeof revoke>[0], session: { access_token: string; refresh_token: string }) => Promise<unknown>,
  ][])('refuses within 5 s when %s is revoked, for good, and says why in its log', async (_, revokeIt) => {
    const client = await register();
    const session = expectOk(await token(client)).body;
    const status = async () => (await get('/orders', bearer(session.access_token))).status;
    expect([await status(), await status(), await status()]).toEqual([200, 200, 200]);
    await revokeIt(client, session);
    await expect.poll(status, { timeout: BOUND_MS, interval: 100 }).toBe(401);
    expect(await status()).toBe(401);
    const reasons = refusals.filter(({ clientId }) => clientId === client.client_id).map(({ reason }) => reason);
    expect(reasons.length).toBeGreaterThan(1);
    for (const reason of reasons) expect(['token_revoked', 'session_ended', 'epoch_raised']).toContain(reason);
  });
});
