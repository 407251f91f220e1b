// README's first commands as a newcomer runs them: a clean clone, `npm ci`, the service, a token, a protected call, a revocation,
// and all of it again after a restart. Takes minutes, so it has a command of its own: `npm run test:first-run`.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cleanEnvironment, PROJECT, temporaryFolder } from './service-process.ts';

const PATIENCE_MS = 8 * 60_000;
const root = temporaryFolder();
const clone = join(root, 'm2m-auth');
/** README's first shell blocks, in order: start, test, first token. */
const blocks = [...readFileSync(join(PROJECT, 'README.md'), 'utf8').matchAll(/^```sh\n(.*?)^```/gms)]
  .map(([, text = '']) => text)
  .slice(0, 3);
let environment: Record<string, string>;
let started: ChildProcess | undefined;

/** curl's progress and npm's warnings are of no interest unless something fails. */
const inClone = () => ({ cwd: clone, env: environment, encoding: 'utf8', stdio: 'pipe' }) as const;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Runs a block as it stands; resolves with what it printed once it says that it is ready. */
function start(block: string): Promise<string> {
  const child = spawn('bash', ['-c', block], { cwd: clone, env: environment, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  started = child;
  return new Promise((resolve, reject) => {
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => {
      printed += String(chunk);
      if (/m2m-auth ready on \S+\n/.test(printed)) resolve(printed);
    });
    child.once('exit', (code) => {
      reject(new Error(`ended with ${String(code)}: ${printed}`));
    });
  });
}

/** Ctrl-C in the terminal that it runs in: the whole process group gets the signal. */
async function stop(): Promise<void> {
  const child = started;
  started = undefined;
  if (child?.pid === undefined) return;
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  process.kill(-child.pid, 'SIGINT');
  await ended;
}

beforeAll(async () => {
  const git = (...words: string[]): string => execFileSync('git', words, { cwd: PROJECT, encoding: 'utf8' });
  execFileSync('git', ['clone', '--quiet', PROJECT, clone]);
  // What is not committed yet is part of what is tried.
  const changed = git('ls-files', '-z', '--modified', '--others', '--exclude-standard', '--deduplicate').split('\0').filter(Boolean);
  for (const file of changed) {
    if (existsSync(join(PROJECT, file))) cpSync(join(PROJECT, file), join(clone, file));
    else rmSync(join(clone, file), { force: true });
  }
  // Without the folder that lends this run its Node: the clone must find its own.
  const path = (process.env['PATH'] ?? '').split(':').filter((folder) => !folder.startsWith(join(PROJECT, 'node_modules')));
  const inherited = Object.entries(cleanEnvironment({ PORT: String(await freePort()), PATH: path.join(':') }));
  environment = Object.fromEntries(inherited.filter(([name]) => !/^(?:VITEST|npm_|NODE_ENV|INIT_CWD)/.test(name)));
}, PATIENCE_MS);
afterAll(async () => {
  await stop();
  rmSync(root, { recursive: true, force: true });
}, PATIENCE_MS);

it('the second block is what CI runs on a clone', () => {
  expect(blocks).toHaveLength(3);
  expect(readFileSync(join(PROJECT, '.ci/run'), 'utf8')).toContain(`\n${blocks[1] ?? '-'}`);
});

it(
  'the first block installs and starts; the third gets a token, makes a protected call and revokes it',
  { timeout: PATIENCE_MS },
  async () => {
    const printed = await start(blocks[0] ?? '');
    const output = execFileSync('bash', ['-c', blocks[2] ?? ''], inClone());
    expect(output).toMatch(
      /^\{"access_token":"eyJ[^"]+","token_type":"Bearer","expires_in":900,"scope":"read write","refresh_token":"m2m_rt_/,
    );
    const statuses = [...output.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    expect(statuses).toEqual(['200', '200', '401']);
    expect(output).toContain('"message":"/protected is open to you"');
    expect(output).toContain('"error":"invalid_token"');

    // The lines that the start itself prints work when pasted too.
    const pasted = printed.slice(printed.indexOf('# A token:'), printed.indexOf('m2m-auth ready on'));
    const again = execFileSync('bash', ['-c', pasted], inClone());
    expect([...again.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '200', '401']);
  },
);

it('a restart takes no second installation, and forgets nothing', { timeout: PATIENCE_MS }, async () => {
  const credentials = readFileSync(join(clone, '.local/credentials.json'), 'utf8');
  const m2m = (...words: string[]): string => execFileSync('npm', ['run', '-s', 'm2m', '--', ...words], inClone());
  const { access_token, refresh_token } = JSON.parse(m2m('token', '--json')) as { access_token: string; refresh_token: string };
  m2m('revoke', access_token);
  await stop();
  await start('npm start');
  expect(readFileSync(join(clone, '.local/credentials.json'), 'utf8')).toBe(credentials);
  expect(JSON.parse(m2m('introspect', access_token, '--json'))).toEqual({ active: false });
  const refreshed = JSON.parse(m2m('token', '--refresh-token', refresh_token, '--json')) as { access_token: string };
  expect(JSON.parse(m2m('introspect', refreshed.access_token, '--json'))).toMatchObject({ active: true });
});

it('the clone is as clean afterwards as git wants it', () => {
  expect(
    execFileSync('git', ['status', '--porcelain', '--ignored=no', '--untracked-files=normal', '.local', 'node_modules'], {
      cwd: clone,
      encoding: 'utf8',
    }),
  ).toBe('');
});
