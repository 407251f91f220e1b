// A request to the registration API as API Gateway's HTTP API makes it (payload 2.0).
import type { HttpApiEvent } from '../src/http/lambda-event.ts';

type Parts = {
  /** `PUT /clients/{client_id}`. */
  readonly route: string;
  readonly path: string;
  readonly query?: string;
  readonly accessToken: string;
  readonly body?: object | undefined;
};

export function managementEvent({ route, path, query = '', accessToken, body }: Parts): HttpApiEvent {
  const [method = '', template = ''] = route.split(' ');
  const given = path.split('/');
  const places = template.split('/').map((name, at) => [/^\{(.*)\}$/.exec(name)?.[1], given[at]] as const);
  return {
    routeKey: route,
    rawPath: path,
    rawQueryString: query,
    pathParameters: Object.fromEntries(places.flatMap(([name, value = '']) => (name === undefined ? [] : [[name, value]]))),
    headers: { authorization: `Bearer ${accessToken}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)).toString('base64'), isBase64Encoded: true }),
    requestContext: { http: { method, sourceIp: '203.0.113.58' } },
  };
}
