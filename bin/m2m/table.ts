// Text for people. Whatever came over the wire is shown without its control characters, so that nothing can steer the terminal.

export type Column<Row> = {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Cut with an ellipsis where the terminal is too narrow; other columns are always shown whole. */
  readonly shrinks?: boolean;
};

/** For `table`: what goes into a file or another program is never cut. */
/** For `table`: what goes into a file or another program is never cut. */
export const terminalWidth = (): number => (process.stdout.isTTY ? Math.max(process.stdout.columns, 80) : Number.POSITIVE_INFINITY);

const GAP = '  ';
const SHRUNK_MIN = 6;

/** Columns wide enough for their content, cut to `width` characters where they may be. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number): string {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => columns.map(({ cell }) => printable(cell(row))))];
  const widths = columns.map((_, column) => Math.max(...cells.map((line) => (line[column] ?? '').length)));
  shrink(columns, widths, width);
  return cells
    .map((line) =>
      line
        .map((text, column) => fit(text, widths[column] ?? 0))
        .join(GAP)
        .trimEnd(),
    )
    .join('\n');
}

/** Takes away from the widest column that may shrink until the line fits. */
function shrink<Row>(columns: readonly Column<Row>[], widths: number[], width: number): void {
  const total = (): number => widths.reduce((sum, one) => sum + one + GAP.length, -GAP.length);
  for (let excess = total() - width; excess > 0; excess--) {
    const widest = columns.reduce(
      (best, { shrinks }, column) => (shrinks === true && (widths[column] ?? 0) > (widths[best] ?? SHRUNK_MIN) ? column : best),
      -1,
    );
    if (widest === -1) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

const fit = (text: string, width: number): string => (text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width));

/** Name and value, one pair a line; pairs without a value are left out. */
export function pairs(entries: readonly (readonly [name: string, value: string | undefined])[]): string {
  const shown = entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined && entry[1] !== '');
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}${GAP}${printable(value)}`).join('\n');
}

/** Control and invisible formatting characters shown as `?`. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');

/** A member of client metadata or of a token answer as one line. */
export function inWords(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return value.map((entry) => inWords(entry) ?? '').join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
