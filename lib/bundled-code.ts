// Lambda bundles, one per entry: esbuild in this process, so that neither Docker nor a network is needed.
import { existsSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Stack } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type * as Esbuild from 'esbuild';
import { BUNDLE_SETTINGS, functionsFolder } from './bundle-settings.ts';

/** Where the installed package has its bundles ready, in folders as `bundleAhead` names them; there is no such folder among the sources. */
const readyFolder = fileURLToPath(new URL('bundles/', import.meta.url));

/** Entry to the folder of its bundle, until somebody takes it: a later app of the same process sees later sources. */
const ahead = new Map<string, string>();

/**
 * Lets `use` make a function of one entry below `functions/`, e.g. `token/handler.ts`: its code is a single `index.js`.
 *
 * Where the CDK wants no bundles (`cdk ls`, `cdk destroy`, tests of templates), the asset is the entry's folder as it is.
 */
export function withBundledCode<T>(scope: Construct, entry: string, use: (code: Code) => T): T {
  const ready = join(readyFolder, folderOf(entry));
  if (existsSync(ready)) return use(Code.fromAsset(ready));
  if (!Stack.of(scope).bundlingRequired) return use(Code.fromAsset(dirname(join(functionsFolder, entry))));
  if (!ahead.has(entry)) bundleAhead([entry]);
  const folder = ahead.get(entry) ?? '';
  ahead.delete(entry);
  try {
    return use(Code.fromAsset(folder));
  } finally {
    // By now the cloud assembly has a copy.
    rmSync(folder, { recursive: true });
    if (readdirSync(dirname(folder)).length === 0) rmdirSync(dirname(folder));
  }
}

/** Bundles entries together, which takes a third of the time of one by one, because what they share is read once. */
export function bundleAhead(entries: readonly string[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'm2m-auth-bundle-'));
  bundleInto(folder, entries);
  for (const entry of entries) ahead.set(entry, join(folder, folderOf(entry)));
}

/** Each into a folder of its own. esbuild is loaded only when wanted: the installed package does without. */
export function bundleInto(folder: string, entries: readonly string[]): void {
  const { buildSync } = createRequire(import.meta.url)('esbuild') as typeof Esbuild;
  buildSync({
    ...BUNDLE_SETTINGS,
    entryPoints: entries.map((entry) => ({ in: join(functionsFolder, entry), out: join(folderOf(entry), 'index') })),
    outdir: folder,
  });
}

/** One level deep and without the dot, which CDK would take for the beginning of an extension. */
const folderOf = (entry: string): string => entry.replaceAll(/[/.]/g, '-');
