// Runs a command on Node 24, the version that the deployed functions run on, also where the host has an older Node.
// The runtime comes from npm as a platform package (optionalDependencies) whose folder goes first on PATH.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const env = { ...process.env };
const path = [join(root, 'node_modules', '.bin'), env.PATH ?? ''];
const platform = process.platform === 'win32' ? 'win' : process.platform;
try {
  path.unshift(join(dirname(require.resolve(`node-${platform}-${process.arch}/package.json`)), 'bin'));
} catch {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 22 || (major === 22 && minor < 18)) {
    console.error(
      `m2m-auth needs Node 24 to run (found ${process.versions.node}), and no packaged one exists for ` +
        `${process.platform}-${process.arch}. Install Node 24 (https://nodejs.org) and run the command again.`,
    );
    process.exit(1);
  }
}
env.PATH = path.join(delimiter);
// Compiled code is kept beside the packages: commands start in a third of the time.
env.NODE_COMPILE_CACHE ??= join(root, 'node_modules', '.cache', 'm2m-auth', 'compiled');
const [command = 'node', ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: 'inherit', env });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  console.error(`cannot run ${command}: ${error.message}. Run "npm ci" first.`);
  process.exit(1);
});
child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1)));
