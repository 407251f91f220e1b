/**
 * REST APIs, REQUEST authorizer, and HTTP APIs with authorizer payload 1.0. Method and path come from the ARN that the
 * gateway checks the policy against; `path` may carry a base path mapping and only has to be unambiguous too.
 */
import { parseInvokeArn } from '../policy.ts';
import { pathSegments } from '../route-path.ts';
import { callFacts, headerValues, sourceIp, type AuthorizerCall, type RestRequestEvent } from './event.ts';

export function restRequestCall(event: RestRequestEvent): AuthorizerCall {
  const arn = parseInvokeArn(event.methodArn);
  const identity = event.requestContext?.identity;
  return {
    request: {
      // What cannot be told from the ARN matches no rule.
      ...(arn !== undefined && isUnambiguous(event.path) ? { method: arn.method, path: arn.path } : { method: '', path: '' }),
      authorization: authorizationOf(event),
      ip: sourceIp(identity?.sourceIp),
    },
    arn,
    ...callFacts(event.headers ?? {}, identity?.userAgent, event.requestContext?.requestId),
  };
}

const isUnambiguous = (path: string | undefined): boolean => path === undefined || pathSegments(path) !== undefined;

/** `headers` keeps the last of several values; `multiValueHeaders` has them all. */
function authorizationOf({ multiValueHeaders, headers }: RestRequestEvent): readonly string[] {
  const several = headerValues(multiValueHeaders, 'authorization');
  return several.length > 0 ? several : headerValues(headers, 'authorization');
}
