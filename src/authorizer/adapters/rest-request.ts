/**
 * REST APIs, REQUEST authorizer, and HTTP APIs with authorizer payload 1.0. Method and path come from the ARN that the
 * gateway checks the policy against; `path` may carry a base path mapping and only has to be unambiguous too.
 */
import { parseInvokeArn } from '../policy.ts';
import { pathSegments } from '../route-path.ts';
import { callFacts, headerValues, sourceIp, type AuthorizerCall, type RestRequestEvent } from './event.ts';

export function restRequestCall(event: RestRequestEvent): AuthorizerCall {
  const arn = parseInvokeArn(event.methodArn);
  const unambiguous = event.path === undefined || pathSegments(event.path) !== undefined;
  const { identity } = event.requestContext ?? {};
  // `headers` keeps the last of several values; `multiValueHeaders` has them all.
  const several = headerValues(event.multiValueHeaders, 'authorization');
  return {
    request: {
      method: arn?.method ?? '',
      path: unambiguous ? (arn?.path ?? '') : '',
      authorization: several.length > 0 ? several : headerValues(event.headers, 'authorization'),
      ip: sourceIp(identity?.sourceIp),
    },
    arn,
    ...callFacts(event.headers ?? {}, identity?.userAgent),
  };
}
