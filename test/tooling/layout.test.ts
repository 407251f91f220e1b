import { globSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, it } from 'vitest';

const files = globSync('{bin,lib,functions,src,local,bench,test}/**/*.{ts,mjs}').map((file) => file.replaceAll('\\', '/'));

it('file and folder names are kebab-case', () => {
  expect(files.filter((file) => !/^(?:[a-z0-9]+(?:-[a-z0-9]+)*\/)+[a-z0-9]+(?:[-.][a-z0-9]+)*\.(?:ts|mjs)$/.test(file))).toEqual([]);
});

it('there are no drawers and no barrels: a path names the concept', () => {
  const drawers = /\/(?:utils?|helpers?|common|shared|misc|services|lib)(?:\/|\.ts$)/;
  expect(files.filter((file) => drawers.test(`/${file}`.replace(/^\/lib\//, '/')) || basename(file) === 'index.ts')).toEqual([]);
});

it.skipIf(process.platform === 'win32')('the CI script and the pre-commit hook can be executed', () => {
  for (const file of ['.ci/run', '.githooks/pre-commit']) expect(statSync(file).mode & 0o111, file).toBe(0o111);
});
