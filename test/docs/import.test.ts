import { expect, it } from 'vitest';
import { SOURCE_NAMES } from '../../bin/m2m/import/sources.ts';
import { RESULTS } from '../../bin/m2m/import/run.ts';
import { COMMANDS } from '../../bin/m2m/commands.ts';
import { firstCells, page, rows } from './pages.ts';

it('import.md has every system and every result', () => {
  expect(firstCells('docs/import.md', 'Where clients come from').toSorted()).toEqual(SOURCE_NAMES.toSorted());
  expect(firstCells('docs/import.md', 'Import')).toEqual(RESULTS);
});

it('command-line.md has every command', () => {
  const documented = rows('docs/command-line.md', 'Command line').flatMap(([cell = '']) => {
    const [first = '', ...rest] = cell.split(', ');
    const [group = '', verb] = first.split(' ');
    return verb === undefined ? [first, ...rest] : [first, ...rest.map((name) => `${group} ${name}`)];
  });
  expect(documented.toSorted()).toEqual(COMMANDS.map(({ name }) => name).toSorted());
  expect(page('docs/command-line.md')).toContain('--json');
});
