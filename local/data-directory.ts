// The data directory: made when absent, used by one process at a time, never begun anew over something damaged.
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readPrivateJson, writePrivateJson } from './data-files.ts';
import { isAlive, processStart } from './process-start.ts';
import { codeOf, messageOf, StartError } from './start-error.ts';
import { isObject } from './template/template.ts';

/** What a running service tells others on this machine who may read its data directory. In `service.lock`, mode 600. */
export type ServiceInfo = {
  readonly pid: number;
  /** When the process began, as the system tells it: a process id alone may have been given to another process since. */
  readonly started: string;
  readonly port?: number;
  readonly issuer?: string;
  /** Where `npm run fault` sends its wish. */
  readonly control?: { readonly url: string; readonly token: string };
};

export type DataDirectory = {
  readonly path: string;
  /** Whether a service was ready on it before; then all its files must be there. */
  readonly initialized: boolean;
  markInitialized(): void;
  /** Tells others how to reach the service. */
  announce(info: Omit<ServiceInfo, 'pid' | 'started'>): void;
  release(): void;
};

const LOCK = 'service.lock';
const STATE = 'state.json';
type State = { readonly version: 1; readonly created_at: string };
const isState = (value: unknown): value is State => isObject(value) && value['version'] === 1;

/** The service that runs on the data directory now, if any. */
export function runningService(path: string): ServiceInfo | undefined {
  const info = readLock(join(path, LOCK));
  return info && isAlive(info.pid) && [undefined, info.started].includes(processStart(info.pid)) ? info : undefined;
}

export function refuseIfRunning(path: string): void {
  const running = runningService(path);
  if (running)
    throw new StartError(
      `the data directory ${path} is in use by m2m-auth, process ${running.pid}${running.issuer === undefined ? '' : ` at ${running.issuer}`}. Stop it, or set another DATA_DIR.`,
    );
}

export function openDataDirectory(path: string): DataDirectory {
  makeWritable(path);
  refuseIfRunning(path);
  const lock = join(path, LOCK);
  const self = { pid: process.pid, started: processStart(process.pid) ?? '' };
  takeLock(path, lock, self);
  const release = (): void => {
    process.off('exit', release);
    rmSync(lock, { force: true });
  };
  // Also where the process is told to end before it was ready.
  process.once('exit', release);
  const stateFile = join(path, STATE);
  try {
    const state = readPrivateJson(stateFile, isState);
    return {
      path,
      initialized: state !== undefined,
      markInitialized: () => {
        if (!state) writePrivateJson(stateFile, { version: 1, created_at: new Date().toISOString() } satisfies State);
      },
      announce: (info) => {
        writePrivateJson(lock, { ...self, ...info } satisfies ServiceInfo);
      },
      release,
    };
  } catch (error) {
    release();
    throw error;
  }
}

function makeWritable(path: string): void {
  try {
    if (existsSync(path) && !statSync(path).isDirectory()) throw new StartError(`DATA_DIR ${path} is a file. Set DATA_DIR to a directory.`);
    makeDirectory(path);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(
      `the data directory ${path} cannot be written to (${codeOf(error) ?? messageOf(error)}). Allow it, or set DATA_DIR to a directory that you may write to.`,
    );
  }
  // The superuser may write anywhere; a directory that nobody is meant to write to is still left alone.
  if (process.platform !== 'win32' && (statSync(path).mode & 0o222) === 0)
    throw new StartError(
      `the data directory ${path} is read-only. Allow writing (chmod u+w), or set DATA_DIR to a directory that you may write to.`,
    );
}

/** With its parents; node's own `recursive` never returns where a system folder refuses (/proc). */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeDirectory(parent);
  mkdirSync(path, { mode: 0o700 });
}

/** A lock whose process is gone is taken over. Two that do so at once meet again at the database's own lock, which ends with its process. */
function takeLock(path: string, lock: string, self: ServiceInfo): void {
  const content = `${JSON.stringify(self)}\n`;
  for (let attempt = 0; attempt < 3; attempt += 1)
    try {
      writeFileSync(lock, content, { flag: 'wx', mode: 0o600 });
      return;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST')
        throw new StartError(
          `the data directory ${path} cannot be written to (${codeOf(error) ?? messageOf(error)}). Allow it, or set DATA_DIR to a directory that you may write to.`,
        );
      refuseIfRunning(path);
      rmSync(lock, { force: true });
    }
  throw new StartError(`the data directory ${path} is being started on by another m2m-auth. Try again, or set another DATA_DIR.`);
}

function readLock(file: string): ServiceInfo | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isObject(value) && Number.isInteger(value['pid']) && typeof value['started'] === 'string'
      ? (value as unknown as ServiceInfo)
      : undefined;
  } catch {
    // Absent, or cut off by a crash while it was written: nobody holds it.
    return undefined;
  }
}
