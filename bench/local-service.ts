// `npm start` in a process of its own, without a rate limit.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const READY = 'm2m-auth ready on ';

type Credentials = { readonly client_id: string; readonly client_secret: string };
export type LocalService = {
  readonly issuer: string;
  /** From the start of the process until it says that it is ready. */
  readonly readyMs: number;
  /** Of the first start, by name. */
  readonly clients: Readonly<Record<string, Credentials>>;
  stop(): Promise<void>;
};

/** On a data directory of its own, which is removed when it stops. */
export async function startLocalService(...args: readonly string[]): Promise<LocalService> {
  const dataDir = newDataDirectory();
  const service = await startLocalServiceOn(dataDir, ...args);
  return {
    ...service,
    async stop() {
      await service.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export const newDataDirectory = (): string => mkdtempSync(join(tmpdir(), 'm2m-auth-bench-'));

export async function startLocalServiceOn(dataDir: string, ...args: readonly string[]): Promise<LocalService> {
  const startedMs = performance.now();
  const service = spawn(process.execPath, [fileURLToPath(new URL('../local/main.ts', import.meta.url)), ...args], {
    env: { ...process.env, PORT: '0', DATA_DIR: dataDir, RATE_LIMIT_PER_MINUTE: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const issuer = await readyOn(service);
  const readyMs = performance.now() - startedMs;
  const { clients } = JSON.parse(readFileSync(join(dataDir, 'credentials.json'), 'utf8')) as Pick<LocalService, 'clients'>;
  return {
    issuer,
    readyMs,
    clients,
    async stop() {
      service.kill('SIGTERM');
      await once(service, 'exit');
    },
  };
}

async function readyOn(service: ChildProcess): Promise<string> {
  if (service.stdout === null) throw new Error('the local service has no output');
  for await (const line of createInterface({ input: service.stdout })) {
    if (!line.startsWith(READY)) continue;
    // The rest of its output is nobody's business, but has to be read.
    service.stdout.resume();
    return line.slice(READY.length);
  }
  throw new Error('the local service did not start');
}
