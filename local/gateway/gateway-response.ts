// What a REST API answers in place of a function: status, headers and body from the template, API Gateway's defaults otherwise.
import type { GatewayResponseSpec } from '../template/rest-api.ts';
import type { Answer } from './answer.ts';
import type { AuthorizerContext } from './authorizer.ts';

export type GatewayResponseType =
  | 'UNAUTHORIZED'
  | 'ACCESS_DENIED'
  | 'AUTHORIZER_FAILURE'
  | 'AUTHORIZER_CONFIGURATION_ERROR'
  | 'MISSING_AUTHENTICATION_TOKEN'
  | 'INTEGRATION_FAILURE'
  | 'INTEGRATION_TIMEOUT';

const DEFAULTS: Readonly<Record<GatewayResponseType, readonly [status: number, message: string]>> = {
  UNAUTHORIZED: [401, 'Unauthorized'],
  ACCESS_DENIED: [403, 'User is not authorized to access this resource'],
  AUTHORIZER_FAILURE: [500, 'Internal server error'],
  AUTHORIZER_CONFIGURATION_ERROR: [500, 'Internal server error'],
  MISSING_AUTHENTICATION_TOKEN: [403, 'Missing Authentication Token'],
  INTEGRATION_FAILURE: [502, 'Internal server error'],
  INTEGRATION_TIMEOUT: [504, 'Endpoint request timed out'],
};
const DEFAULT_TEMPLATE = '{"message":$context.error.messageString}';

const NOTHING_SET: GatewayResponseSpec = { statusCode: undefined, headers: {}, templates: {} };

export type ResponseContext = {
  readonly requestId: string;
  readonly authorizer: AuthorizerContext;
  readonly path: string;
  readonly method: string;
};

export function gatewayResponse(
  responses: Readonly<Record<string, GatewayResponseSpec>>,
  type: GatewayResponseType,
  context: ResponseContext,
): Answer {
  const [defaultStatus, message] = DEFAULTS[type];
  const fallback = responses[defaultStatus < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX'];
  const spec = responses[type] ?? fallback ?? NOTHING_SET;
  const variables = variablesOf(type, message, context);
  const headers = Object.entries(spec.headers).flatMap(([name, expression]) => {
    const value = mapped(expression, variables);
    return value === undefined ? [] : [[name, value] as const];
  });
  const [contentType, template] = Object.entries(spec.templates)[0] ?? ['application/json', DEFAULT_TEMPLATE];
  return {
    status: spec.statusCode ?? fallback?.statusCode ?? defaultStatus,
    headers: [['content-type', contentType], ...headers],
    body: rendered(template, variables),
  };
}

type Variables = (name: string) => string | undefined;

function variablesOf(type: GatewayResponseType, message: string, context: ResponseContext): Variables {
  const fixed: Readonly<Record<string, string>> = {
    requestId: context.requestId,
    extendedRequestId: context.requestId,
    httpMethod: context.method,
    path: context.path,
    'error.message': message,
    'error.messageString': JSON.stringify(message),
    'error.responseType': type,
  };
  return (name) => (name.startsWith('authorizer.') ? context.authorizer[name.slice('authorizer.'.length)] : fixed[name]);
}

/** `'text'` or `context.x.y`; a variable without a value leaves the header out. */
function mapped(expression: string, variables: Variables): string | undefined {
  const literal = /^'(.*)'$/s.exec(expression)?.[1];
  if (literal !== undefined) return literal;
  const variable = /^\$?context\.(.+)$/.exec(expression)?.[1];
  if (variable === undefined) throw new Error(`gateway response header ${expression} is a mapping that the local run does not know`);
  return variables(variable);
}

/** Only `$context` variables: API Gateway's gateway responses know no directives. One without a value becomes empty. */
const rendered = (template: string, variables: Variables): string =>
  template.replace(/\$context\.([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)*)/g, (_, name: string) => variables(name) ?? '');
