// The CDK app's cloud assembly, synthesized once per state of the sources and shared by every data directory.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { M2mAuthProps } from '../../lib/m2m-auth-props.ts';
import { codeOf, messageOf, StartError } from '../start-error.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const cache = join(root, 'node_modules/.cache/m2m-auth');
/** Everything that the templates and bundles are made from. */
const SOURCES = ['bin/app.ts', 'lib', 'functions', 'src', 'cdk.json', 'package-lock.json'];
/** An assembly that nobody has started with for this long is removed. */
const UNUSED_DAYS = 7;

export type CachedAssembly = { readonly directory: string; readonly synthesized: boolean };

/**
 * Concurrent starts may synthesize the same assembly twice; each renames its own complete folder, and the first one stays.
 * @param auth plain values, over those of the stage.
 */
export async function cachedAssembly(auth: M2mAuthProps = {}): Promise<CachedAssembly> {
  const digest = assemblyDigest(auth);
  const directory = join(cache, digest);
  if (existsSync(join(directory, 'manifest.json'))) {
    touch(directory);
    return { directory, synthesized: false };
  }
  mkdirSync(cache, { recursive: true });
  const temporary = mkdtempSync(join(cache, 'new-'));
  try {
    await synthesize(temporary, auth);
    // Someone saved a file meanwhile: this is neither the old state nor surely the new one.
    if (assemblyDigest(auth) !== digest) return await cachedAssembly(auth);
    putInPlace(temporary, directory);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  removeUnused();
  return { directory, synthesized: true };
}

/** In a thread of its own, so that the CDK library's memory is given back afterwards. */
function synthesize(outdir: string, auth: M2mAuthProps): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./synthesize.ts', import.meta.url), { workerData: { outdir, auth }, env: synthesisEnvironment() });
    worker.once('error', (error: unknown) => {
      reject(new StartError(`the CDK app cannot be synthesized: ${messageOf(error)}. See "npm run synth".`));
    });
    worker.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new StartError('the CDK app cannot be synthesized. See "npm run synth".'));
    });
  });
}

/** Context and output folder of an outer CDK command, or someone's AWS account, must not get into the templates. */
const synthesisEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(CDK_|AWS_)/.test(name)));

function putInPlace(temporary: string, directory: string): void {
  try {
    renameSync(temporary, directory);
  } catch (error) {
    // Someone else was first with the same content.
    if (!['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(codeOf(error) ?? '') || !existsSync(join(directory, 'manifest.json'))) throw error;
  }
}

/** Of the sources, and of the props where any are given. */
function assemblyDigest(auth: M2mAuthProps): string {
  const sources = sourcesDigest(root);
  if (Object.keys(auth).length === 0) return sources;
  return createHash('sha256')
    .update(JSON.stringify([sources, auth]))
    .digest('hex')
    .slice(0, 32);
}

/** SHA-256 over names and contents. */
export function sourcesDigest(base: string): string {
  const hash = createHash('sha256');
  for (const file of SOURCES.flatMap((source) => filesBelow(base, source))) {
    const content = readFileSync(join(base, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 32);
}

function filesBelow(base: string, path: string): readonly string[] {
  const stats = statSync(join(base, path), { throwIfNoEntry: false });
  if (!stats) return [];
  if (!stats.isDirectory()) return [path];
  return readdirSync(join(base, path))
    .sort()
    .flatMap((name) => filesBelow(base, `${path}/${name}`));
}

function touch(directory: string): void {
  try {
    const now = new Date();
    utimesSync(directory, now, now);
  } catch {
    // A read-only installation: its assembly is never removed either.
  }
}

function removeUnused(): void {
  const oldest = Date.now() - UNUSED_DAYS * 86_400_000;
  for (const name of readdirSync(cache)) {
    const folder = join(cache, name);
    if ((statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) < oldest) rmSync(folder, { recursive: true, force: true });
  }
}
