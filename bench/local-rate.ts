/**
 * The whole service as `npm start` runs it: gateway, IAM evaluation of every AWS call, the uploaded bundles in workers, a real
 * DynamoDB engine on disk, real signatures. Not what Lambda will do; what a developer's machine will.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startChild } from './child.ts';
import type { LoadRequest, LoadSlice } from './load/slice.ts';
import type { Bench } from './options.ts';
import { interleave } from './rounds.ts';
import { median, spread } from './statistics.ts';
import { percent, printTable } from './table.ts';
import { basicAuthorization } from './token-request.ts';

const CONNECTIONS = 16;
const READY = 'm2m-auth ready on ';

/** Clients of the first start: one with sessions (a write more for each token), one without. */
const CLIENTS = { 'demo-admin': 'client_credentials', 'demo-service': 'client_credentials with a refresh token' } as const;

type Credentials = { readonly clients: Readonly<Record<string, { readonly client_id: string; readonly client_secret: string }>> };

export const localRate: Bench = {
  title: `tokens a second of the whole local service (npm start, no rate limit, ${CONNECTIONS} keep-alive connections)`,
  async run({ rounds, sliceSeconds }) {
    const dataDir = mkdtempSync(join(tmpdir(), 'm2m-auth-bench-'));
    const { service, port } = await startService(dataDir);
    try {
      const { clients } = JSON.parse(readFileSync(join(dataDir, 'credentials.json'), 'utf8')) as Credentials;
      const { child: load } = await startChild('load/generator-process.ts');
      const slices = await interleave(Object.keys(CLIENTS), rounds, (name) => {
        const { client_id: id, client_secret: secret } = clients[name] ?? { client_id: '', client_secret: '' };
        const question: LoadRequest = {
          port,
          path: '/token',
          connections: CONNECTIONS,
          seconds: sliceSeconds,
          authorization: basicAuthorization(id, secret),
          body: 'grant_type=client_credentials',
        };
        return load.ask<LoadSlice>(question);
      });
      await load.stop();
      report(slices);
    } finally {
      service.kill('SIGTERM');
      await once(service, 'exit');
      rmSync(dataDir, { recursive: true, force: true });
    }
    return true;
  },
};

async function startService(dataDir: string): Promise<{ readonly service: ChildProcess; readonly port: number }> {
  const service = spawn(process.execPath, [fileURLToPath(new URL('../local/main.ts', import.meta.url))], {
    env: { ...process.env, PORT: '0', DATA_DIR: dataDir, RATE_LIMIT_PER_MINUTE: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: service.stdout })) {
    // The rest of its output is nobody's business, but has to be read.
    if (line.startsWith(READY)) return { service: drained(service), port: Number(new URL(line.slice(READY.length)).port) };
  }
  throw new Error('the local service did not start');
}

function drained(service: ChildProcess): ChildProcess {
  service.stdout?.resume();
  return service;
}

function report(slices: ReadonlyMap<string, readonly LoadSlice[]>): void {
  const rows = Object.entries(CLIENTS).map(([name, title]) => {
    const all = slices.get(name) ?? [];
    const failures = all.reduce((sum, slice) => sum + slice.failures, 0);
    if (failures > 0) throw new Error(`${failures} answers were no token`);
    const rates = all.map(({ perSecond }) => perSecond);
    return [title, median(rates), median(all.map(({ p50Ms }) => p50Ms)), median(all.map(({ p99Ms }) => p99Ms)), percent(spread(rates))];
  });
  printTable(['RS256', 'tokens/s', 'p50 ms', 'p99 ms', 'spread'], rows);
}
