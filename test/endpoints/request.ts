// Requests as a client would make them, in the form in which API Gateway hands them over (payload 2.0), and their answers.
import type { HttpApiEvent, HttpApiResult } from '../../src/http/lambda-event.ts';
import { DEFAULT_ROUTE_FUNCTION, ROUTES, type FunctionName } from '../../src/http/route-table.ts';

export type Sent = {
  /** `POST /token`, `PUT /clients/c_1`. */
  readonly to: string;
  readonly form?: Readonly<Record<string, string>> | string;
  readonly json?: unknown;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly basic?: { readonly client_id: string; readonly client_secret: string };
  readonly bearer?: string;
  readonly query?: string;
  readonly ip?: string;
};

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly body: any;
};

type Matched = { readonly routeKey: string; readonly functionName: FunctionName; readonly pathParameters?: { readonly client_id: string } };

/** The route that API Gateway chooses: the one of that method and path, else `$default`. */
export function routeOf(to: string): Matched {
  const [method = '', path = ''] = to.split(' ');
  const clientId = /^\/clients\/([^/]+)$/.exec(path)?.[1];
  const template = clientId === undefined ? path : '/clients/{client_id}';
  const route = ROUTES.find((candidate) => candidate.method === method && candidate.path === template);
  if (route === undefined) return { routeKey: '$default', functionName: DEFAULT_ROUTE_FUNCTION };
  const matched = { routeKey: `${method} ${template}`, functionName: route.function };
  return clientId === undefined ? matched : { ...matched, pathParameters: { client_id: clientId } };
}

export function eventFrom(sent: Sent): HttpApiEvent {
  const [method = '', path = ''] = sent.to.split(' ');
  const { routeKey, pathParameters } = routeOf(sent.to);
  const body = bodyOf(sent);
  return {
    routeKey,
    rawPath: path,
    rawQueryString: sent.query ?? '',
    headers: { 'user-agent': 'billing/4.2', ...typeOf(sent), ...authorization(sent), ...sent.headers },
    ...(pathParameters === undefined ? {} : { pathParameters }),
    ...(body === undefined ? {} : { body: Buffer.from(body).toString('base64'), isBase64Encoded: true }),
    requestContext: { http: { method, sourceIp: sent.ip ?? '203.0.113.7' } },
  };
}

export const answerFrom = ({ statusCode, headers, body }: HttpApiResult): Answer => ({
  status: statusCode,
  headers,
  text: body,
  body: body === '' ? undefined : JSON.parse(body),
});

export const basicAuthorization = ({ client_id, client_secret }: { client_id: string; client_secret: string }): string =>
  `Basic ${Buffer.from(`${encodeURIComponent(client_id)}:${encodeURIComponent(client_secret)}`).toString('base64')}`;

function bodyOf({ form, json, body }: Sent): string | Uint8Array | undefined {
  if (json !== undefined) return JSON.stringify(json);
  if (form !== undefined) return typeof form === 'string' ? form : new URLSearchParams(form).toString();
  return body;
}

function typeOf({ form, json }: Sent): Record<string, string> {
  if (json !== undefined) return { 'content-type': 'application/json' };
  return form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
}

function authorization({ basic, bearer }: Sent): Record<string, string> {
  if (basic !== undefined) return { authorization: basicAuthorization(basic) };
  return bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
}
