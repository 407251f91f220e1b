/**
 * REST APIs, TOKEN authorizer: the gateway tells the header's value and the method, nothing of the caller. A token that is
 * limited to networks is refused, since nobody says where it came from.
 */
import { parseInvokeArn } from '../policy.ts';
import { callFacts, type AuthorizerCall, type RestTokenEvent } from './event.ts';

export function restTokenCall(event: RestTokenEvent): AuthorizerCall {
  const arn = parseInvokeArn(event.methodArn);
  return {
    request: {
      method: arn?.method ?? '',
      path: arn?.path ?? '',
      authorization: event.authorizationToken === undefined ? [] : [event.authorizationToken],
      apiKey: [],
      ip: undefined,
    },
    arn,
    ...callFacts(undefined, undefined),
  };
}
