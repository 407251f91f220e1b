// What the adapters read of API Gateway's authorizer events; everything else in them, most of it the caller's, is not looked at.
import { randomBytes } from 'node:crypto';
import { normalIp, printable, traceIdFrom } from '../../http/lambda-event.ts';
import type { AccessRequest } from '../decide.ts';
import type { InvokeArn } from '../policy.ts';

type Headers = Readonly<Record<string, string | undefined>>;

/** REST APIs, TOKEN authorizer. */
export type RestTokenEvent = { readonly type: 'TOKEN'; readonly authorizationToken?: string; readonly methodArn: string };

/** REST APIs, REQUEST authorizer; HTTP APIs with authorizer payload 1.0. */
export type RestRequestEvent = {
  readonly type: 'REQUEST';
  readonly version?: '1.0';
  readonly methodArn: string;
  readonly path?: string;
  readonly headers?: Headers | null;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[] | undefined>> | null;
  readonly requestContext?: {
    readonly requestId?: string;
    readonly identity?: { readonly sourceIp?: string; readonly userAgent?: string | null };
  };
};

/** HTTP APIs, authorizer payload 2.0. */
export type HttpRequestEvent = {
  readonly type: 'REQUEST';
  readonly version: '2.0';
  readonly routeArn: string;
  readonly rawPath: string;
  readonly headers?: Headers | null;
  readonly requestContext: {
    readonly stage?: string;
    readonly http: { readonly method: string; readonly path?: string; readonly sourceIp?: string; readonly userAgent?: string };
  };
};

/** One request in the core's words, and what is told of it in logs. */
export type AuthorizerCall = {
  readonly request: AccessRequest;
  readonly traceId: string;
  readonly userAgent: string;
  /** Undefined where the event names the request in a way that no policy could. */
  readonly arn: InvokeArn | undefined;
};

/** Every value of the headers with this name, however its letters are written. */
export function headerValues(
  headers: Readonly<Record<string, string | readonly string[] | undefined>> | null | undefined,
  name: string,
): readonly string[] {
  const values: string[] = [];
  for (const key in headers) {
    const value = headers[key];
    if (value === undefined || key.length !== name.length || key.toLowerCase() !== name) continue;
    if (typeof value === 'string') values.push(value);
    else values.push(...value);
  }
  return values;
}

/**
 * The caller's facts beside the route; `headers` may be absent (TOKEN events have none). Without a `traceparent` the gateway's
 * request id, which its own answers show, is the trace id.
 */
export const callFacts = (
  headers: Headers | null | undefined,
  userAgent: string | null | undefined,
  requestId?: string,
): Pick<AuthorizerCall, 'traceId' | 'userAgent'> => ({
  traceId: headers ? traceIdFrom(headerValues(headers, 'traceparent')[0], requestId) : randomBytes(16).toString('hex'),
  userAgent: printable(userAgent ?? ''),
});

export const sourceIp = (ip: string | undefined): string | undefined => (ip === undefined ? undefined : normalIp(ip));
