import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { databaseDamage } from '../../../local/engines/leveldb-files.ts';
import { openTableStore } from '../../../local/engines/table-store.ts';
import { TABLE } from '../table.ts';

let folder: string;
const path = () => join(folder, 'db');
const files = (end: RegExp) =>
  readdirSync(path())
    .filter((name) => end.test(name))
    .map((name) => join(path(), name));
/** Opened twice, so that there are a table file and a log. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'm2m-leveldb-'));
  for (let start = 0; start < 2; start += 1) {
    const store = await openTableStore({ table: TABLE, pipes: [], path: path(), deliver: () => Promise.resolve(), missing: undefined });
    for (let index = 0; index < 40; index += 1) await store.store.db.put(`key-${start}-${index}`, 'x'.repeat(2000));
    await store.close();
  }
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the database files', () => {
  it('are in order after use', () => {
    expect(databaseDamage(path(), true)).toBeUndefined();
  });
  it('are in order when a killed process left a log that ends early', () => {
    for (const log of files(/\.log$/)) truncateSync(log, readFileSync(log).length - 100);
    expect(databaseDamage(path(), true)).toBeUndefined();
  });
  it.each([/\.log$/, /\.ldb$/, /^MANIFEST/, /^CURRENT$/])('are damaged when %s holds something else', (end) => {
    const [file = ''] = files(end);
    writeFileSync(file, 'something else entirely, but long enough to look like something');
    expect(databaseDamage(path(), true)).toMatch(/not readable|does not name a manifest/);
  });
  it('are in order beside a table that was being written when the process ended, which no manifest names', async () => {
    const [table = ''] = files(/\.ldb$/);
    const unfinished = join(path(), '000999.ldb');
    copyFileSync(table, unfinished);
    truncateSync(unfinished, 1000);
    expect(databaseDamage(path(), true)).toBeUndefined();
    const store = await openTableStore({ table: TABLE, pipes: [], path: path(), deliver: () => Promise.resolve(), missing: undefined });
    expect(await store.store.db.get('key-0-39')).toBe('x'.repeat(2000));
    await store.close();
    truncateSync(table, 1000);
    expect(databaseDamage(path(), true)).toMatch(/ldb is not readable/);
  });
  it('are damaged when one byte of a log is another', () => {
    const [log = ''] = files(/\.log$/);
    const content = readFileSync(log);
    content[1000] = (content[1000] ?? 0) ^ 1;
    writeFileSync(log, content);
    expect(databaseDamage(path(), true)).toMatch(/not readable/);
  });
  it('are damaged without CURRENT, which LevelDB would take for a new database', () => {
    copyFileSync(join(path(), 'CURRENT'), join(folder, 'kept'));
    rmSync(join(path(), 'CURRENT'));
    expect(databaseDamage(path(), false)).toBe('CURRENT is missing');
    expect(databaseDamage(join(folder, 'nowhere'), true)).toBe('CURRENT is missing');
    expect(databaseDamage(join(folder, 'nowhere'), false)).toBeUndefined();
  });
});
