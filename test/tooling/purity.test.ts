import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';

// The rules that keep time and randomness out of the pure folders need no types, so the type-aware ones are left out here.
const lint = new ESLint({
  overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
  ruleFilter: ({ ruleId }) => !ruleId.startsWith('@typescript-eslint/'),
});
const findings = async (filePath: string, text: string) =>
  (await lint.lintText(text, { filePath })).flatMap(({ messages }) => messages.map(({ ruleId }) => ruleId));

const IMPURE = [
  'export const now = Date.now();',
  'export const now = new Date();',
  'export const { now } = Date;',
  'export const now = performance.now();',
  'export const chance = Math.random();',
  "export const table = process.env['TABLE_NAME'];",
  "export { randomBytes } from 'node:crypto';",
  "import { randomUUID } from 'node:crypto';\nexport const id = randomUUID();",
  'export const id = crypto.randomUUID();',
  "import { connect } from 'node:net';\nexport const open = connect;",
  'setTimeout(() => undefined, 1);',
];

describe.each(['tokens', 'client-authentication', 'grants', 'abuse', 'clients', 'audit'])('src/%s', (folder) => {
  it.each(IMPURE)('refuses %s', async (text) => {
    expect(await findings(`src/${folder}/planted.ts`, text)).toHaveLength(1);
  });
});

it("refuses them in the authorizer's decision core", async () => {
  for (const text of IMPURE) expect(await findings('src/authorizer/decide.ts', text), text).toHaveLength(1);
});

it('allows a date of a given time, digests and address arithmetic', async () => {
  const text =
    "import { createHmac } from 'node:crypto';\nimport { isIP } from 'node:net';\nexport const pure = (now: number) => [new Date(now), createHmac, isIP];";
  expect(await findings('src/tokens/planted.ts', text)).toEqual([]);
});

it('lets the edges read clock and environment', async () => {
  for (const text of IMPURE) expect(await findings('functions/token/planted.ts', text), text).toEqual([]);
});
