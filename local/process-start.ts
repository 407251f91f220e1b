// Tells a process from a later one with the same id.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { codeOf } from './start-error.ts';

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** When the process began, in the system's own words; undefined where the system does not tell. */
export function processStart(pid: number): string | undefined {
  try {
    // Field 22 of proc(5) `stat`, counted after the command's name, which may hold anything.
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').trim().split(' ')[19];
    if (process.platform === 'win32') return undefined;
    return (
      execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() ||
      undefined
    );
  } catch {
    return undefined;
  }
}
