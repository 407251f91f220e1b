// What goes back to the caller, from a function's proxy answer or from the gateway itself.
import type { ServerResponse } from 'node:http';

export type Answer = {
  readonly status: number;
  /** Pairs, because `set-cookie` may repeat. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string | Buffer;
};

/** The HTTP API's own answers: a fixed body that nobody can change. */
export const gatewayAnswer = (status: number, message: string): Answer => ({
  status,
  headers: [['content-type', 'application/json']],
  body: JSON.stringify({ message }),
});

export const INTERNAL_SERVER_ERROR = gatewayAnswer(500, 'Internal Server Error');
export const SERVICE_UNAVAILABLE = gatewayAnswer(503, 'Service Unavailable');
export const FORBIDDEN = gatewayAnswer(403, 'Forbidden');
export const REQUEST_TOO_LARGE = gatewayAnswer(413, 'Request Entity Too Large');

export function sendAnswer(response: ServerResponse, answer: Answer, options: { readonly close?: boolean } = {}): void {
  const flat: string[] = [];
  for (const [name, value] of answer.headers) if (!FRAMING.has(name.toLowerCase())) flat.push(name, value);
  flat.push('content-length', String(Buffer.byteLength(answer.body)));
  if (options.close === true) flat.push('connection', 'close');
  response.writeHead(answer.status, flat);
  response.end(answer.body);
}

/** Said by the gateway itself for every answer. */
const FRAMING = new Set(['content-length', 'connection', 'transfer-encoding', 'keep-alive', 'date']);

type ProxyAnswer = {
  readonly statusCode?: unknown;
  readonly headers?: unknown;
  readonly multiValueHeaders?: unknown;
  readonly cookies?: unknown;
  readonly body?: unknown;
  readonly isBase64Encoded?: unknown;
};

/** Payload 2.0: an answer without `statusCode` is a 200 with that JSON; undefined = malformed, which callers see as a 500. */
export function answerFromPayload2(payload: unknown): Answer | undefined {
  const proxy = (typeof payload === 'object' && payload !== null ? payload : {}) as ProxyAnswer;
  if (proxy.statusCode === undefined)
    return {
      status: 200,
      headers: [['content-type', 'application/json']],
      body: typeof payload === 'string' ? payload : JSON.stringify(payload),
    };
  const cookies = Array.isArray(proxy.cookies) ? proxy.cookies.map((cookie) => ['set-cookie', String(cookie)] as const) : [];
  return proxyAnswer(proxy, [...singleHeaders(proxy.headers), ...cookies], 'text/plain;charset=UTF-8');
}

/** Payload 1.0 behind a REST API. `www-authenticate` and a few others are renamed there, which is why the issuer is an HTTP API. */
export function answerFromPayload1(payload: unknown): Answer | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  const proxy = payload as ProxyAnswer;
  const many =
    typeof proxy.multiValueHeaders === 'object' && proxy.multiValueHeaders !== null ? Object.entries(proxy.multiValueHeaders) : [];
  const named = new Set(many.map(([name]) => name.toLowerCase()));
  const headers = [
    ...singleHeaders(proxy.headers).filter(([name]) => !named.has(name.toLowerCase())),
    ...many.flatMap(([name, values]) => (Array.isArray(values) ? values.map((value) => [name, String(value)] as const) : [])),
  ];
  return proxyAnswer(
    proxy,
    headers.map(([name, value]) => [REMAPPED.has(name.toLowerCase()) ? `x-amzn-Remapped-${name}` : name, value] as const),
    'application/json',
  );
}

const REMAPPED = new Set(['www-authenticate', 'authorization', 'server', 'date', 'connection', 'content-md5']);

const singleHeaders = (headers: unknown): readonly (readonly [string, string])[] =>
  typeof headers === 'object' && headers !== null ? Object.entries(headers).map(([name, value]) => [name, String(value)] as const) : [];

function proxyAnswer(proxy: ProxyAnswer, headers: readonly (readonly [string, string])[], defaultType: string): Answer | undefined {
  const status = Number(proxy.statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599) return undefined;
  const body = proxy.body ?? '';
  if (typeof body !== 'string') return undefined;
  const typed = headers.some(([name]) => name.toLowerCase() === 'content-type');
  return {
    status,
    headers: typed || body === '' ? headers : [...headers, ['content-type', defaultType]],
    body: proxy.isBase64Encoded === true ? Buffer.from(body, 'base64') : body,
  };
}
