/**
 * `npm run build`: the package for other projects, in `dist/`, as plain JavaScript, because Node strips no types below `node_modules`.
 * It is whole in itself: what the library imports and every function's bundle are inside, and only CDK users need a CDK beside it.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build } from 'esbuild';
import { bundleInto } from '../lib/bundled-code.ts';
import { functionsFolder } from '../lib/bundle-settings.ts';

const root = join(import.meta.dirname, '..');

/** What can be imported: the module below `m2m-auth`, and its source. */
const EXPORTS = {
  index: 'lib/exports.ts',
  verify: 'src/verify/exports.ts',
  middy: 'src/verify/middy.ts',
  express: 'src/verify/express.ts',
} as const;
const CDK = ['aws-cdk-lib', 'constructs'] as const;

/** @param folder is replaced as a whole. */
export async function buildPackage(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const entryPoints = Object.entries(EXPORTS).map(([out, source]) => ({ in: join(root, source), out }));
  await build({
    entryPoints,
    outdir: folder,
    bundle: true,
    // What several of them share is one file, so that there is one of each class.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: CDK.flatMap((name) => [name, `${name}/*`]),
    logLevel: 'error',
  });
  bundleInto(join(folder, 'bundles'), functionEntries());
  emitTypes(join(folder, 'types'));
  cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
}

const functionEntries = (): readonly string[] =>
  globSync(['*/handler.ts', 'authorizer/{feed,table}.ts'], { cwd: functionsFolder }).map((entry) => entry.replaceAll('\\', '/'));

function emitTypes(folder: string): void {
  const command = join(root, 'node_modules', '@typescript', 'native', 'bin', 'tsc');
  execFileSync(process.execPath, [command, '--project', 'tsconfig.package.json', '--outDir', folder], { cwd: root, stdio: 'inherit' });
}

function manifest(): Record<string, unknown> {
  const { name, version, description, license, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly [member in 'name' | 'version' | 'description' | 'license']: string;
  } & { readonly dependencies: Readonly<Record<string, string>> };
  const exported = (out: string, source: string) => ({ types: `./types/${source.replace(/[.]ts$/, '.d.ts')}`, default: `./${out}.js` });
  return {
    name,
    version,
    description,
    license,
    type: 'module',
    engines: { node: '>=20.19' },
    exports: Object.fromEntries(
      Object.entries(EXPORTS).map(([out, source]) => [out === 'index' ? '.' : `./${out}`, exported(out, source)]),
    ),
    peerDependencies: Object.fromEntries(CDK.map((peer) => [peer, `^${dependencies[peer] ?? ''}`])),
    peerDependenciesMeta: Object.fromEntries(CDK.map((peer) => [peer, { optional: true }])),
  };
}

if (import.meta.main) {
  const folder = join(root, 'dist');
  await buildPackage(folder);
  process.stdout.write(
    `built ${relative(process.cwd(), folder)}/: npm pack ./dist makes the tarball, npm install <path to it> installs it\n`,
  );
}
