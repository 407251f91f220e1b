/**
 * A Lambda authorizer around the core: event in, answer out, a line in the audit trail for every token that was refused.
 * An authorizer whose environment is wrong says so in its log, naming the variable, and fails every call: nobody passes.
 */
import { randomUUID } from 'node:crypto';
import type { AuditEvent } from '../audit/event.ts';
import { tokenInvalid } from '../audit/events.ts';
import { ConfigurationError } from '../environment.ts';
import { describeError, log, logAudit } from '../telemetry/log.ts';
import { emitCounter } from '../telemetry/metrics.ts';
import { policyAnswer, simpleAnswer, unavailable, type AuthorizerAnswer } from './adapters/answer.ts';
import type { AuthorizerCall, HttpRequestEvent, RestRequestEvent, RestTokenEvent } from './adapters/event.ts';
import { httpRequestCall } from './adapters/http-request.ts';
import { restRequestCall } from './adapters/rest-request.ts';
import { restTokenCall } from './adapters/rest-token.ts';
import type { Authorizer } from './authorizer.ts';
import type { Decision } from './decide.ts';
import type { Denial } from './denial.ts';
import { createPolicyWriter } from './policy.ts';
import type { ParsedRouteRule } from './route-rule.ts';

export type AuthorizerHandlerDeps = {
  readonly authorize: Authorizer;
  readonly rules: readonly ParsedRouteRule[];
  /** For HTTP APIs with payload 2.0; every other event takes a policy only. */
  readonly responseFormat: 'policy' | 'simple';
  /** Epoch milliseconds. */
  readonly clock: () => number;
  /** Carries refusals further than the log, at a bounded rate. */
  readonly recordDenial?: (event: AuditEvent, nowMs: number) => Promise<void>;
};

export type AuthorizerHandler = (event: unknown) => Promise<AuthorizerAnswer>;

export function authorizerHandler(build: () => AuthorizerHandlerDeps): AuthorizerHandler {
  try {
    return createHandler(build());
  } catch (error) {
    log('FATAL', 'the authorizer refuses to start', {
      endpoint: 'authorizer',
      ...(error instanceof ConfigurationError ? { variable: error.variable } : {}),
      error: describeError(error),
    });
    emitCounter('configuration_error', Date.now());
    return () => Promise.reject(unavailable());
  }
}

function createHandler(deps: AuthorizerHandlerDeps): AuthorizerHandler {
  const writePolicy = createPolicyWriter(deps.rules);
  return async (event) => {
    const call = callOf(event);
    const decision = await deps.authorize(call.request);
    if (!decision.allowed) await report(call, decision, deps);
    return deps.responseFormat === 'simple' && isPayload2(event) ? simpleAnswer(call, decision) : policyAnswer(call, decision, writePolicy);
  };
}

const isPayload2 = (event: unknown): boolean => (event as { version?: unknown }).version === '2.0';

/** Which of API Gateway's shapes this is; another one is a defect of the wiring, so the call fails. */
function callOf(event: unknown): AuthorizerCall {
  const { type, version = '1.0' } = (event ?? {}) as { type?: unknown; version?: unknown };
  if (type === 'TOKEN') return restTokenCall(event as RestTokenEvent);
  if (type === 'REQUEST' && version === '2.0') return httpRequestCall(event as HttpRequestEvent);
  if (type === 'REQUEST' && version === '1.0') return restRequestCall(event as RestRequestEvent);
  throw new TypeError(`no authorizer event: type ${String(type)}, version ${String(version)}`);
}

type Refused = Extract<Decision, { allowed: false }>;

/** Requests without a token are no news; a token that is refused is, whoever sent it. */
const WITHOUT_TOKEN: ReadonlySet<Denial['reason']> = new Set(['token_missing', 'authorization_not_bearer']);

async function report(call: AuthorizerCall, { denial, subject }: Refused, { clock, recordDenial }: AuthorizerHandlerDeps): Promise<void> {
  const nowMs = clock();
  if (denial.reason === 'keys_unavailable' || denial.reason === 'revocation_unavailable') {
    log('ERROR', 'outage', { endpoint: 'authorizer', reason: denial.reason, dependency: denial.dependency, trace_id: call.traceId });
    emitCounter('outage', nowMs);
  } else if (!WITHOUT_TOKEN.has(denial.reason)) {
    const event = refusalEvent(call, denial, subject, nowMs);
    logAudit(event);
    await recordDenial?.(event, nowMs);
  }
}

const refusalEvent = (
  { request, userAgent, traceId }: AuthorizerCall,
  { reason }: Denial,
  subject: Refused['subject'],
  nowMs: number,
): AuditEvent =>
  tokenInvalid(
    { eventId: randomUUID(), ip: request.ip ?? '', userAgent, traceId, nowMs },
    { client_id: subject?.client_id ?? '', jti: subject?.jti ?? '', sid: subject?.sid ?? '', reason },
  );
