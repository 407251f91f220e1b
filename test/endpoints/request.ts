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
  /** Who API Gateway says has signed the request. */
  readonly userArn?: string;
  /** Of the TLS connection (PEM), as API Gateway tells it. */
  readonly certificate?: string;
};

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly body: any;
};

type Matched = {
  readonly routeKey: string;
  readonly functionName: FunctionName;
  readonly pathParameters?: Readonly<Record<string, string>>;
};

/** The route that API Gateway chooses: the one of that method and path, else `$default`. */
export function routeOf(to: string): Matched {
  const [method = '', path = ''] = to.split(' ');
  for (const route of ROUTES) {
    const pathParameters = route.method === method ? parametersOf(route.path, path) : undefined;
    if (pathParameters === undefined) continue;
    const matched = { routeKey: `${method} ${route.path}`, functionName: route.function };
    return Object.keys(pathParameters).length === 0 ? matched : { ...matched, pathParameters };
  }
  return { routeKey: '$default', functionName: DEFAULT_ROUTE_FUNCTION };
}

/** What stands in the places of `{name}`; undefined for a path of another form. */
function parametersOf(template: string, path: string): Readonly<Record<string, string>> | undefined {
  const [expected, actual] = [template.split('/'), path.split('/')];
  if (expected.length !== actual.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, segment] of expected.entries()) {
    const given = actual[index] ?? '';
    if (segment.startsWith('{') && given !== '') parameters[segment.slice(1, -1)] = given;
    else if (segment !== given) return undefined;
  }
  return parameters;
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
    requestContext: {
      http: { method, sourceIp: sent.ip ?? '203.0.113.7' },
      ...(sent.userArn === undefined ? {} : { authorizer: { iam: { userArn: sent.userArn } } }),
      ...(sent.certificate === undefined ? {} : { authentication: { clientCert: { clientCertPem: sent.certificate } } }),
    },
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
