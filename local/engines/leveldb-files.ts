/**
 * Whether LevelDB's files are what LevelDB wrote. It drops unreadable records silently, and begins anew where its `CURRENT` is
 * gone; after a crash neither happens, since a killed process leaves at most a file that ends early. So it means damage.
 */
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { tablesOf } from './leveldb-manifest.ts';

/** What is wrong, or undefined when nothing is. `used`: whether there must be a database. */
export function databaseDamage(folder: string, used: boolean): string | undefined {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  const tables = files.filter((name) => name.endsWith('.ldb'));
  const logs = files.filter((name) => name.endsWith('.log'));
  const isThere = files.includes('CURRENT');
  if (!isThere) return used || tables.length + logs.length > 0 ? 'CURRENT is missing' : undefined;
  const current = readFileSync(join(folder, 'CURRENT'), 'utf8').trim();
  if (!/^MANIFEST-\d+$/.test(current) || !files.includes(current)) return 'CURRENT does not name a manifest';
  const log = [current, ...logs].find((name) => recordsOf(readFileSync(join(folder, name))) === undefined);
  if (log !== undefined) return `${log} is not readable`;
  const named = tablesOf(recordsOf(readFileSync(join(folder, current))) ?? []);
  const table = tables.filter((name) => named.has(Number.parseInt(name, 10))).find((name) => !endsLikeTable(join(folder, name)));
  return table === undefined ? undefined : `${table} is not readable`;
}

/** A table file ends with this number, little-endian. */
const TABLE_MAGIC = Buffer.from('57fb808b247547db', 'hex');
/** Of a table file its end alone is read: together they are as large as all that is stored. */
function endsLikeTable(file: string): boolean {
  const opened = openSync(file, 'r');
  try {
    const end = Buffer.alloc(TABLE_MAGIC.length);
    readSync(opened, end, 0, end.length, Math.max(0, fstatSync(opened).size - end.length));
    return end.equals(TABLE_MAGIC);
  } finally {
    closeSync(opened);
  }
}

const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;
const WHOLE = 1;
const LAST = 4;
/** Whole, first, middle, last. */
const RECORD_TYPES = [WHOLE, 2, 3, LAST];

/** Blocks of records: checksum (4 bytes), length (2), type (1), payload; a record that the file's end cuts off is no damage. Undefined for damage. */
function recordsOf(content: Buffer): readonly Buffer[] | undefined {
  const records: Buffer[] = [];
  const parts: Buffer[] = [];
  let offset = 0;
  while (offset < content.length) {
    const leftInBlock = BLOCK_BYTES - (offset % BLOCK_BYTES);
    if (leftInBlock < HEADER_BYTES) {
      offset += leftInBlock;
      continue;
    }
    if (offset + HEADER_BYTES > content.length) return records;
    const length = content.readUInt16LE(offset + 4);
    const type = content.readUInt8(offset + 6);
    const end = offset + HEADER_BYTES + length;
    if (!RECORD_TYPES.includes(type) || HEADER_BYTES + length > leftInBlock) return undefined;
    if (end > content.length) return records;
    if (unmasked(content.readUInt32LE(offset)) !== crc32c(content.subarray(offset + 6, end))) return undefined;
    parts.push(content.subarray(offset + HEADER_BYTES, end));
    if (type === WHOLE || type === LAST) records.push(Buffer.concat(parts.splice(0)));
    offset = end;
  }
  return records;
}

/** LevelDB stores checksums rotated and shifted, because checksums of checksums are weak. */
function unmasked(masked: number): number {
  const rotated = (masked - 0xa282ead8) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
}

const CASTAGNOLI = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});

function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (CASTAGNOLI[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
