// Aligned plain text: the first column to the left, the others to the right unless they are words.
export type Cell = string | number;

export function printTable(header: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const lines = [header, ...rows.map((row) => row.map(textOf))];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const isNumeric = header.map((_, column) => rows.every((row) => /^[\d.,~+-]|^$/.test(textOf(row[column] ?? ''))));
  for (const [index, line] of lines.entries()) {
    const cells = line.map((cell, column) =>
      isNumeric[column] === true ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
    );
    console.log(`  ${cells.join('   ').trimEnd()}`);
    if (index === 0) console.log(`  ${widths.map((width) => '-'.repeat(width)).join('   ')}`);
  }
  console.log('');
}

const textOf = (cell: Cell): string => (typeof cell === 'number' ? rounded(cell) : cell);

/** Thousands apart; three significant digits below a hundred. */
export const rounded = (value: number): string => (value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3));
export const percent = (ratio: number): string => `${(100 * ratio).toFixed(0)} %`;
export const times = (ratio: number): string => `${ratio.toFixed(2)}x`;
