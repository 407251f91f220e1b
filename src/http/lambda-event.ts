// API Gateway HTTP API, payload format 2.0 <-> HttpRequest / HttpResponse.
import { randomUUID } from 'node:crypto';
import { certificateFrom, type Certificate } from '../client-authentication/certificate.ts';
import { redacted } from '../telemetry/redacted.ts';
import type { HttpRequest, HttpResponse } from './message.ts';

/** The members of the payload 2.0 event that are read. */
export type HttpApiEvent = {
  readonly routeKey: string;
  readonly rawPath: string;
  readonly rawQueryString?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly pathParameters?: Readonly<Record<string, string | undefined>>;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
  readonly requestContext: {
    readonly http: { readonly method: string; readonly sourceIp: string };
    /** Of a route with IAM authorization: who signed the request. */
    readonly authorizer?: { readonly iam?: { readonly userArn?: string | null } | null } | null;
    /** On a domain with mutual TLS: the certificate whose key the caller has proven to hold. */
    readonly authentication?: { readonly clientCert?: ToldCertificate } | null;
  };
};
/** As API Gateway tells it; the other members say again what is in the certificate itself. */
export type ToldCertificate = { readonly clientCertPem?: string | null } | null | undefined;
export type HttpApiResult = {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: false;
};

const USER_AGENT_MAX_CHARACTERS = 256;
const IAM_PREFIX = '/iam/';

export function requestFrom(event: HttpApiEvent, nowMs: number): HttpRequest {
  const { routeKey, iam } = routeOf(event);
  const headers = mapOf(event.headers, (name) => name.toLowerCase());
  // Below /iam it is the signature, which API Gateway keeps to itself; nothing may take it for a proof of another kind.
  if (iam !== undefined) headers.delete('authorization');
  return {
    method: event.requestContext.http.method,
    path: event.rawPath,
    routeKey,
    iam,
    certificate: certificateOf(event.requestContext.authentication?.clientCert),
    pathParameters: mapOf(event.pathParameters, (name) => name),
    query: event.rawQueryString ?? '',
    headers,
    body: Buffer.from(event.body ?? '', event.isBase64Encoded === true ? 'base64' : 'utf8'),
    ip: normalIp(event.requestContext.http.sourceIp),
    userAgent: printable(headers.get('user-agent') ?? ''),
    traceId: traceIdFrom(headers.get('traceparent')),
    nowMs,
  };
}

/** The identity counts on a route below `/iam` and nowhere else, whatever the event says. */
function routeOf({ routeKey, requestContext }: HttpApiEvent): Pick<HttpRequest, 'routeKey' | 'iam'> {
  const [method = '', path = ''] = routeKey.split(' ');
  if (!path.startsWith(IAM_PREFIX)) return { routeKey, iam: undefined };
  return {
    routeKey: `${method} ${path.slice(IAM_PREFIX.length - 1)}`,
    iam: { userArn: requestContext.authorizer?.iam?.userArn ?? '' },
  };
}

function mapOf(members: Readonly<Record<string, string | undefined>> | undefined, nameOf: (name: string) => string): Map<string, string> {
  const map = new Map<string, string>();
  for (const [name, value] of Object.entries(members ?? {})) if (value !== undefined) map.set(nameOf(name), value);
  return map;
}

/** One that cannot be read proves nothing, as none does. */
export const certificateOf = (told: ToldCertificate): Certificate | undefined =>
  typeof told?.clientCertPem === 'string' ? certificateFrom(told.clientCertPem) : undefined;

/** `::ffff:192.0.2.1` is the IPv4 address 192.0.2.1 (RFC 4291 section 2.5.5.2). */
export const normalIp = (ip: string): string => /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1] ?? ip;

/** Control characters and whatever is not ASCII become `?`, so that a header cannot forge a line anywhere; a secret in it is not kept. */
export const printable = (text: string): string =>
  redacted(text)
    .slice(0, USER_AGENT_MAX_CHARACTERS)
    .replaceAll(/[^\x20-\x7E]/g, '?');

/**
 * W3C Trace Context: version-traceid-parentid-flags; an all-zero trace id is invalid.
 * @param requestId a UUID of the gateway's to use instead, so that it is found in the log.
 */
export function traceIdFrom(traceparent: string | undefined, requestId?: string): string {
  const given = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.exec(traceparent ?? '')?.[1];
  return given !== undefined && !/^0+$/.test(given) ? given : (uuidDigits(requestId) ?? newTraceId());
}

const uuidDigits = (text: string | undefined): string | undefined => {
  const digits = text?.replaceAll('-', '').toLowerCase();
  return digits !== undefined && /^[0-9a-f]{32}$/.test(digits) ? digits : undefined;
};

/** 122 random bits as 32 hexadecimal digits: a UUID, of which node keeps some in stock, costs a tenth of fresh random bytes. */
const newTraceId = (): string => randomUUID().replaceAll('-', '');

/** Sent with every answer of ours: nothing here is a page, a script or for a frame. */
const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
} as const;

export const resultFrom = (response: HttpResponse, traceId: string): HttpApiResult => ({
  statusCode: response.status,
  headers: { ...SECURITY_HEADERS, 'x-trace-id': traceId, ...response.headers },
  body: response.body,
  isBase64Encoded: false,
});
