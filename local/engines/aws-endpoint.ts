// One AWS service's endpoint on this machine: JSON over HTTP as the SDK speaks it, the caller's role checked at every call.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AccessCheck, AccessQuestion } from '../iam/access.ts';
import { accessKeyIdFrom, type Principal } from '../iam/principals.ts';
import { messageBody } from '../message-body.ts';
import { SLOW_ANSWER_MS, type FaultMode, type FaultService } from './faults.ts';

/** An error as AWS answers it. `type` goes to `__type`, where the SDK finds the exception's name. */
export class AwsError extends Error {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  constructor(
    type: string,
    message: string,
    options: { readonly status?: number; readonly members?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message);
    this.status = options.status ?? 400;
    this.body = { __type: type, message, ...options.members };
  }
}

export type AwsService = {
  readonly name: FaultService;
  /** What the call must be allowed to do; throws `AwsError` for an operation that is not known. */
  questions(operation: string, input: unknown): readonly AccessQuestion[];
  execute(operation: string, input: unknown): Promise<unknown>;
};

export type AwsEndpointOptions = {
  /** By the prefix of `x-amz-target`, e.g. `TrentService`. */
  readonly services: ReadonlyMap<string, AwsService>;
  readonly principals: readonly Principal[];
  readonly allowed: AccessCheck;
  readonly faultOf: (service: FaultService) => FaultMode;
  /** Refusals and defects, for the operator. */
  readonly onProblem: (text: string) => void;
};

export type AwsEndpoint = { readonly port: number; close(): Promise<void> };

export async function startAwsEndpoint(options: AwsEndpointOptions): Promise<AwsEndpoint> {
  const principals = new Map(options.principals.map((principal) => [principal.accessKeyId, principal]));
  const server = createServer({ keepAliveTimeout: 60_000 }, (message, response) => {
    serve(message, response, principals, options).catch((error: unknown) => {
      if (!message.destroyed)
        options.onProblem(`local AWS endpoint: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      if (response.headersSent) response.destroy();
      else answer(response, 500, { __type: 'InternalServerError', message: 'internal error' });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('the local AWS endpoint has no port');
  return { port: address.port, close: () => closed(server) };
}

/** DynamoDB's limit, the largest of the three. */
const REQUEST_MAX_BYTES = 16 * 1024 * 1024;

async function serve(
  message: IncomingMessage,
  response: ServerResponse,
  principals: ReadonlyMap<string, Principal>,
  options: AwsEndpointOptions,
): Promise<void> {
  const [prefix = '', operation = ''] = String(message.headers['x-amz-target'] ?? '').split('.');
  const service = options.services.get(prefix);
  const body = String((await messageBody(message, REQUEST_MAX_BYTES)) ?? '');
  if (!service) {
    answer(response, 400, { __type: 'UnknownOperationException', message: `no service ${prefix} on this machine` });
    return;
  }
  const fault = options.faultOf(service.name);
  if (fault === 'down') message.socket.resetAndDestroy();
  else if (fault === 'throttle') answer(response, 400, { __type: THROTTLED[service.name], message: 'Rate exceeded' });
  else {
    const principal = principals.get(accessKeyIdFrom(message.headers.authorization) ?? '');
    const [status, result] = await outcome(service, operation, body, principal, options);
    // The call has taken effect; only its answer is late, which is the harder case for the caller.
    if (fault === 'slow') await new Promise((resolve) => setTimeout(resolve, SLOW_ANSWER_MS));
    answer(response, status, result);
  }
}

const THROTTLED: Readonly<Record<FaultService, string>> = {
  dynamodb: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
  kms: 'ThrottlingException',
  secretsmanager: 'ThrottlingException',
};

async function outcome(
  service: AwsService,
  operation: string,
  body: string,
  principal: Principal | undefined,
  options: AwsEndpointOptions,
): Promise<readonly [status: number, body: unknown]> {
  try {
    if (!principal) throw new AwsError('UnrecognizedClientException', 'The security token included in the request is invalid.');
    const input = parsed(body);
    for (const question of service.questions(operation, input))
      if (!(await options.allowed(principal, question))) {
        options.onProblem(`IAM: ${refusal(principal, question)}`);
        throw new AwsError('AccessDeniedException', refusal(principal, question));
      }
    return [200, await service.execute(operation, input)];
  } catch (error) {
    if (error instanceof AwsError) return [error.status, error.body];
    throw error;
  }
}

const refusal = (principal: Principal, { action, resource }: AccessQuestion): string =>
  `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`;

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new AwsError('SerializationException', 'the request is not JSON');
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed) return;
  const text = JSON.stringify(body);
  response.writeHead(status, [
    'content-type',
    'application/x-amz-json-1.0',
    'content-length',
    String(Buffer.byteLength(text)),
    'x-amzn-requestid',
    randomUUID(),
  ]);
  response.end(text);
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}
