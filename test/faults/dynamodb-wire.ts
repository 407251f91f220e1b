// Between the SDK and the engine: passes requests on, or lets them fail as DynamoDB and networks do, before or after they took effect.
import { Agent, createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const WIRE_FAULTS = {
  throttled: { name: 'ProvisionedThroughputExceededException', status: 400 },
  'access denied': { name: 'AccessDeniedException', status: 400 },
  'internal error': { name: 'InternalServerError', status: 500 },
  'condition failed': { name: 'ConditionalCheckFailedException', status: 400 },
} as const;
export type WireFault =
  | keyof typeof WIRE_FAULTS
  /** The connection breaks before the request is seen. */
  | 'connection reset'
  /** The request takes effect, and the connection breaks. */
  | 'answer lost'
  /** The request takes effect, and nothing is ever answered. */
  | 'no answer'
  /** BatchGetItem answers without having read anything. */
  | 'keys unprocessed';

export type Failing = {
  readonly call: string;
  readonly fault: WireFault;
  readonly times?: number;
  readonly when?: (body: string) => boolean;
};
export type Wire = {
  fail(failing: Failing): void;
  heal(): void;
  close(): Promise<void>;
};

/** Puts itself in front of the engine that AWS_ENDPOINT_URL_DYNAMODB names; clients made from then on go through it. */
export async function startWire(): Promise<Wire> {
  const engine = new URL(process.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
  const agent = new Agent({ keepAlive: true });
  let failing: (Failing & { left: number }) | undefined;

  const server = createServer((incoming, outgoing) => {
    const answered = readAll(incoming).then(async (body) => {
      const fault = faultFor(callOf(incoming, body), body);
      if (fault === 'connection reset') return incoming.socket.destroy();
      if (fault !== undefined && fault in WIRE_FAULTS) {
        answerError(outgoing, fault as keyof typeof WIRE_FAULTS);
        return undefined;
      }
      const answer = await passOn(engine, agent, incoming, body);
      if (fault === 'answer lost') return incoming.socket.destroy();
      if (fault === 'no answer') return undefined;
      outgoing.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' });
      return outgoing.end(fault === 'keys unprocessed' ? unprocessed(body) : answer.body);
    });
    answered.catch(() => incoming.socket.destroy()); // an idle connection that the engine closed meanwhile: the SDK tries again
  });
  const faultFor = (call: string, body: string): WireFault | undefined => {
    if (failing === undefined || failing.call !== call || failing.left === 0 || failing.when?.(body) === false) return undefined;
    failing.left -= 1;
    return failing.fault;
  };

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env['AWS_ENDPOINT_URL_DYNAMODB'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    fail: (given) => (failing = { ...given, left: given.times ?? Infinity }),
    heal: () => (failing = undefined),
    async close() {
      process.env['AWS_ENDPOINT_URL_DYNAMODB'] = engine.href;
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const unprocessed = (body: string): string =>
  JSON.stringify({ Responses: {}, UnprocessedKeys: (JSON.parse(body) as { RequestItems: unknown }).RequestItems });

async function readAll(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** As in endpoints/aws-calls.ts: the action, and the kind of item that it is about. */
function callOf({ headers }: IncomingMessage, body: string): string {
  const action = String(headers['x-amz-target']).split('.')[1] ?? '';
  if (action === 'BatchGetItem') return action;
  const { Key, Item, IndexName, KeyConditionExpression, ExpressionAttributeValues } = JSON.parse(body) as Record<string, any>;
  const [, queried = ''] = /PK = (:\w+)/.exec((KeyConditionExpression ?? '') as string) ?? [];
  const partition = ((Key ?? Item)?.PK ?? ExpressionAttributeValues?.[queried])?.S as string | undefined;
  return `${action} ${(IndexName as string | undefined) ?? partition?.split('#', 1)[0] ?? ''}`;
}

function answerError(outgoing: ServerResponse, fault: keyof typeof WIRE_FAULTS): void {
  const { name, status } = WIRE_FAULTS[fault];
  outgoing.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
  outgoing.end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: 'planted' }));
}

const passOn = (engine: URL, agent: Agent, { method, headers }: IncomingMessage, body: string): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    const onward = httpRequest(engine, { method, headers, agent }, (answer) => {
      void readAll(answer).then((text) => resolve({ status: answer.statusCode ?? 500, body: text }), reject);
    });
    onward.on('error', reject);
    onward.end(body);
  });
