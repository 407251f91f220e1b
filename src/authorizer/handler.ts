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
import { connectAnswer, policyAnswer, simpleAnswer, unavailable, type AuthorizerAnswer } from './adapters/answer.ts';
import { connectCall, isConnect } from './adapters/connect-request.ts';
import type { AuthorizerCall, HttpRequestEvent, RestRequestEvent, RestTokenEvent } from './adapters/event.ts';
import { httpRequestCall } from './adapters/http-request.ts';
import { restRequestCall } from './adapters/rest-request.ts';
import { restTokenCall } from './adapters/rest-token.ts';
import type { Authorizer } from './authorizer.ts';
import type { AccessRequest, Decision } from './decide.ts';
import { bearerRefusal, type Denial } from './denial.ts';
import { diagnose, type Expectations } from './diagnosis.ts';
import { createPolicyWriter } from './policy.ts';
import type { ParsedRouteRule } from './route-rule.ts';

export type AuthorizerHandlerDeps = {
  readonly authorize: Authorizer;
  /** What `authorize` holds tokens against, to say in the log what was wrong with one. */
  readonly issuer: string;
  readonly audience: string;
  readonly rules: readonly ParsedRouteRule[];
  /** For HTTP APIs with payload 2.0; every other event takes a policy only. */
  readonly responseFormat: 'policy' | 'simple';
  /** What stands before the paths of the API for its callers, where the gateway does not know it; undefined = what it knows. */
  readonly publicUrl?: string | undefined;
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
    const decision = await deps.authorize(asCalled(call.request, deps.publicUrl));
    if (!decision.allowed) await report(call, decision, deps);
    if (isConnect(event)) return connectAnswer(call, decision, event.methodArn);
    return deps.responseFormat === 'simple' && isPayload2(event) ? simpleAnswer(call, decision) : policyAnswer(call, decision, writePolicy);
  };
}

/** A request that has no proof is not held against its URL. */
const asCalled = (request: AccessRequest, publicUrl: string | undefined): AccessRequest =>
  publicUrl === undefined || request.dpop === undefined ? request : { ...request, url: `${publicUrl}${request.path}` };

const isPayload2 = (event: unknown): boolean => (event as { version?: unknown }).version === '2.0';

/** Which of API Gateway's shapes this is; another one is a defect of the wiring, so the call fails. */
function callOf(event: unknown): AuthorizerCall {
  const { type, version = '1.0' } = (event ?? {}) as { type?: unknown; version?: unknown };
  if (type === 'TOKEN') return restTokenCall(event as RestTokenEvent);
  if (type === 'REQUEST' && isConnect(event)) return connectCall(event);
  if (type === 'REQUEST' && version === '2.0') return httpRequestCall(event as HttpRequestEvent);
  if (type === 'REQUEST' && version === '1.0') return restRequestCall(event as RestRequestEvent);
  throw new TypeError(`no authorizer event: type ${String(type)}, version ${String(version)}`);
}

type Refused = Extract<Decision, { allowed: false }>;

/** Requests without a token are no news; a token that is refused is, whoever sent it. */
const WITHOUT_TOKEN: ReadonlySet<Denial['reason']> = new Set(['token_missing', 'authorization_not_bearer']);

async function report(call: AuthorizerCall, { denial, subject }: Refused, deps: AuthorizerHandlerDeps): Promise<void> {
  const { clock, recordDenial } = deps;
  const nowMs = clock();
  if ('dependency' in denial) {
    log('ERROR', 'outage', { endpoint: 'authorizer', reason: denial.reason, dependency: denial.dependency, trace_id: call.traceId });
    emitCounter('outage', nowMs);
    return;
  }
  logRefusal(call, denial, subject, { ...deps, now: Math.floor(nowMs / 1000) });
  if (!WITHOUT_TOKEN.has(denial.reason)) {
    const event = refusalEvent(call, denial, subject, nowMs);
    logAudit(event);
    await recordDenial?.(event, nowMs);
  }
}

/** Every refusal, so that its trace id always finds why; what was sent is not in it. */
const logRefusal = ({ request, traceId }: AuthorizerCall, denial: Denial, subject: Refused['subject'], expected: Expectations): void => {
  log('INFO', 'refused', {
    endpoint: 'authorizer',
    status: bearerRefusal(denial).status,
    reason: denial.reason,
    detail: diagnose(denial, subject, request, expected),
    client_id: subject?.client_id ?? '',
    trace_id: traceId,
  });
};

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
