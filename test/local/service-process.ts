// `npm start` as a child process of its own, on a data directory and port of its own.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CredentialsFile } from '../../local/demo-clients.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

export type ServiceProcess = {
  readonly process: ChildProcess;
  readonly issuer: string;
  readonly credentials: CredentialsFile;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Sends the signal and resolves with the exit code, null when the signal itself ended it. */
  end(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<number | null>;
};

export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Resolves once it is ready, or with what it said when it ended instead. */
export async function startServiceProcess(dataDir: string, environment: Record<string, string> = {}): Promise<ServiceProcess | Ended> {
  const child = run(['local/main.ts'], { DATA_DIR: dataDir, PORT: '0', ...environment });
  const issuer = await Promise.race([
    new Promise<string>((resolve) => {
      child.process.stdout?.on('data', () => {
        const ready = /^m2m-auth ready on (\S+)$/m.exec(child.stdout())?.[1];
        if (ready !== undefined) resolve(ready);
      });
    }),
    child.exited.then(() => undefined),
  ]);
  if (issuer === undefined) return { code: await child.exited, stdout: child.stdout(), stderr: child.stderr() };
  return {
    process: child.process,
    issuer,
    credentials: JSON.parse(readFileSync(join(dataDir, 'credentials.json'), 'utf8')) as CredentialsFile,
    stdout: child.stdout,
    stderr: child.stderr,
    end: (signal) => {
      child.process.kill(signal);
      return child.exited;
    },
  };
}

export async function startedService(dataDir: string, environment: Record<string, string> = {}): Promise<ServiceProcess> {
  const started = await startServiceProcess(dataDir, environment);
  if ('code' in started) throw new Error(`the service ended: ${started.stderr}`);
  return started;
}

/** `npm run -s fault -- <service> <mode>` */
export async function fault(dataDir: string, ...args: readonly string[]): Promise<Ended> {
  const child = run(['local/fault.ts', ...args], { DATA_DIR: dataDir });
  return { code: await child.exited, stdout: child.stdout(), stderr: child.stderr() };
}

function run(args: readonly string[], environment: Record<string, string>) {
  const { PORT: _port, HOST: _host, DATA_DIR: _dataDir, ...inherited } = process.env;
  const child = spawn(process.execPath, [...args], { cwd: root, env: { ...inherited, ...environment } });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const exited = once(child, 'close').then(([code]) => code as number | null);
  return { process: child, stdout: () => stdout, stderr: () => stderr, exited };
}
