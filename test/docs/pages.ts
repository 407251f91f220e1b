// The user documents as the tests of this folder read them.
import { globSync, readFileSync } from 'node:fs';

export const PAGES: readonly string[] = ['README.md', ...globSync('docs/**/*.md').map((file) => file.replaceAll('\\', '/'))].sort();

export const page = (file: string): string => readFileSync(file, 'utf8');

export type Block = { readonly language: string; readonly text: string };

const FENCE = /^```(\w+)\n(.*?)^```$/gms;

/** Fenced blocks in order. */
export const blocks = (file: string): readonly Block[] =>
  [...page(file).matchAll(FENCE)].map(([, language = '', text = '']) => ({ language, text }));

/** The first block of a language that contains `mark`. */
export function block(file: string, language: string, mark: string): string {
  const found = blocks(file).find((candidate) => candidate.language === language && candidate.text.includes(mark));
  if (!found) throw new Error(`${file} has no ${language} block with ${mark}`);
  return found.text;
}

/** A page without its fenced blocks. */
export const prose = (file: string): string => page(file).replace(FENCE, '');

/** Rows of all tables below a heading, up to the next heading: cells without backticks. The heading row is left out. */
export function rows(file: string, heading: string): readonly (readonly string[])[] {
  const section = prose(file)
    .split(/^#+ /m)
    .find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`${file} has no section ${heading}`);
  const lines = section.split('\n');
  return lines
    .filter((line, index) => line.startsWith('|') && !isRule(line) && !isRule(lines[index + 1] ?? ''))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.replaceAll('`', '').trim()),
    );
}

const isRule = (line: string): boolean => /^\|[ |:-]+\|$/.test(line);

/** The first cells of these rows; a cell that names several things gives each of them. */
export const firstCells = (file: string, heading: string): readonly string[] =>
  rows(file, heading).flatMap(([cell = '']) => cell.split(/, /));
