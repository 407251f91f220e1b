/**
 * Whether LevelDB's files are what LevelDB wrote. It drops unreadable records silently, and begins anew where its `CURRENT` is
 * gone; after a crash neither happens, since a killed process leaves at most a file that ends early. So it means damage.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What is wrong, or undefined when nothing is. `used`: whether there must be a database. */
export function databaseDamage(folder: string, used: boolean): string | undefined {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  const tables = files.filter((name) => name.endsWith('.ldb'));
  const logs = files.filter((name) => name.endsWith('.log'));
  const isThere = files.includes('CURRENT');
  if (!isThere) return used || tables.length + logs.length > 0 ? 'CURRENT is missing' : undefined;
  const current = readFileSync(join(folder, 'CURRENT'), 'utf8').trim();
  if (!/^MANIFEST-\d+$/.test(current) || !files.includes(current)) return 'CURRENT does not name a manifest';
  const log = [current, ...logs].find((name) => !isIntactLog(readFileSync(join(folder, name))));
  if (log !== undefined) return `${log} is not readable`;
  const table = tables.find((name) => !endsLikeTable(readFileSync(join(folder, name))));
  return table === undefined ? undefined : `${table} is not readable`;
}

/** A table file ends with this number, little-endian. */
const TABLE_MAGIC = Buffer.from('57fb808b247547db', 'hex');
const endsLikeTable = (content: Buffer): boolean => content.subarray(-TABLE_MAGIC.length).equals(TABLE_MAGIC);

const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;
/** Whole, first, middle, last. */
const RECORD_TYPES = [1, 2, 3, 4];

/** Blocks of records: checksum (4 bytes), length (2), type (1), payload; a record that the file's end cuts off is no damage. */
function isIntactLog(content: Buffer): boolean {
  let offset = 0;
  while (offset < content.length) {
    const leftInBlock = BLOCK_BYTES - (offset % BLOCK_BYTES);
    if (leftInBlock < HEADER_BYTES) {
      offset += leftInBlock;
      continue;
    }
    if (offset + HEADER_BYTES > content.length) return true;
    const length = content.readUInt16LE(offset + 4);
    if (!RECORD_TYPES.includes(content[offset + 6] ?? 0)) return false;
    const end = offset + HEADER_BYTES + length;
    if (HEADER_BYTES + length > leftInBlock) return false;
    if (end > content.length) return true;
    if (unmasked(content.readUInt32LE(offset)) !== crc32c(content.subarray(offset + 6, end))) return false;
    offset = end;
  }
  return true;
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
