/**
 * REST APIs, REQUEST authorizer, and HTTP APIs with authorizer payload 1.0. Method and path come from the ARN that the
 * gateway checks the policy against; `path` may carry a base path mapping and only has to be unambiguous too.
 */
import { parseInvokeArn } from '../policy.ts';
import { pathSegments } from '../route-path.ts';
import { callFacts, certificateIn, everyValue, proofFacts, sourceIp, type AuthorizerCall, type RestRequestEvent } from './event.ts';

export function restRequestCall(event: RestRequestEvent): AuthorizerCall {
  const arn = parseInvokeArn(event.methodArn);
  const { requestContext = {} } = event;
  const { identity } = requestContext;
  const authorization = everyValue(event, 'authorization');
  return {
    request: {
      // What cannot be told from the ARN matches no rule.
      ...(arn !== undefined && isUnambiguous(event.path) ? { method: arn.method, path: arn.path } : { method: '', path: '' }),
      authorization,
      apiKey: everyValue(event, 'x-api-key'),
      ip: sourceIp(identity?.sourceIp),
      ...certificateIn(identity?.clientCert),
      ...proofFacts(authorization, () => everyValue(event, 'dpop'), requestContext),
    },
    arn,
    ...callFacts(event.headers ?? {}, identity?.userAgent, requestContext.requestId),
  };
}

const isUnambiguous = (path: string | undefined): boolean => path === undefined || pathSegments(path) !== undefined;
