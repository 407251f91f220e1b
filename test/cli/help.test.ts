import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../bin/m2m/commands.ts';
import { nearest } from '../../bin/m2m/nearest.ts';
import { table } from '../../bin/m2m/table.ts';
import { runM2m } from './run-m2m.ts';

const NAMES = COMMANDS.map(({ name }) => name);

it.each([[], ['help'], ['--help'], ['-h']])('%j names every command', async (...args) => {
  const { code, stdout } = await runM2m(args.flat());
  expect(code).toBe(0);
  for (const command of NAMES) expect(stdout).toMatch(new RegExp(`^ {2}${command}\\b`, 'm'));
});

it.each(NAMES)('"help %s" and "--help" teach by example', async (command) => {
  const words = command.split(' ');
  const [byHelp, byOption] = await Promise.all([runM2m(['help', ...words]), runM2m([...words, '--help'])]);
  expect(byHelp).toMatchObject({ code: 0, stderr: '' });
  expect(byHelp.stdout).toContain(`\nExamples:\n  npm run -s m2m -- ${command}`);
  expect(byOption).toEqual(byHelp);
});

it('the help of a group lists the group', async () => {
  for (const args of [['clients'], ['help', 'clients'], ['clients', '--help']])
    expect((await runM2m(args)).stdout).toContain('clients disable <client_id>');
});

it.each([
  [['clints', 'list'], 'There is no command "clints". Did you mean clients?'],
  [['clients', 'lst'], 'There is no command "clients lst". Did you mean clients list?'],
  [['frobnicate'], 'There is no command "frobnicate".\n'],
])('%j is an error with a suggestion', async (args, message) => {
  expect(await runM2m(args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
});

it('suggests only what is near', () => {
  expect(nearest('refresh-tok', ['scope', 'refresh-token'])).toBe('refresh-token');
  expect(nearest('scoep', ['scope', 'resource'])).toBe('scope');
  expect(nearest('xyz', ['scope', 'resource'])).toBeUndefined();
});

describe('table', () => {
  const columns = [
    { title: 'ID', cell: ([id]: readonly string[]) => id ?? '' },
    { title: 'NAME', cell: ([, name]: readonly string[]) => name ?? '', shrinks: true },
    { title: 'SCOPE', cell: ([, , scope]: readonly string[]) => scope ?? '', shrinks: true },
  ];
  it('fits the width by cutting the widest of the columns that may be cut', () => {
    const lines = table(columns, [['i'.repeat(40), 'n'.repeat(50), 's'.repeat(10)]], 80).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBe(80);
    expect(lines[1]).toContain('i'.repeat(40));
    expect(lines[1]).toContain('s'.repeat(10));
    expect(lines[1]).toContain('n…');
  });
  it('leaves narrow content alone', () => {
    expect(table(columns, [['1', 'a', 'b']], 80)).toBe('ID  NAME  SCOPE\n1   a     b');
  });
});
