import { describe, expect, it } from 'vitest';
import { normalIp, printable, requestFrom, resultFrom, traceIdFrom, type HttpApiEvent } from '../../src/http/lambda-event.ts';
import { jsonResponse, nowSeconds } from '../../src/http/message.ts';
import { httpRequest } from './http-request.ts';

const event = (members: Partial<HttpApiEvent> = {}, http = { method: 'POST', sourceIp: '192.0.2.1' }): HttpApiEvent => ({
  routeKey: 'POST /token',
  rawPath: '/token',
  requestContext: { http },
  ...members,
});
const from = (...given: Parameters<typeof event>) => requestFrom(event(...given), 1_800_000_000_999);
const HEX_32 = /^[0-9a-f]{32}$/;

describe('a request from an API Gateway event (payload 2.0)', () => {
  it('has its method, route, path, query and time', () => {
    expect(from({ rawQueryString: 'a=1' })).toMatchObject({
      method: 'POST',
      routeKey: 'POST /token',
      path: '/token',
      query: 'a=1',
      nowMs: 1_800_000_000_999,
    });
    expect(from().query).toBe('');
    expect(nowSeconds(from())).toBe(1_800_000_000);
  });

  it('has headers by lower-case name', () => {
    const { headers } = from({ headers: { 'Content-Type': 'a', authorization: 'b', gone: undefined } });
    expect([...headers]).toEqual([
      ['content-type', 'a'],
      ['authorization', 'b'],
    ]);
    expect(from().headers.size).toBe(0);
  });

  it("has the AWS principal on a route below /iam alone, where its signature is nobody else's credential", () => {
    const authorizer = { iam: { userArn: 'arn:aws:sts::111122223333:assumed-role/r/s' } };
    const requestContext = { http: { method: 'POST', sourceIp: '192.0.2.1' }, authorizer };
    const headers = { Authorization: 'AWS4-HMAC-SHA256 ...' };
    const signed = from({ routeKey: 'POST /iam/token', requestContext, headers });
    expect(signed).toMatchObject({ routeKey: 'POST /token', iam: authorizer.iam });
    expect(signed.headers.has('authorization')).toBe(false);
    for (const routeKey of ['POST /token', '$default', 'POST /iamtoken', 'GET /x/iam/token'])
      expect(from({ routeKey, requestContext, rawPath: '/iam/token', headers }).iam).toBeUndefined();
    for (const nobody of [undefined, null, {}, { iam: null }, { iam: { userArn: null } }])
      expect(from({ routeKey: 'POST /iam/token', requestContext: { ...requestContext, authorizer: nobody as never } }).iam).toEqual({
        userArn: '',
      });
  });

  it('has path parameters as API Gateway matched them', () => {
    expect([...from({ pathParameters: { client_id: 'c', gone: undefined } }).pathParameters]).toEqual([['client_id', 'c']]);
    expect(from().pathParameters.size).toBe(0);
  });

  it.each<[string, Partial<HttpApiEvent>, string]>([
    ['text', { body: 'a=\u00e4' }, 'a=\u00e4'],
    ['text that says so', { body: 'YT0x', isBase64Encoded: false }, 'YT0x'],
    ['base64', { body: 'YT0x', isBase64Encoded: true }, 'a=1'],
    ['nothing', {}, ''],
    ['null', { body: null }, ''],
  ])('has a body from %s', (_, members, text) => {
    expect(Buffer.from(from(members).body).toString()).toBe(text);
  });

  it('has the address of the connection, whatever headers say', () => {
    const headers = { 'x-forwarded-for': '203.0.113.9', 'x-real-ip': '203.0.113.9', forwarded: 'for=203.0.113.9' };
    expect(from({ headers }).ip).toBe('192.0.2.1');
  });

  it('has an IPv4-mapped address in its IPv4 form', () => {
    expect(from({}, { method: 'POST', sourceIp: '::ffff:192.0.2.7' }).ip).toBe('192.0.2.7');
    expect(normalIp('::FFFF:192.0.2.7')).toBe('192.0.2.7');
    for (const ip of ['2001:db8::1', '::ffff:c000:207', '::1', 'x::ffff:192.0.2.7', '::ffff:192.0.2.7x', '']) expect(normalIp(ip)).toBe(ip);
  });

  it('has a user agent of at most 256 printable characters', () => {
    expect(from({ headers: { 'user-agent': 'agent/1' } }).userAgent).toBe('agent/1');
    expect(from().userAgent).toBe('');
    expect(printable('a\r\nb\tc\0\u007f\u00e4\u{1f600} ~')).toBe('a??b?c????? ~');
    expect(printable('x'.repeat(300))).toHaveLength(256);
  });
});

describe('the trace id', () => {
  const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
  it('is the one of a valid traceparent (W3C Trace Context)', () => {
    for (const traceparent of [`00-${TRACE}-00f067aa0ba902b7-01`, `01-${TRACE}-0000000000000001-00`, `fe-${TRACE}-00f067aa0ba902b7-ff`]) {
      expect(traceIdFrom(traceparent)).toBe(TRACE);
    }
    const zeros = `00${TRACE.slice(4)}00`;
    expect(traceIdFrom(`00-${zeros}-00f067aa0ba902b7-01`)).toBe(zeros);
    expect(from({ headers: { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` } }).traceId).toBe(TRACE);
  });

  it.each([
    undefined,
    '',
    TRACE,
    `ff-${TRACE}-00f067aa0ba902b7-01`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`,
    `00-${TRACE}-00f067aa0ba902b7-01-x`,
    `x00-${TRACE}-00f067aa0ba902b7-01`,
    `00-${TRACE}-00f067aa0ba902b7-01\n`,
    `00-${TRACE}"-00f067aa0ba902b7-01`,
  ])('is made afresh for %j', (traceparent) => {
    const [one, other] = [traceIdFrom(traceparent), traceIdFrom(traceparent)];
    expect(one).toMatch(HEX_32);
    expect(one).not.toBe(other);
    expect(one).not.toBe(TRACE);
  });
});

describe('a result for API Gateway', () => {
  it('carries status, body and the headers that every answer owes', () => {
    const result = resultFrom({ status: 201, headers: { 'content-type': 'application/json' }, body: '{}' }, 't');
    expect(result).toEqual({
      statusCode: 201,
      body: '{}',
      isBase64Encoded: false,
      headers: {
        'content-type': 'application/json',
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
        'strict-transport-security': 'max-age=31536000; includeSubDomains',
        'x-trace-id': 't',
      },
    });
  });
});

it('a JSON answer is not stored unless it says otherwise (RFC 6749 section 5.1)', () => {
  expect(jsonResponse(200, { a: 1 })).toEqual({
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', pragma: 'no-cache' },
    body: '{"a":1}',
  });
  expect(jsonResponse(200, {}, { 'cache-control': 'max-age=1' }).headers).toEqual({
    'content-type': 'application/json',
    'cache-control': 'max-age=1',
  });
  expect(nowSeconds(httpRequest({ nowMs: 1_999 }))).toBe(1);
});
