import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Files of the coming commit in the checkout at `root`; where nothing is staged, every file that differs from the last commit. Deleted files are left out. */
export function changedFiles(root: string): readonly string[] {
  const git = (...args: readonly string[]): readonly string[] =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
      .split('\0')
      .filter((file) => file !== '');
  const staged = git('diff', '--cached', '--name-only', '--no-renames', '-z');
  const changed =
    staged.length > 0 ? staged : [...git('diff', '--name-only', '-z'), ...git('ls-files', '--others', '--exclude-standard', '-z')];
  return changed.filter((file) => existsSync(join(root, file)));
}
