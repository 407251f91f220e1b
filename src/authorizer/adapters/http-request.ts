/**
 * HTTP APIs, authorizer payload 2.0, for simple and for policy answers. Several headers of one name arrive joined with
 * commas, which no token contains. A stage other than `$default` stands before the path.
 */
import { parseInvokeArn } from '../policy.ts';
import { callFacts, certificateIn, headerValues, proofFacts, sourceIp, type AuthorizerCall, type HttpRequestEvent } from './event.ts';

export function httpRequestCall(event: HttpRequestEvent): AuthorizerCall {
  const { http, stage, domainName } = event.requestContext;
  const arn = parseInvokeArn(event.routeArn);
  const authorization = headerValues(event.headers, 'authorization');
  return {
    request: {
      method: http.method,
      path: pathOf(event.rawPath, stage, arn?.path),
      authorization,
      apiKey: headerValues(event.headers, 'x-api-key'),
      ip: sourceIp(http.sourceIp),
      ...certificateIn(event.requestContext.authentication?.clientCert),
      ...proofFacts(authorization, () => headerValues(event.headers, 'dpop'), { domainName, path: event.rawPath }),
    },
    arn,
    ...callFacts(event.headers ?? {}, http.userAgent),
  };
}

/** The path without the stage; where the ARN has it as it stands, a path that only looks as if it began with the stage. */
function pathOf(rawPath: string, stage: string | undefined, arnPath: string | undefined): string {
  const prefix = `/${stage ?? '$default'}`;
  const staged = prefix !== '/$default' && (rawPath === prefix || rawPath.startsWith(`${prefix}/`));
  return staged && rawPath !== arnPath ? rawPath.slice(prefix.length) || '/' : rawPath;
}
