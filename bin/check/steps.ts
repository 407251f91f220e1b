// What is checked, and how: each step is a command that says nothing when all is well and exits non-zero when not.
export type Step = { readonly name: string; readonly command: readonly string[]; readonly env?: Readonly<Record<string, string>> };

const LINTED = /[.](?:ts|js|mjs)$/;

/** Every step of `npm run check`, the longest first, so that the others fit beside it. */
export function allSteps(synthFolder: string): readonly Step[] {
  return [
    { name: 'lint', command: ['eslint', '--max-warnings', '0', '.'] },
    TYPECHECK,
    {
      name: 'synth',
      command: ['cdk', 'synth', '--quiet', '--no-notices', '--output', synthFolder],
      env: { CDK_DISABLE_CLI_TELEMETRY: 'true' },
    },
    { name: 'format', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
    { name: 'layers', command: ['node', 'bin/check/layers.ts'] },
    { name: 'dead code', command: ['knip', '--no-progress', '--treat-config-hints-as-errors'] },
  ];
}

/** What the pre-commit hook has patience for: types of the whole tree, format and lint of `files`. */
export function fastSteps(files: readonly string[]): readonly Step[] {
  const linted = files.filter((file) => LINTED.test(file));
  return [
    ...(linted.length === 0 ? [] : [{ name: 'lint', command: ['eslint', '--max-warnings', '0', '--no-warn-ignored', ...linted] }]),
    TYPECHECK,
    ...(files.length === 0
      ? []
      : [
          {
            name: 'format',
            command: ['prettier', '--check', '--log-level', 'warn', '--ignore-unknown', '--no-error-on-unmatched-pattern', ...files],
          },
        ]),
  ];
}

const TYPECHECK: Step = { name: 'types', command: ['tsc', '--project', '.', '--noEmit'] };
