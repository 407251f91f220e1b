// The one request that is measured: client_credentials with client_secret_basic (RFC 6749 sections 4.4.2 and 2.3.1).
import type { HttpApiEvent } from '../src/http/lambda-event.ts';
import { CLIENT_ID, CLIENT_SECRET } from './demo-client.ts';

export const basicAuthorization = (clientId: string, secret: string): string =>
  `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`;

export const TOKEN_REQUEST = {
  authorization: basicAuthorization(CLIENT_ID, CLIENT_SECRET),
  body: 'grant_type=client_credentials&scope=read+write',
} as const;

type EventParts = {
  readonly path: string;
  readonly ip?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer | string;
};

/** As API Gateway's HTTP API makes it (payload 2.0): form bodies come in base64. */
export const httpApiEvent = ({ path, ip = '203.0.113.57', headers = {}, body }: EventParts): HttpApiEvent => ({
  routeKey: `POST ${path}`,
  rawPath: path,
  rawQueryString: '',
  headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  body: Buffer.from(body).toString('base64'),
  isBase64Encoded: true,
  requestContext: { http: { method: 'POST', sourceIp: ip } },
});
