// What holds for every command: its examples parse, its help fits a terminal, and --json is one document or an error.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseArguments } from '../../bin/m2m/arguments.ts';
import { COMMANDS } from '../../bin/m2m/commands.ts';
import { TOOL } from '../../bin/m2m/command.ts';
import { help, overview } from '../../bin/m2m/help.ts';
import { startFakeService, type FakeService } from './fake-service.ts';
import { runM2m } from './run-m2m.ts';

/** As a shell takes a line apart, as far as the examples need it: double quotes, and a redirection at the end. */
const words = (line: string): readonly string[] =>
  [...line.replace(/ <\S+$/, '').matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');

it('no two have one name', () => {
  expect(new Set(COMMANDS.map(({ name }) => name)).size).toBe(COMMANDS.length);
});

describe.each(COMMANDS.map((command) => [command.name, command] as const))('%s', (_, command) => {
  it('has examples that parse', () => {
    expect(command.examples.length).toBeGreaterThan(0);
    for (const example of command.examples) expect(() => parseArguments(command, words(example))).not.toThrow();
  });
  it('says what it does and what its options are in sentences that fit 80 columns', () => {
    const lines = help([command])
      .split('\n')
      .filter((line) => !line.startsWith(`  ${TOOL}`) && !line.startsWith('Usage:'));
    // Beside a very long option its text may go over the edge a little.
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(line.startsWith('  -') || line.startsWith('   ') ? 90 : 80);
    expect(command.summary).toMatch(/^[A-Z].*[^.]$/);
  });
});

it('the overview fits 80 columns', () => {
  for (const line of overview(COMMANDS).split('\n')) expect(line.length).toBeLessThanOrEqual(line.includes(TOOL) ? 100 : 90);
});

describe('--json', () => {
  let service: FakeService;
  beforeAll(async () => {
    service = await startFakeService();
    service.clients.set('demo-service', { client_id: 'demo-service', client_name: 'demo' });
  });
  afterAll(() => service.close());

  it.each(COMMANDS.map(({ name, examples }) => [name, examples.find((example) => !example.includes('--follow')) ?? ''] as const))(
    '%s prints one document, or nothing and an error on standard error with a non-zero exit',
    async (name, example) => {
      const args = [...name.split(' '), ...words(example).filter((word) => word !== '--json'), '--json'];
      const { code, stdout, stderr } = await runM2m(args, {
        env: { DATA_DIR: service.folder, AWS_EC2_METADATA_DISABLED: 'true' },
        input: 'x',
      });
      if (code === 0) expect(() => JSON.parse(stdout) as unknown).not.toThrow();
      else expect([stdout, stderr.length]).toEqual(['', expect.any(Number)]);
      if (code !== 0) expect(stderr).not.toMatch(/^\s+at /m);
    },
    30_000,
  );
});
