// What the adapters read of API Gateway's authorizer events; everything else in them, most of it the caller's, is not looked at.
import { randomBytes } from 'node:crypto';
import type { ToldCertificate } from '../../http/lambda-event.ts';
import { certificateOf, normalIp, printable, traceIdFrom } from '../../http/lambda-event.ts';
import { schemeOf } from '../challenge.ts';
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
    readonly domainName?: string;
    /** With the stage, or with a custom domain's base path: as the caller has it. */
    readonly path?: string;
    readonly identity?: { readonly sourceIp?: string; readonly userAgent?: string | null; readonly clientCert?: ToldCertificate };
  };
};

/** WebSocket APIs, REQUEST authorizer of `$connect`: neither path nor method, and an ARN that ends with the route. */
export type ConnectEvent = Pick<RestRequestEvent, 'type' | 'methodArn' | 'headers' | 'multiValueHeaders'> & {
  readonly requestContext: NonNullable<RestRequestEvent['requestContext']> & { readonly routeKey: string };
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
    readonly domainName?: string;
    readonly http: { readonly method: string; readonly path?: string; readonly sourceIp?: string; readonly userAgent?: string };
    readonly authentication?: { readonly clientCert?: ToldCertificate } | null;
  };
};

/**
 * What a DPoP proof is held against, where one is called for: the header, and the URL by the gateway's own knowledge. It has chosen the
 * API by the domain name, which therefore is one of the API's; the `Host` header is the caller's.
 */
export function proofFacts(
  authorization: readonly string[],
  dpopHeader: () => readonly string[],
  { domainName, path }: { readonly domainName?: string | undefined; readonly path?: string | undefined },
): Pick<AccessRequest, 'dpop' | 'url'> {
  if (schemeOf(authorization[0]) !== 'DPoP') return {};
  return { dpop: dpopHeader(), url: domainName === undefined || path === undefined ? undefined : `https://${domainName}${path}` };
}

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

/** `headers` keeps the last of several values; `multiValueHeaders` has them all. */
export function everyValue(
  { multiValueHeaders, headers }: Pick<RestRequestEvent, 'multiValueHeaders' | 'headers'>,
  name: string,
): readonly string[] {
  const several = headerValues(multiValueHeaders, name);
  return several.length > 0 ? several : headerValues(headers, name);
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

/** What the gateway tells of the TLS connection, as a member of the request; nothing where it tells nothing. */
export function certificateIn(told: ToldCertificate): Pick<AccessRequest, 'certificate'> {
  const certificate = certificateOf(told);
  return certificate === undefined ? {} : { certificate };
}

export const sourceIp = (ip: string | undefined): string | undefined => (ip === undefined ? undefined : normalIp(ip));
