import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

export type Outcome = { readonly code: number | null; readonly stdout: string; readonly stderr: string };
export type Setting = { readonly env?: Record<string, string>; readonly input?: string };

/** Runs the command line as its own process, as an operator does, with nothing of this process's environment that it reads. */
export async function runM2m(args: readonly string[], { env = {}, input = '' }: Setting = {}): Promise<Outcome> {
  const kept = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:M2M_.*|PORT|HOST|DATA_DIR|NODE_OPTIONS)$/.test(name)),
  );
  const child = spawn(process.execPath, ['bin/m2m.ts', ...args], { env: { ...kept, ...env } });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  child.stdin.on('error', () => undefined); // a command that reads no input may be gone already
  child.stdin.end(input);
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}
