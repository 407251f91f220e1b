// Runs inside a worker thread: DynamoDB in one, KMS and Secrets Manager in another, each behind an endpoint of its own.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { damaged } from '../data-files.ts';
import { createAccessCheck } from '../iam/access.ts';
import { messageOf, StartError } from '../start-error.ts';
import { TemplateError } from '../template/template.ts';
import { startAwsEndpoint, type AwsEndpoint, type AwsService } from './aws-endpoint.ts';
import { createDynamoDb, deleteExpired } from './dynamodb.ts';
import type { FaultMode, FaultService } from './faults.ts';
import { openKeys } from './key-files.ts';
import { openKeyAdministration } from './key-administration.ts';
import { createKms } from './kms.ts';
import { databaseDamage } from './leveldb-files.ts';
import type { AuditRecord, DynamoDbEngineData, EngineData, FromEngine, KeyEngineData, ToEngine } from './messages.ts';
import { createPipe } from './pipe.ts';
import { openPrivateKeyFile, signingKeyFirst } from './private-key-file.ts';
import { createSecretsManager, openSecrets } from './secrets-manager.ts';
import { openTableStore } from './table-store.ts';
import { isSymmetric, openWrappingKeys } from './wrapping-key-file.ts';
import { createWrappingKms } from './wrapping-kms.ts';

type Engine = { readonly services: ReadonlyMap<string, AwsService>; sweep(): Promise<number>; stop(): Promise<void> };

const SWEEP_INTERVAL_MS = 30_000;

const port = parentPort;
if (!port) throw new Error('engines/engine-thread.ts runs in a worker thread only');
const send = (message: FromEngine): void => {
  port.postMessage(message);
};
const problem = (text: string): void => {
  send({ type: 'problem', text });
};

const waiting = new Map<number, () => void>();
let sequence = 0;
const deliver = (event: AuditRecord): Promise<void> =>
  new Promise((resolve) => {
    sequence += 1;
    waiting.set(sequence, resolve);
    send({ type: 'event', sequence, event });
  });

async function openDynamoDb({ dataDir, table, pipes, initialized }: DynamoDbEngineData): Promise<Engine> {
  const path = join(dataDir, 'dynamodb');
  const damage = databaseDamage(path, initialized);
  if (damage !== undefined) throw damaged(dataDir, `dynamodb/${damage}`);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const missing = initialized ? () => damaged(dataDir, 'dynamodb/ does not hold the table') : undefined;
  const tableStore = await openTableStore({ table, pipes: pipes.map(createPipe), path, deliver, missing }).catch((error: unknown) => {
    throw databaseProblem(dataDir, error);
  });
  await tableStore.redeliver();
  return {
    services: new Map([['DynamoDB_20120810', createDynamoDb(table, tableStore)]]),
    sweep: () => deleteExpired(table, tableStore, Math.floor(Date.now() / 1000)),
    stop: () => tableStore.close(),
  };
}

function databaseProblem(dataDir: string, error: unknown): unknown {
  if (error instanceof StartError || error instanceof TemplateError) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code === 'LEVEL_LOCKED' || /lock/i.test(messageOf(cause)))
    return new StartError(`the data directory ${dataDir} is in use by another m2m-auth. Stop it, or set another DATA_DIR.`);
  return damaged(dataDir, `dynamodb/ cannot be opened (${messageOf(cause)})`);
}

async function openKeyServices({ dataDir, keys, secrets, activeKeyArn, initialized }: KeyEngineData): Promise<Engine> {
  const opened = openSecrets(dataDir, secrets, initialized);
  const asymmetric = keys.filter((key) => !isSymmetric(key));
  const stored = await openKeys(dataDir, asymmetric, activeKeyArn, initialized);
  const privateKeys = openPrivateKeyFile(dataDir);
  const wrapping = createWrappingKms(openWrappingKeys(dataDir, keys.filter(isSymmetric)), privateKeys);
  const administration = openKeyAdministration(dataDir, stored, privateKeys);
  const onSigned = signingKeyFirst(stored, activeKeyArn, privateKeys);
  const services = new Map<string, AwsService>([
    ['TrentService', createKms(stored, { wrapping, administration, onSigned })],
    ['secretsmanager', createSecretsManager(opened)],
  ]);
  return { services, sweep: () => Promise.resolve(0), stop: () => Promise.resolve() };
}

async function run(data: EngineData, listener: (handle: (message: ToEngine) => void) => void): Promise<void> {
  const faults = new Map<FaultService, FaultMode>();
  const started: { engine?: Engine; endpoint?: AwsEndpoint; sweeping?: Promise<void> | undefined } = {};
  const sweep = async ({ engine }: typeof started): Promise<void> => {
    try {
      send({ type: 'swept', deleted: (await engine?.sweep()) ?? 0 });
    } catch (error) {
      problem(`expired items cannot be deleted: ${messageOf(error)}`);
    }
    started.sweeping = undefined;
  };
  const timer = setInterval(() => {
    started.sweeping ??= sweep(started);
  }, SWEEP_INTERVAL_MS);
  const stop = async (): Promise<void> => {
    clearInterval(timer);
    await started.endpoint?.close();
    await started.sweeping;
    await started.engine?.stop();
    port?.close();
  };
  listener((message) => {
    if (message.type === 'fault') faults.set(message.service, message.mode);
    else if (message.type === 'sweep') started.sweeping ??= sweep(started);
    else if (message.type === 'stop') void stop();
    else {
      waiting.get(message.sequence)?.();
      waiting.delete(message.sequence);
    }
  });
  const engine = data.kind === 'dynamodb' ? await openDynamoDb(data) : await openKeyServices(data);
  started.engine = engine;
  started.endpoint = await startAwsEndpoint({
    services: engine.services,
    principals: data.principals,
    allowed: createAccessCheck((access) => {
      send({ type: 'access', access });
    }),
    faultOf: (service) => faults.get(service) ?? 'ok',
    onProblem: problem,
  });
  send({ type: 'ready', port: started.endpoint.port });
}

run(workerData as EngineData, (handle) => port.on('message', handle)).catch((error: unknown) => {
  const forUser = error instanceof StartError || error instanceof TemplateError;
  send({
    type: 'failed',
    message: forUser ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error),
    forUser,
  });
});
