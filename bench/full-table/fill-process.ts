/**
 * Child process: copies of a client and of one of its sessions, as the service itself wrote them, straight into the table of a data
 * directory on which no service runs. The engine makes the index entries.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createDynamoDb } from '../../local/engines/dynamodb.ts';
import type { Item } from '../../local/engines/dynalite.ts';
import { openTableStore } from '../../local/engines/table-store.ts';
import { cachedAssembly } from '../../local/synth/cached-assembly.ts';
import { onlyTable, readDeployment } from '../../local/template/deployment.ts';
import { clientKey, sessionKey, SESSION_PREFIX, type Key } from '../../src/storage/keys.ts';
import { filledClientId, type Filled, type FillRequest } from './fill.ts';

const BATCH = 1_000;
const TOLD_EVERY = 100_000;
const SID_BYTES = 16;

process.on('message', (request: FillRequest) => {
  void fill(request).then((filled) => process.send?.(filled));
});
process.once('disconnect', () => process.exit());
process.send?.({ ready: true });

async function fill({ dataDir, modelClientId, clients, sessions }: FillRequest): Promise<Filled> {
  const startedMs = performance.now();
  // No name or key of the table depends on the issuer.
  const table = onlyTable(readDeployment((await cachedAssembly()).directory, 'http://127.0.0.1:3000'));
  const path = join(dataDir, 'dynamodb');
  const tableStore = await openTableStore({ table, pipes: [], path, deliver: () => Promise.resolve(), missing: undefined });
  const dynamodb = createDynamoDb(table, tableStore);
  const read = async (operation: string, input: object): Promise<unknown> =>
    dynamodb.execute(operation, { TableName: table.name, ...input });
  const modelKey = clientKey(modelClientId);
  const client = ((await read('GetItem', { Key: attributes(modelKey) })) as { Item?: Item }).Item;
  const [session] = ((await read('Query', sessionsOf(modelKey))) as { Items: readonly Item[] }).Items;
  if (client === undefined || session === undefined) throw new Error(`${modelClientId} has no session to copy`);

  const total = clients + sessions;
  const itemAt = (index: number): Item =>
    index < clients
      ? { ...client, ...attributes(clientKey(filledClientId(index))) }
      : { ...session, ...attributes(sessionKey(filledClientId(index % clients), randomBytes(SID_BYTES).toString('base64url'))) };
  for (let first = 0; first < total; first += BATCH) {
    if (first > 0 && first % TOLD_EVERY === 0) tell(first, total, startedMs);
    await tableStore.fill(Array.from({ length: Math.min(BATCH, total - first) }, (_, offset) => itemAt(first + offset)));
  }
  await tableStore.close();
  return { items: total, seconds: (performance.now() - startedMs) / 1000 };
}

const attributes = ({ PK, SK }: Key): Item => ({ PK: { S: PK }, SK: { S: SK } });

const sessionsOf = ({ PK }: Key) => ({
  KeyConditionExpression: 'PK = :client AND begins_with(SK, :session)',
  ExpressionAttributeValues: { ':client': { S: PK }, ':session': { S: SESSION_PREFIX } },
  Limit: 1,
});

function tell(done: number, total: number, startedMs: number): void {
  console.error(
    `  ${done.toLocaleString('en')} of ${total.toLocaleString('en')} items, ${Math.round((performance.now() - startedMs) / 1000)} s`,
  );
}
