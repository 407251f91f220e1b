import { describe, expect, it } from 'vitest';
import type { InvocationResult } from '../../../local/functions/environment.ts';
import type { LambdaFunction } from '../../../local/functions/lambda-function.ts';
import { createRestApi } from '../../../local/gateway/rest-api.ts';
import type { AuthorizerSpec, GatewayResponseSpec, RestApiSpec } from '../../../local/template/rest-api.ts';
import { requestOf } from './request.ts';

const ARN = 'arn:aws:execute-api:us-east-1:000000000000:api/v1';
const REQUEST: AuthorizerSpec = {
  type: 'REQUEST',
  functionName: 'authorizer',
  identitySources: [],
  validationExpression: undefined,
  cacheSeconds: 0,
};
const TOKEN: AuthorizerSpec = {
  ...REQUEST,
  type: 'TOKEN',
  identitySources: ['method.request.header.Authorization'],
  validationExpression: 'Bearer .+',
};
const RESPONSES: Readonly<Record<string, GatewayResponseSpec>> = {
  UNAUTHORIZED: {
    statusCode: undefined,
    headers: { 'WWW-Authenticate': '\'Bearer error="invalid_token"\'' },
    templates: { 'application/json': '{"id":"$context.requestId"}' },
  },
  ACCESS_DENIED: {
    statusCode: undefined,
    headers: { 'WWW-Authenticate': 'context.authorizer.challenge', 'X-None': 'context.authorizer.none' },
    templates: { 'application/json': '{"t":"$context.authorizer.trace_id"}' },
  },
  DEFAULT_5XX: { statusCode: 503, headers: {}, templates: {} },
};
const allow = (context: Record<string, unknown> = {}, resource = `${ARN}/GET/*`) => ({
  principalId: 'me',
  policyDocument: { Statement: [{ Effect: 'Allow', Action: 'execute-api:Invoke', Resource: resource }] },
  context,
});

type Call = { readonly name: string; readonly event: Record<string, unknown> };
function api(
  authorizer: AuthorizerSpec,
  decision: unknown,
  options: { throws?: string; responses?: RestApiSpec['gatewayResponses'] } = {},
) {
  const calls: Call[] = [];
  const functionOf = (name: string, result: InvocationResult): LambdaFunction => ({
    name,
    invoke: (event) => {
      calls.push({ name, event: JSON.parse(event) as Record<string, unknown> });
      return Promise.resolve(result);
    },
    warm: () => undefined,
    stop: () => Promise.resolve(),
  });
  const decided: InvocationResult =
    options.throws === undefined
      ? { ok: true, payload: decision }
      : { ok: false, kind: 'thrown', errorType: 'Error', errorMessage: options.throws, trace: '' };
  const functions = new Map([
    ['authorizer', functionOf('authorizer', decided)],
    ['sample', functionOf('sample', { ok: true, payload: { statusCode: 200, headers: { 'WWW-Authenticate': 'Basic' }, body: '{}' } })],
  ]);
  const method = { method: 'GET', path: '/protected', integration: { functionName: 'sample', timeoutMs: 1000 }, authorizer };
  const rest = createRestApi(
    { apiId: 'api', stage: 'v1', arn: ARN, methods: [method], gatewayResponses: options.responses ?? RESPONSES },
    functions,
  );
  return { rest, calls };
}
const request = requestOf({ path: '/protected', query: 'a=1&a=2', headers: { authorization: ['Bearer x'], 'x-twice': ['1', '2'] } });

