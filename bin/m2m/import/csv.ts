// RFC 4180: comma-separated records, quotes doubled inside quotes, CR LF or LF. The first record names the columns.
import { CommandError } from '../command.ts';

/** One object for each record, by column; empty cells are left out. */
export function readCsv(text: string): readonly Readonly<Record<string, string>>[] {
  const [header = [], ...records] = recordsOf(text.replace(/^\uFEFF/, ''));
  const columns = header.map((name) => name.trim());
  const repeated = columns.find((name, index) => name === '' || columns.indexOf(name) !== index);
  if (repeated !== undefined) throw new CommandError(`The CSV has a column ${JSON.stringify(repeated)} that is empty or repeated.`, '', 2);
  return records.map((cells, index) => {
    if (cells.length > columns.length)
      throw new CommandError(
        `Record ${index + 1} of the CSV has more cells than columns.`,
        'Put values that contain commas into quotes.',
        2,
      );
    return Object.fromEntries(cells.flatMap((cell, column) => (cell.trim() === '' ? [] : [[columns[column] ?? '', cell.trim()] as const])));
  });
}

/** A quoted cell or a plain one, and what ends it. */
const CELL = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;

function recordsOf(text: string): readonly (readonly string[])[] {
  const records: string[][] = [];
  let record: string[] = [];
  CELL.lastIndex = 0;
  while (CELL.lastIndex < text.length || record.length > 0) {
    const { value, end } = nextCell(text, records.length);
    record.push(value);
    if (end === ',') continue;
    if (record.some((cell) => cell.trim() !== '')) records.push(record);
    record = [];
  }
  return records;
}

function nextCell(text: string, record: number): { readonly value: string; readonly end: string } {
  const [, quoted, plain = '', end] = CELL.exec(text) ?? [];
  if (end === undefined) throw new CommandError(`Record ${record} of the CSV has a quote in the wrong place.`, '', 2);
  return { value: quoted === undefined ? plain : quoted.replaceAll('""', '"'), end };
}
