// An incoming request as both APIs' events need it: raw path and query, headers with repeats kept, body, and the socket's address.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { messageBody } from '../message-body.ts';

/** API Gateway's `clientCert`. */
export type ClientCert = {
  readonly clientCertPem: string;
  readonly subjectDN: string;
  readonly issuerDN: string;
  readonly serialNumber: string;
  readonly validity: { readonly notBefore: string; readonly notAfter: string };
};

export type GatewayRequest = {
  readonly id: string;
  readonly method: string;
  /** As it came, undecoded, without the query. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** Names in lower case; every value that was sent, in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Buffer;
  readonly sourceIp: string;
  /** Of the TLS connection, as API Gateway tells it; only the listener that asks for certificates knows one. */
  readonly clientCert?: ClientCert;
  readonly protocol: string;
  /** Epoch milliseconds. */
  readonly timeMs: number;
};

/** API Gateway's limit. */
const BODY_MAX_BYTES = 10 * 1024 * 1024;

/** Resolves undefined for a body that is too large; rejects when the caller goes away. */
export async function readRequest(message: IncomingMessage): Promise<GatewayRequest | undefined> {
  const body = await messageBody(message, BODY_MAX_BYTES);
  if (!body) return undefined;
  const target = (message.url ?? '/').replace(/^https?:\/\/[^/?#]*/i, '');
  const question = target.indexOf('?');
  const path = question === -1 ? target : target.slice(0, question);
  return {
    id: randomUUID(),
    method: message.method ?? 'GET',
    path: path.startsWith('/') ? path : `/${path}`,
    query: question === -1 ? '' : target.slice(question + 1),
    headers: headersOf(message.rawHeaders),
    body,
    sourceIp: message.socket.remoteAddress ?? '',
    ...clientCertOf(message.socket),
    protocol: `HTTP/${message.httpVersion}`,
    timeMs: Date.now(),
  };
}

/** Verified by the handshake: the listener ends connections whose certificate the truststore does not vouch for. */
function clientCertOf(socket: Socket): { readonly clientCert?: ClientCert } {
  const certificate = socket instanceof TLSSocket && socket.authorized ? socket.getPeerX509Certificate() : undefined;
  if (certificate === undefined) return {};
  const { subject, issuer, serialNumber, validFrom: notBefore, validTo: notAfter } = certificate;
  const serial = (serialNumber.match(/../g) ?? []).join(':').toLowerCase();
  return {
    clientCert: {
      clientCertPem: certificate.toString(),
      subjectDN: subject.split('\n').join(','),
      issuerDN: issuer.split('\n').join(','),
      serialNumber: serial,
      validity: { notBefore, notAfter },
    },
  };
}

function headersOf(rawHeaders: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const headers = new Map<string, string[]>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const value = rawHeaders[index + 1] ?? '';
    const values = headers.get(name);
    if (values) values.push(value);
    else headers.set(name, [value]);
  }
  return headers;
}

export const firstHeader = (request: GatewayRequest, name: string): string | undefined => request.headers.get(name)?.[0];

/** `21/Nov/2026:01:02:03 +0000`, as in the request context. */
export function requestTime(timeMs: number): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) (\S+) GMT$/.exec(new Date(timeMs).toUTCString()) ?? [];
  return `${day}/${month}/${year}:${time} +0000`;
}
