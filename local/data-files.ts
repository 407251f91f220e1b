// Files of the data directory: written whole or not at all, readable by their owner alone, never overwritten when damaged.
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { codeOf, StartError } from './start-error.ts';

/** Mode 600, by way of a temporary file beside it: after a crash there is the old content or the new one. */
export function writePrivateJson(file: string, value: unknown): void {
  const temporary = `${file}.${process.pid}.tmp`;
  const handle = openSync(temporary, 'w', 0o600);
  try {
    writeSync(handle, `${JSON.stringify(value, null, 2)}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  try {
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Undefined when the file does not exist; a `StartError` when it is there but not what it should be. */
export function readPrivateJson<T>(file: string, isValid: (value: unknown) => value is T): T | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw damaged(dirname(file), `${basename(file)} cannot be read`);
  }
  const value = parsed(text);
  if (!isValid(value)) throw damaged(dirname(file), `${basename(file)} is not what was written there`);
  return value;
}

export const damaged = (dataDir: string, what: string): StartError =>
  new StartError(
    `the data directory ${dataDir} is damaged: ${what}. Nothing was changed. Restore it from a backup, or move it away (or set another DATA_DIR) to begin anew.`,
  );

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
