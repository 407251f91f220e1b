// The answer to a caller who is refused (RFC 6750 section 3), for any server to send as it is.
import type { Scheme } from '../authorizer/challenge.ts';
import { bearerRefusal, type Denial } from '../authorizer/denial.ts';

export type RefusalAnswer = {
  readonly status: 401 | 403 | 503;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON: `{"error","error_description","trace_id"}`. */
  readonly body: string;
};

/** @param scheme by which the caller presented a token. */
export function refusalAnswer(denial: Denial, scheme: Scheme, traceId: string): RefusalAnswer {
  const { status, error = 'invalid_token', description = 'an access token is required', challenge } = bearerRefusal(denial, scheme);
  return {
    status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-trace-id': traceId,
      ...(challenge === undefined ? { 'retry-after': '1' } : { 'www-authenticate': challenge }),
    },
    body: JSON.stringify({ error, error_description: description, trace_id: traceId }),
  };
}
