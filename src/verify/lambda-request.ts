/**
 * Requests as Lambda functions get them: from a load balancer, a function URL, an HTTP API (payload 2.0) or a REST API (payload 1.0).
 * The gateways tell the caller's address themselves; a load balancer says it in a header.
 */
import { everyValue, headerValues } from '../authorizer/adapters/event.ts';
import { callerAddress, type AddressOptions } from './caller-address.ts';
import type { VerifyRequest } from './verify-request.ts';

type Headers = Readonly<Record<string, string | undefined>>;
type MultiValueHeaders = Readonly<Record<string, readonly string[] | undefined>>;

/** Function URLs, and HTTP APIs with payload 2.0. */
export type Payload2Event = {
  readonly version: string;
  readonly rawPath: string;
  readonly headers?: Headers | null;
  readonly requestContext: { readonly http: { readonly method: string; readonly sourceIp?: string } };
};
/** REST APIs, HTTP APIs with payload 1.0, and load balancers, which have `requestContext.elb`. */
export type Payload1Event = {
  readonly httpMethod: string;
  readonly path: string;
  readonly headers?: Headers | null;
  readonly multiValueHeaders?: MultiValueHeaders | null;
  readonly requestContext: { readonly elb?: object; readonly identity?: { readonly sourceIp?: string } };
};

/**
 * The path is the event's own `rawPath` or `path`, with the stage where the event has it.
 *
 * @param event of one of the kinds above; throws `TypeError` for any other.
 * @param options `proxies` matters behind a load balancer alone.
 */
export function requestFromLambda(event: unknown, options: AddressOptions = {}): VerifyRequest {
  if (isPayload2(event)) {
    const { method, sourceIp } = event.requestContext.http;
    return { method, path: event.rawPath, headers: event.headers ?? {}, ip: sourceIp };
  }
  if (isPayload1(event)) {
    const { multiValueHeaders, headers, requestContext } = event;
    const ip = isLoadBalancer(event)
      ? callerAddress(
          everyValue({ headers: headers ?? null, multiValueHeaders: multiValueHeaders ?? null }, 'x-forwarded-for'),
          undefined,
          options,
        )
      : requestContext.identity?.sourceIp;
    return { method: event.httpMethod, path: event.path, headers: mergedHeaders(event), ip };
  }
  throw new TypeError('the event is of no load balancer, function URL, HTTP API or REST API');
}

/** `headers` keeps the last of several values; `multiValueHeaders` has them all. */
function mergedHeaders({ headers, multiValueHeaders }: Payload1Event): VerifyRequest['headers'] {
  const names = Object.keys(headers ?? {}).filter((name) => headerValues(multiValueHeaders, name.toLowerCase()).length === 0);
  return { ...multiValueHeaders, ...Object.fromEntries(names.map((name) => [name, headers?.[name]])) };
}

export type LambdaAnswer = {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly multiValueHeaders?: MultiValueHeaders;
  readonly body: string;
  readonly isBase64Encoded: false;
};

/** An answer in the form that whoever sent the event takes: a target group with multi-value headers ignores the other ones. */
export function lambdaAnswer(
  { status, headers, body }: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string },
  event: unknown,
): LambdaAnswer {
  const several = isPayload1(event) && isLoadBalancer(event) && (event.multiValueHeaders ?? undefined) !== undefined;
  const multiValueHeaders = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
  return { statusCode: status, headers, ...(several ? { multiValueHeaders } : {}), body, isBase64Encoded: false };
}

const isPayload2 = (event: unknown): event is Payload2Event => {
  const { version, rawPath, requestContext } = (event ?? {}) as {
    version?: unknown;
    rawPath?: unknown;
    requestContext?: Partial<Payload2Event['requestContext']>;
  };
  return version === '2.0' && typeof rawPath === 'string' && typeof requestContext?.http?.method === 'string';
};
const isPayload1 = (event: unknown): event is Payload1Event => {
  const { httpMethod, path, requestContext } = (event ?? {}) as { httpMethod?: unknown; path?: unknown; requestContext?: unknown };
  return typeof httpMethod === 'string' && typeof path === 'string' && typeof requestContext === 'object' && requestContext !== null;
};
const isLoadBalancer = ({ requestContext }: Payload1Event): boolean => requestContext.elb !== undefined;
