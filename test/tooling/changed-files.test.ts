import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { changedFiles } from '../../bin/check/changed-files.ts';

let root = '';
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: root, stdio: 'pipe' });
const write = (name: string, text = '') => writeFileSync(join(root, name), text);
beforeEach(() => {
  // Run by the pre-commit hook, git would point these at the repository that is being committed to.
  for (const name of Object.keys(process.env).filter((key) => key.startsWith('GIT_'))) Reflect.deleteProperty(process.env, name);
  root = mkdtempSync(join(tmpdir(), 'm2m-auth-changed-'));
  git('init', '--quiet');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it('names the staged files when there are some, also before the first commit and with spaces in a name', () => {
  write('staged file.ts');
  write('not-staged.ts');
  git('add', 'staged file.ts');
  expect(changedFiles(root)).toEqual(['staged file.ts']);
});

it('names changed and new files when nothing is staged, and leaves out deleted and ignored ones', () => {
  for (const name of ['changed.ts', 'deleted.ts', 'same.ts']) write(name);
  write('.gitignore', 'ignored.ts\n');
  git('add', '.');
  git('commit', '--quiet', '--no-verify', '-m', 'first');
  write('changed.ts', 'changed');
  write('new.ts');
  write('ignored.ts');
  rmSync(join(root, 'deleted.ts'));
  expect(changedFiles(root)).toEqual(['changed.ts', 'new.ts']);
});
