// CloudWatch Logs as far as the command line uses it: log groups by prefix, and lines by phrase, a page at a time.
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export type FakeCloudWatch = {
  readonly url: string;
  /** Lines by log group. */
  readonly groups: Map<string, readonly string[]>;
  readonly asked: { readonly operation: string; readonly input: any; readonly headers: IncomingHttpHeaders }[];
  /** Answers to every call with this refusal instead. */
  refusal: { readonly status: number; readonly body: unknown } | undefined;
  readonly close: () => Promise<void>;
};

export async function startFakeCloudWatch(): Promise<FakeCloudWatch> {
  const fake: Omit<FakeCloudWatch, 'url' | 'close'> = { groups: new Map(), asked: [], refusal: undefined };
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
      const input = JSON.parse(body);
      fake.asked.push({ operation, input, headers: request.headers });
      response.writeHead(fake.refusal?.status ?? 200, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify(fake.refusal?.body ?? answer(operation, input, fake.groups)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(fake, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => close(server) });
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

function answer(operation: string, input: any, groups: ReadonlyMap<string, readonly string[]>): unknown {
  if (operation === 'DescribeLogGroups') {
    const names = [...groups.keys()].filter((name) => name.startsWith(input.logGroupNamePrefix));
    return { logGroups: names.map((logGroupName) => ({ logGroupName })) };
  }
  // An empty page with a token first, as the service does after a second of searching.
  if (input.nextToken === undefined) return { events: [], nextToken: 'more' };
  const phrase = String(input.filterPattern).slice(1, -1);
  const lines = (groups.get(input.logGroupName) ?? []).filter((line) => line.includes(phrase));
  return { events: lines.map((message, index) => ({ timestamp: index, message })) };
}
