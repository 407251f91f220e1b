import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

type Locked = { resolved?: string; integrity?: string; inBundle?: boolean; dependencies?: object; optionalDependencies?: object };
type LockFile = { readonly packages: Record<string, Locked> };
const lockFile = JSON.parse(readFileSync('package-lock.json', 'utf8')) as LockFile;
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, Record<string, string>>;

it('names no registry host, so that npm ci works with whichever registry the machine uses', () => {
  const resolved = Object.entries(lockFile.packages).filter(([, entry]) => entry.resolved !== undefined);
  expect(resolved).toEqual([]);
});

it('pins every package by its integrity, a bundled one by that of its parent', () => {
  const fetched = Object.entries(lockFile.packages).filter(([path, entry]) => path !== '' && entry.inBundle !== true);
  const unpinned = fetched.filter(([, entry]) => entry.integrity === undefined);
  expect(unpinned.map(([path]) => path)).toEqual([]);
});

it('knows every dependency of every package, those for other platforms too: npm ci refuses a lock file that misses one', () => {
  const missing = Object.entries(lockFile.packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies }).filter((name) => !resolvesFrom(path, name)),
  );
  expect(missing).toEqual([]);
});

/** Whether Node, asked for `name` by the package at `path`, would find it in a folder that the lock file lists. */
function resolvesFrom(path: string, name: string): boolean {
  const parents = path.split('/node_modules/').map((_, index, parts) => parts.slice(0, index + 1).join('/node_modules/'));
  return ['', ...parents].some((parent) => `${parent}${parent === '' ? '' : '/'}node_modules/${name}` in lockFile.packages);
}

it('pins every direct dependency to one version', () => {
  const versions = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) => Object.entries(manifest[kind] ?? {}));
  expect(versions.filter(([, version]) => !/^(?:npm:(?:@[^/]+\/)?[^@]+@)?\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});

it('pins the CDK CLI to 2.1148.1, the version that was tried with this aws-cdk-lib', () => {
  expect(manifest['devDependencies']?.['aws-cdk']).toBe('2.1148.1');
});
