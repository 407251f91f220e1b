/**
 * What becomes known of a request while it is decided, and how it is concluded: the answer, its log line, its audit event and its
 * metric, in one place so that no endpoint forgets one.
 */
import { randomUUID } from 'node:crypto';
import type { DenialBudget } from '../abuse/denial-budget.ts';
import { minuteOf, rateLimitHeaders, type RateVerdict } from '../abuse/rate-window.ts';
import type { AuditEvent } from '../audit/event.ts';
import * as events from '../audit/events.ts';
import { networkOf } from '../client-authentication/network.ts';
import { jsonResponse, NO_STORE, type HttpRequest, type HttpResponse } from '../http/message.ts';
import { Outage } from '../outage.ts';
import { log, logAudit, type LogFields } from '../telemetry/log.ts';
import { emitCounter, emitRequestMetric } from '../telemetry/metrics.ts';
import type { Failure } from './failure.ts';
import type { RequestStore } from './stores.ts';
import { wireErrors, type WireError } from './wire-error.ts';

/** Filled in as the request is understood; empty strings until then. */
export type Trail = {
  readonly endpoint: string;
  readonly request: HttpRequest;
  /** As claimed until proven; only ever a syntactically valid id. */
  clientId: string;
  sid: string;
  jti: string;
  verdict: RateVerdict | undefined;
  /** An event that a state change has already put into the outbox; the log line repeats its id. */
  recorded: AuditEvent | undefined;
};

export const startTrail = (endpoint: string, request: HttpRequest): Trail => ({
  endpoint,
  request,
  clientId: '',
  sid: '',
  jti: '',
  verdict: undefined,
  recorded: undefined,
});

/** The facts that every audit event of this request shares, with a fresh id. */
export const factsOf = ({ request }: Trail): events.RequestFacts => ({
  eventId: randomUUID(),
  ip: request.ip,
  userAgent: request.userAgent,
  traceId: request.traceId,
  nowMs: request.nowMs,
});

export type ConclusionDeps = { readonly requests: Pick<RequestStore, 'recordDenial'>; readonly denials: DenialBudget };

/** The answer to a request that was served. */
export function succeed(trail: Trail, status: number, body: unknown, headers: Readonly<Record<string, string>> = NO_STORE): HttpResponse {
  emitRequestMetric(metricOf(trail, 'success', '-'));
  const rate = rateHeaders(trail);
  if (body === undefined) return { status, headers: { ...headers, ...rate }, body: '' };
  return jsonResponse(status, body, { ...headers, ...rate });
}

/** The answer to a request that was refused: RFC 6749 section 5.2, with the reason in the log alone. */
export async function refuseWith(failure: Failure, trail: Trail, deps: ConclusionDeps): Promise<HttpResponse> {
  const wire: WireError = wireErrors[failure.reason];
  const { request, endpoint, clientId } = trail;
  log('INFO', 'refused', {
    endpoint,
    status: wire.status,
    reason: failure.reason,
    detail: detailOf(failure),
    client_id: clientId,
    trace_id: request.traceId,
  });
  emitRequestMetric(metricOf(trail, 'refused', failure.reason));
  if (wire.event !== undefined) await recordRefusal(failure, wire.event, trail, deps);
  return jsonResponse(
    wire.status,
    { error: wire.error, error_description: describe(failure, wire), trace_id: request.traceId },
    // Whoever has proven nothing is not told a limit: one that differs from the usual would tell that the client exists.
    { ...NO_STORE, ...(wire.status === 401 ? {} : rateHeaders(trail)), ...refusalHeaders(failure, wire) },
  );
}

const metricOf = ({ endpoint, request }: Trail, outcome: 'success' | 'refused', reason: string) => ({
  endpoint,
  outcome,
  reason,
  latencyMs: Date.now() - request.nowMs,
  nowMs: request.nowMs,
});

const rateHeaders = ({ verdict, endpoint }: Trail): Readonly<Record<string, string>> =>
  verdict === undefined ? {} : rateLimitHeaders(endpoint, verdict);

/** Everything beside the reason; the union holds no secret, and texts are cut. */
function detailOf(failure: Failure): NonNullable<LogFields['detail']> {
  const { reason: _, ...data } = failure;
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, typeof value === 'string' ? value.slice(0, 128) : value]));
}

/** What names a field or parameter of ours says which; nothing else says more than its kind, and none repeats input. */
function describe(failure: Failure, wire: WireError): string {
  if (failure.reason === 'metadata_invalid' || failure.reason === 'secret_terms_invalid') return `${failure.field} ${failure.problem}`;
  return failure.reason === 'parameter_missing' ? `${failure.parameter} is missing` : wire.description;
}

function refusalHeaders(failure: Failure, wire: WireError): Readonly<Record<string, string>> {
  if (failure.reason === 'rate_limited') return { 'retry-after': String(failure.retryAfterSeconds) };
  if (failure.reason === 'method_not_allowed') return { allow: failure.allow };
  if (wire.challenge === undefined) return {};
  return { 'www-authenticate': wire.challenge === 'Basic' ? 'Basic realm="m2m-auth", charset="UTF-8"' : bearerChallenge(failure, wire) };
}

/** RFC 6750 section 3: without a token in the request the challenge has no error code. */
function bearerChallenge(failure: Failure, wire: WireError): string {
  if (failure.reason === 'bearer_missing') return 'Bearer realm="m2m-auth"';
  const scope = failure.reason === 'bearer_scope_insufficient' ? `, scope="${failure.scope}"` : '';
  return `Bearer realm="m2m-auth", error="${wire.error}", error_description="${wire.description}"${scope}`;
}

async function recordRefusal(
  failure: Failure,
  type: NonNullable<WireError['event']>,
  trail: Trail,
  { requests, denials }: ConclusionDeps,
): Promise<void> {
  const event = trail.recorded ?? refusalEvent(type, failure.reason === 'bearer_invalid' ? failure.fault : failure.reason, trail);
  logAudit(event);
  // What is refused before it names a client to the limits (garbage, a forged token) costs no call: the log line is its record.
  if (trail.recorded !== undefined || trail.clientId === '') return;
  const window = {
    endpoint: trail.endpoint,
    subject: trail.clientId,
    network: networkOf(trail.request.ip),
    minute: minuteOf(trail.request.nowMs),
  };
  if (!denials.take(`${window.subject}#${window.network}`, trail.request.nowMs)) return;
  try {
    await requests.recordDenial(window, event);
  } catch (error) {
    // The refusal stands and is in the log; only its copy on the bus is missing.
    if (!(error instanceof Outage)) throw error;
    emitCounter('audit_denial_lost', trail.request.nowMs);
  }
}

function refusalEvent(type: NonNullable<WireError['event']>, reason: string, trail: Trail): AuditEvent {
  const facts = factsOf(trail);
  const subject = { client_id: trail.clientId, reason, sid: trail.sid, jti: trail.jti };
  switch (type) {
    case 'rate_limit_exceeded':
      return events.rateLimitExceeded(facts, subject);
    case 'refresh_token_invalid':
      return events.refreshTokenInvalid(facts, subject);
    case 'refresh_token_reuse':
      return events.refreshTokenReuse(facts, subject);
    case 'token_invalid':
      return events.tokenInvalid(facts, subject);
    default:
      return events.loginFailure(facts, subject);
  }
}
