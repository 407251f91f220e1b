// The layer rules of .dependency-cruiser.mjs over a source tree, and proof that the whole tree was read: a cruiser that
// finds no parser for TypeScript, or a folder nobody listed, would otherwise report a clean tree of nothing.
import { existsSync, globSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser';

const FOLDERS = ['src', 'functions', 'lib', 'bin', 'local'];
type LayerRules = Pick<ICruiseOptions, 'ruleSet'>['ruleSet'];
type Configuration = { readonly forbidden: NonNullable<NonNullable<LayerRules>['forbidden']>; readonly options: ICruiseOptions };

/** One line for every violation in the tree at `root`; empty = clean, and every .ts file of it was read. */
export async function layerViolations(root: string): Promise<readonly string[]> {
  const folders = FOLDERS.filter((folder) => existsSync(join(root, folder)));
  const { forbidden, options } = await configuration();
  const { output } = await cruise(folders, { ...options, baseDir: resolve(root), validate: true, ruleSet: { forbidden } });
  const { modules, summary } = output as ICruiseResult;

  const comments = new Map(forbidden.map(({ name, comment }) => [name, comment]));
  const violations = summary.violations.map(
    ({ rule, from, to }) => `${from}${to === from ? '' : ` -> ${to}`}: ${rule.name} (${comments.get(rule.name) ?? ''})`,
  );
  return [...violations, ...unread(root, folders, new Set(modules.map(({ source }) => source)))];
}

function unread(root: string, folders: readonly string[], read: ReadonlySet<string>): string[] {
  return folders
    .flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root }))
    .filter((file) => !read.has(file.replaceAll('\\', '/')))
    .map((file) => `${file}: not read by the layer check`);
}

async function configuration(): Promise<Configuration> {
  const path = new URL('../../.dependency-cruiser.mjs', import.meta.url).href;
  const { default: rules } = (await import(path)) as { default: Configuration };
  return rules;
}

if (import.meta.main) {
  const violations = await layerViolations(process.cwd());
  for (const violation of violations) console.error(violation);
  process.exitCode = violations.length === 0 ? 0 : 1;
}
