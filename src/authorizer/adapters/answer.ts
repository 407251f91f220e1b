// The decision in the forms that API Gateway takes. Nothing of the token but its claims' text ever leaves here.
import { schemeOf } from '../challenge.ts';
import { authorizerContext } from '../context.ts';
import { bearerRefusal } from '../denial.ts';
import type { Decision } from '../decide.ts';
import type { PolicyDocument, PolicyWriter } from '../policy.ts';
import type { AuthorizerCall } from './event.ts';

type Context = Readonly<Record<string, string>>;
export type PolicyAnswer = { readonly principalId: string; readonly policyDocument: PolicyDocument; readonly context: Context };
export type SimpleAnswer = { readonly isAuthorized: boolean; readonly context: Context };
export type AuthorizerAnswer = PolicyAnswer | SimpleAnswer;

/** API Gateway answers 401 to exactly this message, and 500 (or what its gateway responses make of it) to any other. */
const unauthorized = (): Error => new Error('Unauthorized');
/** An outage: nobody knows whether the caller may pass. */
export const unavailable = (): Error => new Error('Unavailable');

/** Throws where the gateway has an answer of its own: 401, 503. A 403 is told in the answer, with its challenge. */
function contextFor(call: AuthorizerCall, decision: Decision): Context {
  const context = authorizerContext(decision.token, call.traceId, decision.connection);
  if (decision.allowed) return context;
  const { status, challenge } = bearerRefusal(decision.denial, schemeOf(call.request.authorization[0]));
  if (status === 503) throw unavailable();
  if (status === 401) throw unauthorized();
  // The token's own claims stay: where the gateway remembers this answer, routes that it allows get them from here.
  return { ...context, challenge: challenge ?? '' };
}

export function policyAnswer(call: AuthorizerCall, decision: Decision, writePolicy: PolicyWriter): PolicyAnswer {
  const context = contextFor(call, decision);
  if (call.arn === undefined) throw new TypeError('the event has no ARN that a policy could name');
  return { principalId: principalOf(decision), policyDocument: writePolicy(call.arn, decision), context };
}

/**
 * For the `$connect` of a WebSocket API, which asks for each connection anew and for nothing else. With `exp`, in epoch seconds, since
 * a connection may outlive the token that it was opened with, and only its API can close it.
 */
export function connectAnswer(call: AuthorizerCall, decision: Decision, connectArn: string): PolicyAnswer {
  const context = { ...contextFor(call, decision), exp: String(decision.token?.claims.exp ?? '') };
  const Effect = decision.allowed ? 'Allow' : 'Deny';
  const policyDocument: PolicyDocument = {
    Version: '2012-10-17',
    Statement: [{ Action: 'execute-api:Invoke', Effect, Resource: [connectArn] }],
  };
  return { principalId: principalOf(decision), policyDocument, context };
}

const principalOf = ({ token, connection }: Decision): string =>
  token?.claims.client_id ?? (connection?.by === 'mtls' ? connection.certificate?.thumbprint : undefined) ?? 'anonymous';

export function simpleAnswer(call: AuthorizerCall, decision: Decision): SimpleAnswer {
  const context = contextFor(call, decision);
  return { isAuthorized: decision.allowed, context };
}
