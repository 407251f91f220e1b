// The Idempotency-Key of a request, and whether an earlier one with the same key was the same request.
import {
  IDEMPOTENCY_WINDOW_SECONDS,
  idempotentRequest,
  parseIdempotencyKey,
  type IdempotencyDigest,
  type IdempotentRequest,
} from '../clients/idempotency.ts';
import { withoutSession } from '../client-authentication/iam-principal.ts';
import type { HttpRequest } from '../http/message.ts';
import { ok, refuse, type Result } from '../result.ts';
import { log } from '../telemetry/log.ts';
import type { IdempotencyFailure } from './failure.ts';
import type { Trail } from './trail.ts';

/** Undefined without the header. @param resource what the key counts for. */
export function readIdempotencyKey(
  request: HttpRequest,
  resource: string,
  manager: string,
): Result<IdempotentRequest | undefined, IdempotencyFailure> {
  const header = request.headers.get('idempotency-key');
  if (header === undefined) return ok(undefined);
  const key = parseIdempotencyKey(header);
  if (key === undefined) return refuse({ reason: 'idempotency_key_malformed' });
  // A retry may come from another session of the same role.
  return ok(idempotentRequest(resource, withoutSession(manager), key, request.body));
}

/**
 * What the key has made before, where this is the same request within its 24 hours.
 * @param made what stands in the table under the key; undefined = it is gone. @param at when it was made. @param now epoch seconds.
 */
export function sameRequest<T extends Pick<IdempotencyDigest, 'body'>>(
  { digest }: IdempotentRequest,
  made: T | undefined,
  at: number,
  now: number,
): Result<T, IdempotencyFailure> {
  if (made === undefined || at + IDEMPOTENCY_WINDOW_SECONDS <= now) return refuse({ reason: 'idempotency_key_spent' });
  return made.body === digest.body ? ok(made) : refuse({ reason: 'idempotency_key_of_another_request' });
}

/** A repeat changes nothing, so it is no audit event; but it shows a secret again. */
export const logRepeat = ({ endpoint, request }: Trail, clientId: string): void => {
  log('INFO', 'an Idempotency-Key was repeated', { endpoint, client_id: clientId, trace_id: request.traceId });
};