describe('a REST API behind a Lambda authorizer', () => {
  it('hands the context on as text, and renames WWW-Authenticate', async () => {
    const { rest, calls } = api(REQUEST, allow({ scope: 'read', count: 3, flag: true, nothing: null }));
    const answer = await rest.handle(request);
    expect(answer).toMatchObject({
      status: 200,
      headers: [
        ['x-amzn-Remapped-WWW-Authenticate', 'Basic'],
        ['content-type', 'application/json'],
      ],
    });
    expect(calls.map(({ name }) => name)).toEqual(['authorizer', 'sample']);
    expect(calls[0]?.event).toMatchObject({
      type: 'REQUEST',
      methodArn: `${ARN}/GET/protected`,
      path: '/protected',
      headers: { authorization: 'Bearer x', 'x-twice': '2' },
      multiValueHeaders: { 'x-twice': ['1', '2'] },
    });
    expect(calls[1]?.event).toMatchObject({
      resource: '/protected',
      httpMethod: 'GET',
      queryStringParameters: { a: '2' },
      multiValueQueryStringParameters: { a: ['1', '2'] },
      body: null,
      isBase64Encoded: false,
      requestContext: {
        stage: 'v1',
        path: '/v1/protected',
        identity: { sourceIp: '192.0.2.1' },
        authorizer: { principalId: 'me', scope: 'read', count: '3', flag: 'true' },
      },
    });
  });
  it('says UNAUTHORIZED when the authorizer fails with exactly that', async () => {
    const answer = await api(REQUEST, undefined, { throws: 'Unauthorized' }).rest.handle(request);
    expect(answer).toEqual({
      status: 401,
      headers: [
        ['content-type', 'application/json'],
        ['WWW-Authenticate', 'Bearer error="invalid_token"'],
      ],
      body: '{"id":"request-1"}',
    });
  });
  it('says ACCESS_DENIED with what the authorizer said, leaving out headers without a value', async () => {
    const denied = allow({ challenge: 'Bearer error="insufficient_scope"', trace_id: 'abc' }, `${ARN}/GET/other`);
    const answer = await api(REQUEST, denied).rest.handle(request);
    expect(answer).toEqual({
      status: 403,
      headers: [
        ['content-type', 'application/json'],
        ['WWW-Authenticate', 'Bearer error="insufficient_scope"'],
      ],
      body: '{"t":"abc"}',
    });
  });
  it.each([
    ['fails otherwise', undefined, 'boom'],
    ['answers without a principal', { policyDocument: { Statement: [] } }, undefined],
    ['answers without a policy', { principalId: 'me' }, undefined],
    ['answers with a nested context', allow({ nested: { a: 1 } }), undefined],
  ])('is a 5xx when the authorizer %s', async (_, decision, throws) => {
    const { rest } = api(REQUEST, decision, throws === undefined ? {} : { throws });
    expect(await rest.handle(request)).toMatchObject({ status: 503, body: '{"message":"Internal server error"}' });
  });
  it('says MISSING_AUTHENTICATION_TOKEN for a method that its path does not have', async () => {
    const { rest } = api(REQUEST, allow());
    expect(rest.owns('/protected')).toBe(true);
    expect(rest.owns('/token')).toBe(false);
    expect(await rest.handle({ ...request, method: 'POST' })).toMatchObject({
      status: 403,
      body: '{"message":"Missing Authentication Token"}',
    });
  });
});

describe('a TOKEN authorizer', () => {
  it('gets the token and nothing else', async () => {
    const { rest, calls } = api(TOKEN, allow());
    expect(await rest.handle(request)).toMatchObject({ status: 200 });
    expect(calls[0]?.event).toEqual({ type: 'TOKEN', methodArn: `${ARN}/GET/protected`, authorizationToken: 'Bearer x' });
  });
  it.each([
    ['no token', {}],
    ['a token that does not fit the expression', { authorization: ['Basic x'] }],
  ])('is not asked about %s', async (_, headers) => {
    const { rest, calls } = api(TOKEN, allow());
    expect(await rest.handle(requestOf({ path: '/protected', headers }))).toMatchObject({ status: 401 });
    expect(calls).toEqual([]);
  });
});

describe('remembered results', () => {
  it('are off with a TTL of 0', async () => {
    const { rest, calls } = api(TOKEN, allow());
    await rest.handle(request);
    await rest.handle(request);
    expect(calls.filter(({ name }) => name === 'authorizer')).toHaveLength(2);
  });
  it('go by the identity sources for as long as the TTL says', async () => {
    const { rest, calls } = api({ ...TOKEN, cacheSeconds: 60 }, allow());
    await rest.handle(request);
    await rest.handle(request);
    await rest.handle(requestOf({ path: '/protected', headers: { authorization: ['Bearer y'] } }));
    expect(calls.filter(({ name }) => name === 'authorizer')).toHaveLength(2);
  });
});
