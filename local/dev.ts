// `npm run dev`: `npm start` that starts again whenever a source file changes.
import { spawn, type ChildProcess } from 'node:child_process';
import { watch } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const WATCHED = ['bin', 'lib', 'functions', 'src', 'local'];
/** Editors write a file in several steps. */
const SETTLE_MS = 150;

let child: ChildProcess | undefined;
let timer: NodeJS.Timeout | undefined;
let ending = false;

function start(): void {
  const started = spawn(process.execPath, [join(root, 'local/main.ts'), ...process.argv.slice(2)], { stdio: 'inherit' });
  child = started;
  started.once('exit', () => {
    if (child === started) child = undefined;
    if (ending) process.exit(0);
  });
}

function restart(): void {
  const running = child;
  if (!running) {
    start();
    return;
  }
  running.once('exit', start);
  running.kill('SIGTERM');
}

for (const folder of WATCHED)
  watch(join(root, folder), { recursive: true }, () => {
    clearTimeout(timer);
    timer = setTimeout(restart, SETTLE_MS);
  });
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    ending = true;
    if (child) child.kill(signal);
    else process.exit(0);
  });
start();
