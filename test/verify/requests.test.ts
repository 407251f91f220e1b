// What each converter makes of what servers and gateways hand over, with what a caller can put into it.
import { describe, expect, it } from 'vitest';
import { requestFromFetch } from '../../src/verify/fetch-request.ts';
import { lambdaAnswer, requestFromLambda } from '../../src/verify/lambda-request.ts';
import { requestFromNode } from '../../src/verify/node-request.ts';
import { accessRequest } from '../../src/verify/verify-request.ts';
import { functionUrlEvent, loadBalancerEvent, restProxyEvent } from './lambda-events.ts';

const TOKEN = 'Bearer a.b.c';
const sent = { path: '/orders/7', headers: { authorization: TOKEN, 'x-forwarded-for': '10.9.9.9, 198.51.100.7' } };

describe('an event of a load balancer', () => {
  it.each([false, true])('with multi-value headers: %s', (multiValue) => {
    const request = requestFromLambda(loadBalancerEvent({ ...sent, multiValue }), { proxies: 1 });
    expect(accessRequest(request)).toEqual({
      method: 'GET',
      path: '/orders/7',
      authorization: [TOKEN],
      apiKey: [],
      dpop: [],
      url: undefined,
      ip: '198.51.100.7',
    });
  });
  it('tells no address unless it is said how many proxies there are, and never one of its own', () => {
    expect(requestFromLambda(loadBalancerEvent(sent)).ip).toBeUndefined();
    expect(requestFromLambda(loadBalancerEvent(sent), { proxies: 0 }).ip).toBeUndefined();
  });
  it('shows a second Authorization header where it has it', () => {
    const twice = { ...loadBalancerEvent({ ...sent, multiValue: true }), multiValueHeaders: { Authorization: [TOKEN, 'Bearer d.e.f'] } };
    expect(accessRequest(requestFromLambda(twice)).authorization).toHaveLength(2);
  });
  it('is answered in the form that its target group takes', () => {
    const answer = { status: 401, headers: { 'www-authenticate': 'Bearer' }, body: '{}' };
    expect(lambdaAnswer(answer, loadBalancerEvent(sent))).not.toHaveProperty('multiValueHeaders');
    expect(lambdaAnswer(answer, loadBalancerEvent({ ...sent, multiValue: true }))).toMatchObject({
      statusCode: 401,
      multiValueHeaders: { 'www-authenticate': ['Bearer'] },
    });
  });
});

describe('an event of a gateway', () => {
  it.each([
    ['function URL or HTTP API', functionUrlEvent(sent)],
    ['REST API', restProxyEvent(sent)],
  ])('%s: has the address that the gateway saw, whatever a header says', (_, event) => {
    for (const options of [{}, { proxies: 1 }])
      expect(accessRequest(requestFromLambda(event, options))).toEqual({
        method: 'GET',
        path: '/orders/7',
        authorization: [TOKEN],
        apiKey: [],
        dpop: [],
        url: undefined,
        ip: '192.0.2.7',
      });
  });
  it('of a REST API shows all values of a header', () => {
    const event = restProxyEvent(sent);
    const twice = { ...event, multiValueHeaders: { ...event.multiValueHeaders, authorization: [TOKEN, 'Bearer d.e.f'] } };
    expect(accessRequest(requestFromLambda(twice)).authorization).toHaveLength(2);
  });
  it.each([
    undefined,
    null,
    'text',
    {},
    { Records: [] },
    { version: '2.0', rawPath: '/' },
    { httpMethod: 'GET', path: '/', requestContext: null },
  ])('that is none of these is refused: %j', (event) => {
    expect(() => requestFromLambda(event)).toThrow(TypeError);
  });
});

describe('a message of a Node server', () => {
  const message = (rawHeaders: readonly string[], more: object = {}) => ({
    method: 'GET',
    url: '/7?access_token=from-the-query',
    rawHeaders,
    socket: { remoteAddress: '::ffff:10.0.0.5' },
    ...more,
  });
  it('has its path without the query, all values of its headers, and no address by default', () => {
    expect(accessRequest(requestFromNode(message(['Authorization', TOKEN, 'X-Api-Key', 'k'])))).toEqual({
      method: 'GET',
      path: '/7',
      authorization: [TOKEN],
      apiKey: ['k'],
      dpop: [],
      url: undefined,
      ip: undefined,
    });
  });
  it('is seen from outside its router', () => {
    expect(requestFromNode(message([], { originalUrl: '/orders/7?a=b' })).path).toBe('/orders/7');
  });
  it('cannot hide a second Authorization header, which Node itself drops', () => {
    const request = requestFromNode(message(['Authorization', TOKEN, 'AUTHORIZATION', 'Bearer d.e.f']));
    expect(accessRequest(request).authorization).toEqual([TOKEN, 'Bearer d.e.f']);
  });
  it('takes any name of a header', () => {
    const request = requestFromNode(message(['__proto__', 'a', 'constructor', 'b', 'authorization', TOKEN]));
    expect(accessRequest(request).authorization).toEqual([TOKEN]);
  });
  it.each([
    [0, '10.0.0.5'],
    [1, '198.51.100.7'],
    [2, '10.9.9.9'],
    [3, undefined],
  ])('behind %i proxies comes from %s', (proxies, ip) => {
    expect(requestFromNode(message(['X-Forwarded-For', '10.9.9.9', 'x-forwarded-for', '198.51.100.7']), { proxies }).ip).toBe(ip);
  });
});

it('the header of a DPoP proof is among those that each reads, and the URL is what is configured', () => {
  const headers = { authorization: 'DPoP a.b.c', dpop: 'proof' };
  const fetched = new Request('https://forged.example/orders', { headers });
  const node = { method: 'GET', url: '/orders', rawHeaders: Object.entries(headers).flat(), socket: {} };
  for (const request of [requestFromFetch(fetched), requestFromNode(node), requestFromLambda(functionUrlEvent({ headers }))])
    expect(accessRequest(request, 'https://api.example')).toMatchObject({ dpop: ['proof'], url: 'https://api.example/orders' });
});

describe('a Fetch request', () => {
  const request = new Request('https://api.example/orders/7?a=b', { headers: { Authorization: TOKEN } });
  it('has path, method and token, and the address that is given beside', () => {
    expect(accessRequest(requestFromFetch(request))).toMatchObject({
      method: 'GET',
      path: '/orders/7',
      authorization: [TOKEN],
      ip: undefined,
    });
    expect(requestFromFetch(request, '192.0.2.7').ip).toBe('192.0.2.7');
  });
  it('with two Authorization headers has them joined, which is no token', () => {
    const headers = new Headers([
      ['authorization', TOKEN],
      ['authorization', TOKEN],
    ]);
    expect(accessRequest(requestFromFetch(new Request(request.url, { headers }))).authorization).toEqual([`${TOKEN}, ${TOKEN}`]);
  });
});
