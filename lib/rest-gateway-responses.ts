/**
 * What a REST API answers in place of a function: errors in RFC 6750's form. HTTP APIs have nothing like it.
 * Gateway responses are static, so UNAUTHORIZED says `invalid_token` also where no token was sent.
 */
import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway';

interface Answer {
  readonly type: ResponseType;
  /** @default API Gateway's own status */
  readonly status?: number;
  readonly error: string;
  readonly description: string;
  /** Header name to a mapping: a literal in single quotes, or `context.<variable>`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** @default the gateway's request id */
  readonly traceId?: string;
}

const outage = { status: 503, error: 'temporarily_unavailable', headers: { 'Retry-After': "'1'" } };

const answers: readonly Answer[] = [
  {
    type: ResponseType.UNAUTHORIZED,
    error: 'invalid_token',
    description: 'the access token is missing, malformed, expired, revoked or not for this API',
    headers: { 'WWW-Authenticate': `'Bearer realm="m2m-auth", error="invalid_token"'` },
  },
  {
    type: ResponseType.ACCESS_DENIED,
    error: 'insufficient_scope',
    description: 'the access token does not allow this request',
    // Names the scope that is missing; the authorizer puts it together (RFC 6750 section 3).
    headers: { 'WWW-Authenticate': 'context.authorizer.challenge' },
    traceId: '$context.authorizer.trace_id',
  },
  { type: ResponseType.AUTHORIZER_FAILURE, description: 'the access token could not be checked', ...outage },
  { type: ResponseType.AUTHORIZER_CONFIGURATION_ERROR, description: 'the access token could not be checked', ...outage },
  { type: ResponseType.THROTTLED, error: 'slow_down', description: 'too many requests', headers: { 'Retry-After': "'1'" } },
  // REST APIs say 403 for a route that does not exist.
  { type: ResponseType.MISSING_AUTHENTICATION_TOKEN, status: 404, error: 'not_found', description: 'no such route' },
  { type: ResponseType.DEFAULT_4XX, error: 'invalid_request', description: 'the request cannot be processed' },
  { type: ResponseType.DEFAULT_5XX, error: 'server_error', description: 'the request failed' },
];

/** Sets the gateway responses of `api`, as any API behind an `M2mAuthorizer` should. */
export function setGatewayResponses(api: RestApi): void {
  for (const { type, status, error, description, headers, traceId = '$context.requestId' } of answers) {
    api.addGatewayResponse(type.responseType, {
      type,
      ...(status === undefined ? {} : { statusCode: String(status) }),
      responseHeaders: { 'Cache-Control': "'no-store'", ...headers },
      templates: { 'application/json': JSON.stringify({ error, error_description: description, trace_id: traceId }) },
    });
  }
}
