import { describe, expect, it } from 'vitest';
import type { InvocationResult } from '../../../local/functions/environment.ts';
import type { LambdaFunction } from '../../../local/functions/lambda-function.ts';
import { createHttpApi, eventOf, isText } from '../../../local/gateway/http-api.ts';
import { requestOf } from './request.ts';

describe('payload 2.0', () => {
  it('has the shape that API Gateway gives it', () => {
    const request = requestOf({
      method: 'POST',
      path: '/clients/a',
      query: 'x=1&x=2&y=%20',
      headers: {
        host: ['127.0.0.1:3000'],
        'user-agent': ['test'],
        authorization: ['Basic a', 'Bearer b'],
        cookie: ['c=1; d=2'],
        'content-type': ['application/json'],
      },
      body: '{"ä":1}',
    });
    expect(eventOf('api', request, 'POST /clients/{client_id}', { client_id: 'a' })).toEqual({
      version: '2.0',
      routeKey: 'POST /clients/{client_id}',
      rawPath: '/clients/a',
      rawQueryString: 'x=1&x=2&y=%20',
      cookies: ['c=1', 'd=2'],
      headers: { host: '127.0.0.1:3000', 'user-agent': 'test', authorization: 'Basic a,Bearer b', 'content-type': 'application/json' },
      queryStringParameters: { x: '1,2', y: ' ' },
      requestContext: {
        accountId: '000000000000',
        apiId: 'api',
        domainName: '127.0.0.1:3000',
        domainPrefix: 'api',
        http: { method: 'POST', path: '/clients/a', protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'test' },
        requestId: 'request-1',
        routeKey: 'POST /clients/{client_id}',
        stage: '$default',
        time: '21/Nov/2026:01:02:03 +0000',
        timeEpoch: Date.UTC(2026, 10, 21, 1, 2, 3),
      },
      pathParameters: { client_id: 'a' },
      body: '{"ä":1}',
      isBase64Encoded: false,
    });
  });
  it('encodes a form in base64 and leaves absent parts out', () => {
    const form = eventOf(
      'api',
      requestOf({ headers: { 'content-type': ['application/x-www-form-urlencoded'] }, body: 'a=b' }),
      '$default',
      {},
    );
    expect(form).toMatchObject({ body: Buffer.from('a=b').toString('base64'), isBase64Encoded: true });
    const bare = eventOf('api', requestOf(), '$default', {});
    for (const absent of ['body', 'cookies', 'pathParameters', 'queryStringParameters']) expect(bare).not.toHaveProperty(absent);
    expect(bare).toMatchObject({ isBase64Encoded: false });
  });
  it('never takes the address from a header', () => {
    const event = eventOf('api', requestOf({ headers: { 'x-forwarded-for': ['203.0.113.9'] } }), '$default', {});
    expect(event).toMatchObject({ requestContext: { http: { sourceIp: '192.0.2.1' } } });
  });
  it.each([
    ['text/plain', true],
    ['application/json; charset=utf-8', true],
    ['application/problem+json', true],
    ['application/xml', true],
    ['application/x-www-form-urlencoded', false],
    ['application/octet-stream', false],
    [undefined, false],
  ])('%s is text: %s', (type, expected) => {
    expect(isText(type)).toBe(expected);
  });
});

const functionOf = (result: InvocationResult | Promise<InvocationResult>): LambdaFunction => ({
  name: 'f',
  invoke: () => Promise.resolve(result),
  warm: () => undefined,
  stop: () => Promise.resolve(),
});
const answerTo = (result: InvocationResult | Promise<InvocationResult>, timeoutMs = 1000) =>
  createHttpApi(
    { apiId: 'api', routes: [{ routeKey: '$default', integration: { functionName: 'f', timeoutMs }, authorization: 'NONE' }] },
    new Map([['f', functionOf(result)]]),
  ).handle(requestOf());
const returned = (payload: unknown): InvocationResult => ({ ok: true, payload });

describe('answers', () => {
  it('hands on status, headers, cookies and decoded bodies', async () => {
    const answer = await answerTo(
      returned({
        statusCode: 201,
        headers: { 'x-a': '1' },
        cookies: ['a=1', 'b=2'],
        body: Buffer.from('hi').toString('base64'),
        isBase64Encoded: true,
      }),
    );
    expect(answer).toEqual({
      status: 201,
      headers: [
        ['x-a', '1'],
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
        ['content-type', 'text/plain;charset=UTF-8'],
      ],
      body: Buffer.from('hi'),
    });
  });
  it('takes an answer without a status as JSON', async () => {
    expect(await answerTo(returned({ a: 1 }))).toMatchObject({
      status: 200,
      headers: [['content-type', 'application/json']],
      body: '{"a":1}',
    });
  });
  it.each([
    ['a function error', { ok: false, kind: 'thrown', errorType: 'Error', errorMessage: 'x', trace: '' } as const],
    ['a malformed answer', returned({ statusCode: 'no' })],
  ])('says 500 with the fixed body for %s', async (_, result) => {
    expect(await answerTo(result)).toEqual({
      status: 500,
      headers: [['content-type', 'application/json']],
      body: '{"message":"Internal Server Error"}',
    });
  });
  it('says 503 with the fixed body when the integration takes too long', async () => {
    expect(await answerTo(new Promise(() => undefined), 10)).toMatchObject({ status: 503, body: '{"message":"Service Unavailable"}' });
  });
  it('says 500 where API Gateway may not invoke the function', async () => {
    const api = createHttpApi(
      {
        apiId: 'api',
        routes: [{ routeKey: '$default', integration: { functionName: undefined, timeoutMs: 1000 }, authorization: 'NONE' }],
      },
      new Map(),
    );
    expect(await api.handle(requestOf())).toMatchObject({ status: 500 });
  });
});
