// What an endpoint sees of HTTP: independent of API Gateway's event shapes, built by lambda-event.ts.
import type { Certificate } from '../client-authentication/certificate.ts';

export type HttpRequest = {
  readonly method: string;
  /** Decoded by nobody: as API Gateway saw it, without the stage. */
  readonly path: string;
  /** The route that API Gateway matched, `POST /token` or `$default`; without `/iam`, which `iam` says. */
  readonly routeKey: string;
  /** On the routes below `/iam` alone: the AWS principal whose signature API Gateway has verified; empty where it names none. */
  readonly iam?: { readonly userArn: string } | undefined;
  /** Of the TLS connection, where it came over the domain that asks for one: from the request context only, never from a header. */
  readonly certificate?: Certificate | undefined;
  readonly pathParameters: ReadonlyMap<string, string>;
  /** Without the question mark; empty when absent. */
  readonly query: string;
  /** Names in lower case; several headers of one name arrive joined with commas. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
  /** From the request context only, never from a header; IPv4-mapped IPv6 in its IPv4 form. */
  readonly ip: string;
  /** At most 256 printable characters. */
  readonly userAgent: string;
  /** From a valid `traceparent` (W3C Trace Context), else made for this request. 32 hexadecimal digits. */
  readonly traceId: string;
  /** Epoch milliseconds at which the request came in. */
  readonly nowMs: number;
};

export type HttpResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export const nowSeconds = (request: HttpRequest): number => Math.floor(request.nowMs / 1000);

/** RFC 6749 section 5.1: answers with tokens, credentials or other sensitive information are never stored. */
export const NO_STORE = { 'cache-control': 'no-store', pragma: 'no-cache' } as const;

export const jsonResponse = (status: number, body: unknown, headers: Readonly<Record<string, string>> = NO_STORE): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});
