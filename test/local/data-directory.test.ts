import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataDirectory, runningService } from '../../local/data-directory.ts';
import { processStart } from '../../local/process-start.ts';

let folder: string;
const path = () => join(folder, 'a/b');
const lock = () => join(path(), 'service.lock');
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'm2m-data-'))));
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the data directory', () => {
  it('is made when absent, for its owner alone, and knows whether it was used before', () => {
    const first = openDataDirectory(path());
    expect(first.initialized).toBe(false);
    expect(statSync(path()).mode & 0o777).toBe(0o700);
    first.markInitialized();
    first.release();
    const second = openDataDirectory(path());
    expect(second.initialized).toBe(true);
    second.release();
    expect(readdirSync(path())).toEqual(['state.json']);
  });
  it('is used by one process at a time, and says by whom', () => {
    const directory = openDataDirectory(path());
    directory.announce({ port: 3000, issuer: 'http://127.0.0.1:3000' });
    expect(() => openDataDirectory(path())).toThrow(`is in use by m2m-auth, process ${process.pid} at http://127.0.0.1:3000`);
    expect(runningService(path())).toMatchObject({ pid: process.pid, port: 3000 });
    expect(statSync(lock()).mode & 0o777).toBe(0o600);
    directory.release();
    expect(runningService(path())).toBeUndefined();
  });
  it.each([
    ['whose process is gone', () => ({ pid: spawnSync(process.execPath, ['-e', '0']).pid, started: '1' })],
    ['whose process id went to another process', () => ({ pid: process.pid, started: `not ${processStart(process.pid)}` })],
    ['that was cut off while written', () => undefined],
  ])('takes over a lock %s', (_, content) => {
    openDataDirectory(path()).release();
    writeFileSync(lock(), JSON.stringify(content()) ?? '{"pi');
    const directory = openDataDirectory(path());
    expect(JSON.parse(readFileSync(lock(), 'utf8'))).toMatchObject({ pid: process.pid });
    directory.release();
  });
});

describe('what cannot be used is refused in one line', () => {
  it('a file', () => {
    const file = join(folder, 'file');
    writeFileSync(file, 'kept');
    expect(() => openDataDirectory(file)).toThrow(/is a file\. Set DATA_DIR/);
    expect(() => openDataDirectory(join(file, 'below'))).toThrow(/cannot be written to/);
    expect(readFileSync(file, 'utf8')).toBe('kept');
  });
  it('a read-only directory, even for the superuser', () => {
    chmodSync(folder, 0o555);
    expect(() => openDataDirectory(folder)).toThrow(/is read-only|cannot be written to/);
    expect(readdirSync(folder)).toEqual([]);
    chmodSync(folder, 0o755);
  });
  it('a folder of the system', () => {
    if (process.platform === 'linux') expect(() => openDataDirectory('/proc/m2m-auth')).toThrow(/cannot be written to \(\w+\)/);
  });
  it('a damaged state, which stays as it is and locks nobody out', () => {
    openDataDirectory(path()).release();
    writeFileSync(join(path(), 'state.json'), 'x');
    expect(() => openDataDirectory(path())).toThrow(/is damaged: state\.json/);
    expect(readFileSync(join(path(), 'state.json'), 'utf8')).toBe('x');
    expect(existsSync(lock())).toBe(false);
  });
});
