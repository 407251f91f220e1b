/**
 * The outer wrapper of every function behind the HTTP API, and the only place that knows middy: event in, result out, and the two
 * answers that no endpoint gives itself, 503 for an outage and 500 for a defect. The order of security checks is not here but in
 * `src/endpoints`, as plain code.
 */
import middy from '@middy/core';
import { DEADLINE_MS } from '../deadline.ts';
import { ConfigurationError } from '../environment.ts';
import { Outage } from '../outage.ts';
import { describeError, log } from '../telemetry/log.ts';
import { emitCounter, emitRequestMetric } from '../telemetry/metrics.ts';
import { requestFrom, resultFrom, type HttpApiEvent, type HttpApiResult } from './lambda-event.ts';
import { jsonResponse, NO_STORE, type HttpRequest, type HttpResponse } from './message.ts';

export type Endpoint = (request: HttpRequest) => Promise<HttpResponse>;

/**
 * @param name for logs and metrics.
 * @param build makes the endpoint from the environment, once per execution environment. When it throws, the function still
 *   starts: it says why in its log, naming the variable, and answers 503 to every call.
 */
export function lambda(name: string, build: () => Endpoint): (event: HttpApiEvent, context: object) => Promise<HttpApiResult> {
  const endpoint = buildOrRefuse(name, build);
  return middy(async (event: HttpApiEvent): Promise<HttpApiResult> => {
    const request = requestFrom(event, Date.now());
    const response = await answer(name, endpoint, request);
    return resultFrom(response, request.traceId);
  });
}

function buildOrRefuse(name: string, build: () => Endpoint): Endpoint {
  try {
    return build();
  } catch (error) {
    reportConfiguration(name, error);
    return () => Promise.reject(new Outage('configuration', { cause: error }));
  }
}

function reportConfiguration(name: string, error: unknown): void {
  log('FATAL', 'the function refuses to start', {
    endpoint: name,
    ...(error instanceof ConfigurationError ? { variable: error.variable } : {}),
    error: describeError(error),
  });
  emitCounter('configuration_error', Date.now());
}

async function answer(name: string, endpoint: Endpoint, request: HttpRequest): Promise<HttpResponse> {
  try {
    return await withinDeadline(endpoint(request));
  } catch (error) {
    const isOutage = error instanceof Outage || error instanceof ConfigurationError;
    emitRequestMetric({
      endpoint: name,
      outcome: isOutage ? 'outage' : 'defect',
      reason: error instanceof Outage ? error.dependency : undefined,
      latencyMs: Date.now() - request.nowMs,
      nowMs: request.nowMs,
    });
    return isOutage ? outage(name, request, error) : defect(name, request, error);
  }
}

async function withinDeadline(work: Promise<HttpResponse>): Promise<HttpResponse> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Outage('deadline'));
    }, DEADLINE_MS);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

function outage(name: string, request: HttpRequest, error: Outage | ConfigurationError): HttpResponse {
  if (error instanceof ConfigurationError) reportConfiguration(name, error);
  else {
    log('ERROR', 'outage', {
      endpoint: name,
      trace_id: request.traceId,
      dependency: error.dependency,
      throttled: error.throttled,
      error: describeError(error),
    });
    emitCounter('outage', request.nowMs);
  }
  return jsonResponse(
    503,
    {
      error: 'temporarily_unavailable',
      error_description: 'the service is temporarily unavailable; retry shortly',
      trace_id: request.traceId,
    },
    { ...NO_STORE, 'retry-after': '1' },
  );
}

/** A bug of ours: the answer says nothing of it, the log everything but the request. */
function defect(name: string, request: HttpRequest, error: unknown): HttpResponse {
  log('ERROR', 'defect', {
    endpoint: name,
    trace_id: request.traceId,
    error: describeError(error),
    ...(error instanceof Error && error.stack !== undefined ? { stack: error.stack } : {}),
  });
  return jsonResponse(500, { error: 'server_error', error_description: 'the request could not be handled', trace_id: request.traceId });
}
