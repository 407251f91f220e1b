/**
 * What becomes known of a request while it is decided, and how it is concluded: the answer, its log line, its audit event and its
 * metric, in one place so that no endpoint forgets one.
 */
import { randomUUID } from 'node:crypto';
import type { DenialBudget } from '../abuse/denial-budget.ts';
import { allowanceHeaders, type Allowance } from '../abuse/allowance.ts';
import { minuteOf, rateAllowance, type RateVerdict } from '../abuse/rate-window.ts';
import type { AuditEvent } from '../audit/event.ts';
import type { Diagnosis } from '../authorizer/diagnosis.ts';
import * as events from '../audit/events.ts';
import { challenge, challengeOfBoth, schemeOf } from '../authorizer/challenge.ts';
import { networkOf } from '../client-authentication/network.ts';
import { jsonResponse, NO_STORE, type HttpRequest, type HttpResponse } from '../http/message.ts';
import { Outage } from '../outage.ts';
import { log, logAudit, type LogFields } from '../telemetry/log.ts';
import { emitCounter, emitRequestMetric } from '../telemetry/metrics.ts';
import type { ProvenKey } from '../tokens/dpop.ts';
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
  /** What is left of the client's quotas, where tokens are issued. */
  quotas: readonly Allowance[];
  /** The key that the request's DPoP proof shows; undefined = it has none. */
  provenKey: ProvenKey | undefined;
  /** For the next proof, where nonces are demanded. */
  dpopNonce: string | undefined;
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
  quotas: [],
  provenKey: undefined,
  dpopNonce: undefined,
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
  emitRequestMetric(metricOf(trail, 'success', undefined));
  const told = { ...headers, ...rateHeaders(trail), ...nonceHeader(trail) };
  return body === undefined ? { status, headers: told, body: '' } : jsonResponse(status, body, told);
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
    { ...NO_STORE, ...(wire.status === 401 ? {} : rateHeaders(trail)), ...nonceHeader(trail), ...refusalHeaders(failure, wire, request) },
  );
}

const metricOf = ({ endpoint, request }: Trail, outcome: 'success' | 'refused', reason: string | undefined) => ({
  endpoint,
  outcome,
  reason,
  latencyMs: Date.now() - request.nowMs,
  nowMs: request.nowMs,
});

const rateHeaders = ({ verdict, quotas, endpoint }: Trail): Readonly<Record<string, string>> =>
  allowanceHeaders([...(verdict === undefined ? [] : [rateAllowance(endpoint, verdict)]), ...quotas]);

/** RFC 9449 section 8.2. */
const nonceHeader = ({ dpopNonce }: Trail): Readonly<Record<string, string>> =>
  dpopNonce === undefined ? {} : { 'dpop-nonce': dpopNonce };

const DETAIL_MAX_CHARACTERS = 256;

/** Everything beside the reason; the union holds no secret, and texts are cut. */
function detailOf(failure: Failure): NonNullable<LogFields['detail']> {
  const { reason: _, ...data } = failure;
  // What is known of a bearer token lies one level deeper.
  const members = Object.entries<string | number | boolean | Diagnosis>(data).flatMap(([name, value]) =>
    typeof value === 'object' ? Object.entries(value) : [[name, value] as const],
  );
  return Object.fromEntries(
    members.map(([name, value]) => [name, typeof value === 'string' ? value.slice(0, DETAIL_MAX_CHARACTERS) : value]),
  );
}

/** What names a field or parameter of ours says which; nothing else says more than its kind, and none repeats input. */
function describe(failure: Failure, wire: WireError): string {
  if ('field' in failure) return `${failure.field} ${failure.problem}`;
  return failure.reason === 'parameter_missing' ? `${failure.parameter} is missing` : wire.description;
}

function refusalHeaders(failure: Failure, wire: WireError, request: HttpRequest): Readonly<Record<string, string>> {
  if ('retryAfterSeconds' in failure) return { 'retry-after': String(failure.retryAfterSeconds) };
  if (failure.reason === 'method_not_allowed') return { allow: failure.allow };
  if (wire.challenge === undefined) return {};
  return {
    'www-authenticate': wire.challenge === 'Basic' ? 'Basic realm="m2m-auth", charset="UTF-8"' : bearerChallenge(failure, wire, request),
  };
}

/** In the scheme that the caller used (RFC 6750 section 3, RFC 9449 section 7.1). */
function bearerChallenge(failure: Failure, { error, description }: WireError, request: HttpRequest): string {
  if (failure.reason === 'bearer_missing') return challenge('Bearer');
  const scheme = schemeOf(request.headers.get('authorization'));
  if (failure.reason === 'bearer_scope_insufficient') return challenge(scheme, { error, description, scope: failure.scope });
  if (scheme === 'Bearer' && isBearerFault(failure) && failure.fault === 'binding_unproven') return challengeOfBoth({ error, description });
  return challenge(scheme, { error, description });
}

const isBearerFault = (failure: Failure): failure is Extract<Failure, { reason: 'bearer_invalid' | 'bearer_proof_invalid' }> =>
  failure.reason === 'bearer_invalid' || failure.reason === 'bearer_proof_invalid';

async function recordRefusal(
  failure: Failure,
  type: NonNullable<WireError['event']>,
  trail: Trail,
  { requests, denials }: ConclusionDeps,
): Promise<void> {
  const event = trail.recorded ?? refusalEvent(type, isBearerFault(failure) ? failure.fault : failure.reason, trail);
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
