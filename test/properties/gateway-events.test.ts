// What API Gateway hands over: whatever is in it, it becomes a request.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable, requestFrom, traceIdFrom, type HttpApiEvent } from '../../src/http/lambda-event.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 60 });

describe('API Gateway events', () => {
  const event: fc.Arbitrary<HttpApiEvent> = fc.record(
    {
      routeKey: anyText,
      rawPath: anyText,
      rawQueryString: anyText,
      headers: fc.dictionary(
        fc.oneof(anyText, fc.constantFrom('Authorization', 'TraceParent', 'user-agent')),
        fc.option(anyText, { nil: undefined }),
      ),
      pathParameters: fc.dictionary(anyText, fc.option(anyText, { nil: undefined })),
      body: fc.option(anyText, { nil: null }),
      isBase64Encoded: fc.boolean(),
      requestContext: fc.record({ http: fc.record({ method: anyText, sourceIp: fc.oneof(fc.ipV4(), fc.ipV6(), anyText) }) }),
    },
    { requiredKeys: ['routeKey', 'rawPath', 'requestContext'] },
  );

  it('every one is a request with lower-case headers, a printable user agent and a trace id of ours or a valid one', () => {
    fc.assert(
      fc.property(event, fc.nat(), (given, nowMs) => {
        const request = requestFrom(given, nowMs);
        expect(request.traceId).toMatch(/^[0-9a-f]{32}$/);
        expect(request.userAgent).toMatch(/^[\x20-\x7e]{0,256}$/);
        for (const name of request.headers.keys()) expect(name).toBe(name.toLowerCase());
      }),
      { numRuns: 1000 },
    );
  });

  it('no traceparent makes a trace id that is not 32 hexadecimal digits, nor one of zeros', () => {
    const hex = (length: number) => fc.string({ unit: fc.constantFrom(...'0123456789abcdef0'), minLength: length, maxLength: length });
    const near = fc.tuple(hex(2), fc.oneof(hex(32), fc.constant('0'.repeat(32))), hex(16), hex(2)).map((parts) => parts.join('-'));
    fc.assert(
      fc.property(fc.oneof(near, anyText), (text) => {
        expect(traceIdFrom(text)).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
        expect(printable(text)).toMatch(/^[\x20-\x7e]*$/);
      }),
    );
  });
});
