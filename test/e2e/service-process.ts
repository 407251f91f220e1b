// The service as `npm start` runs it, in a process of its own on a free port and a temporary data directory.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

export type Credentials = { readonly client_id: string; readonly client_secret: string };
/** What a test needs to talk to a service, wherever it was started; plain data. */
export type Reachable = {
  readonly issuer: string;
  readonly dataDir: string;
  readonly demoService: Credentials;
  readonly demoAdmin: Credentials;
};
export type ServiceProcess = Reachable & {
  readonly pid: number;
  /** What it has written to standard error so far. */
  readonly stderr: () => string;
  /** As Ctrl-C does; resolves with the exit code. */
  readonly stop: () => Promise<number | null>;
  /** `kill -9`. */
  readonly kill: () => Promise<void>;
};
export type ServiceOptions = {
  /** Default: a temporary one, removed when the process has ended. */
  readonly dataDir?: string;
  /** Default: any free port. */
  readonly port?: number;
  /** Knobs. Limits are off unless given here. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A cloud assembly to run instead of the project's own. */
  readonly assembly?: string;
};
export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Rejects with what it wrote to standard error when it ends before it is ready. */
export async function startService(options: ServiceOptions = {}): Promise<ServiceProcess> {
  const dataDir = options.dataDir ?? temporaryFolder();
  const run = launch({ ...options, dataDir });
  const ready = await run.ready;
  if (!ready) throw new Error(`the service ended with ${String((await run.ended).code)}:\n${(await run.ended).stderr}`);
  const { issuer, clients } = JSON.parse(readFileSync(join(dataDir, 'credentials.json'), 'utf8')) as {
    issuer: string;
    clients: Record<'demo-service' | 'demo-admin', Credentials>;
  };
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> => {
    run.signal(signal);
    const { code } = await run.ended;
    if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    return code;
  };
  return {
    issuer,
    dataDir,
    demoService: clients['demo-service'],
    demoAdmin: clients['demo-admin'],
    pid: run.pid,
    stderr: run.stderr,
    stop: () => end('SIGTERM'),
    kill: async () => {
      await end('SIGKILL');
    },
  };
}

/** For starts that are meant to fail; one that comes up all the same is stopped, and its code is 0. */
export async function failingStart(options: ServiceOptions & { readonly dataDir: string }): Promise<Ended> {
  const run = launch(options);
  if (await run.ready) run.signal('SIGTERM');
  return await run.ended;
}

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'm2m-auth-e2e-'));
export const portOf = ({ issuer }: Pick<Reachable, 'issuer'>): number => Number(new URL(issuer).port);

/** This process's environment without what a local run reads, so that a developer's own settings change no test. */
export function cleanEnvironment(more: Readonly<Record<string, string>>): Record<string, string> {
  const ours =
    /^(?:PORT|HOST|DATA_DIR|(?:FORMER_)?SIGNING|RATE_LIMIT_.*|REFRESH_GRACE_SECONDS|ACCESS_TOKEN_LIFETIME_SECONDS|M2M_.*|NODE_OPTIONS|AWS_.*|CDK_.*)$/;
  const kept = Object.entries(process.env).flatMap(([name, value]) => (value === undefined || ours.test(name) ? [] : [[name, value]]));
  return { ...Object.fromEntries(kept), ...more };
}

function launch({ dataDir, port = 0, environment = {}, assembly }: ServiceOptions & { readonly dataDir: string }) {
  const child = spawn(process.execPath, ['local/main.ts', ...(assembly === undefined ? [] : ['--assembly', assembly])], {
    cwd: PROJECT,
    env: cleanEnvironment({ RATE_LIMIT_PER_MINUTE: '0', ...environment, PORT: String(port), DATA_DIR: dataDir }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
  const announced = new Promise<true>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += String(chunk);
      if (stdout.includes('m2m-auth ready on ')) resolve(true);
    });
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += String(chunk);
  });
  return {
    pid: child.pid ?? 0,
    ready: Promise.race([announced, ended.then(() => false)]),
    ended,
    stderr: () => stderr,
    signal: (signal: 'SIGTERM' | 'SIGKILL') => child.kill(signal),
  };
}
