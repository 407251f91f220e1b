/**
 * WebSocket APIs, REQUEST authorizer of `$connect`: asked once for each connection and never for its messages. The handshake is a
 * GET (RFC 6455 section 4.1), so rules know it as `GET /$connect`. A token in the query string or in a subprotocol, as browsers
 * send them, is not looked at: both are logged on the way.
 */
import { callFacts, certificateIn, everyValue, sourceIp, type AuthorizerCall, type ConnectEvent } from './event.ts';

const CONNECT = '$connect';
const CONNECT_ARN = /^arn:[\w-]+:execute-api:[\w-]*:\d*:\w+\/[\w$.-]+\/\$connect$/;

/** Both are the gateway's own words: no caller has a say in them. */
export function isConnect(event: unknown): event is ConnectEvent {
  const { methodArn, requestContext } = (event ?? {}) as Partial<ConnectEvent>;
  return requestContext?.routeKey === CONNECT && CONNECT_ARN.test(methodArn ?? '');
}

export function connectCall(event: ConnectEvent): AuthorizerCall {
  const { identity } = event.requestContext;
  return {
    request: {
      method: 'GET',
      path: `/${CONNECT}`,
      authorization: everyValue(event, 'authorization'),
      apiKey: everyValue(event, 'x-api-key'),
      ip: sourceIp(identity?.sourceIp),
      ...certificateIn(identity?.clientCert),
    },
    // It names no method, as other policies need it to.
    arn: undefined,
    ...callFacts(event.headers ?? {}, identity?.userAgent ?? everyValue(event, 'user-agent')[0]),
  };
}
