// Lists all clients page by page through the real function, as a manager of all and as one of a rare tag, and tells what it took.
import { describeCalls } from '../aws/counted-calls.ts';
import { startInMemoryAws, type InMemoryAws } from '../aws/in-memory-aws.ts';
import { serveIssuerDocuments } from '../aws/issuer-documents.ts';
import { CLIENT_ID, CLIENT_SECRET, demoClient } from '../demo-client.ts';
import { functionEnvironment } from '../function-environment.ts';
import { managementEvent } from '../management-event.ts';
import { median } from '../statistics.ts';
import { basicAuthorization, httpApiEvent } from '../token-request.ts';

export type Listed = {
  readonly pages: number;
  readonly seen: number;
  /** The calls of a page, each way of making them once. */
  readonly calls: readonly string[];
  readonly readUnits: number;
  readonly ms: number;
};

const [clients = 0, pageSize = 0, taggedOneIn = 0] = process.argv.slice(2).map(Number);
const TAG = 'team:rare';
const TAGGED_MANAGER = 'manager-of-a-tag';

const documents = await serveIssuerDocuments();
Object.assign(process.env, functionEnvironment(documents.issuer));
const managers = [
  demoClient({ scope: ['clients:manage'] }),
  demoClient({ client_id: TAGGED_MANAGER, scope: ['clients:manage'], manages_tags: [TAG] }),
];
const others = Array.from({ length: clients - managers.length }, (_, at) =>
  demoClient({ client_id: `c_${String(at).padStart(22, '0')}`, ...(at % taggedOneIn === 0 ? { tags: [TAG] } : {}) }),
);
const aws = startInMemoryAws([...managers, ...others]);
documents.publish(aws.publicJwk);

await listAll(CLIENT_ID, aws); // what is read once for an environment
const listed: readonly Listed[] = [await listAll(CLIENT_ID, aws), await listAll(TAGGED_MANAGER, aws)];
documents.stop();
process.send?.(listed);

async function accessToken(clientId: string): Promise<string> {
  const { handler } = await import('../../functions/token/handler.ts');
  const authorization = basicAuthorization(clientId, CLIENT_SECRET);
  const body = 'grant_type=client_credentials&scope=clients:manage';
  const result = await handler(httpApiEvent({ path: '/token', headers: { authorization }, body }), {});
  return (JSON.parse(result.body) as { access_token: string }).access_token;
}

async function listAll(clientId: string, { calls, units }: InMemoryAws): Promise<Listed> {
  const { handler } = await import('../../functions/clients/handler.ts');
  const bearer = await accessToken(clientId);
  const [kinds, times] = [new Set<string>(), [] as number[]];
  let seen = 0;
  units.take();
  for (let query: string | undefined = `limit=${pageSize}`; query !== undefined;) {
    calls.take();
    const began = performance.now();
    const result = await handler(managementEvent({ route: 'GET /clients', path: '/clients', query, accessToken: bearer }), {});
    times.push(performance.now() - began);
    kinds.add(describeCalls(calls.take()));
    const page = JSON.parse(result.body) as { items: readonly unknown[]; next: string | null };
    seen += page.items.length;
    query = page.next === null ? undefined : `limit=${pageSize}&cursor=${page.next}`;
  }
  return { pages: times.length, seen, calls: [...kinds], readUnits: units.take().read / times.length, ms: median(times) };
}
