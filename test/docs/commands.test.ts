// Commands that the documents show exist: npm scripts, and commands and options of the operator's tool.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { COMMON_OPTIONS } from '../../bin/m2m/arguments.ts';
import { COMMANDS } from '../../bin/m2m/commands.ts';
import { blocks, PAGES } from './pages.ts';

const lines = PAGES.flatMap((file) => blocks(file).filter(({ language }) => language === 'sh')).flatMap(({ text }) => text.split('\n'));
const calls = lines.flatMap((line) => [...line.matchAll(/npm run -s m2m -- ([^|)]+)/g)].map(([, call = '']) => call.trim()));

it.each([...new Set(calls)])('m2m %s', (call) => {
  const words = call.replace(/^help /, '');
  const command = COMMANDS.find(({ name }) => words === name || words.startsWith(`${name} `));
  expect(command).toBeDefined();
  const options = { ...command?.options, ...COMMON_OPTIONS };
  for (const [, option = ''] of words.matchAll(/ --([a-z-]+)/g)) expect(options).toHaveProperty(option);
});

it('npm scripts', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  const named = lines.flatMap((line) =>
    [...line.matchAll(/npm (?:run (?:-s )?)?(start|test|dev|m2m|fault|synth|deploy|bench|check)\b/g)].map(([, script = '']) => script),
  );
  expect(named.length).toBeGreaterThan(10);
  for (const script of named) expect(scripts).toHaveProperty(script);
});
