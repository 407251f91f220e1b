import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import type { Step } from './steps.ts';

type Outcome = { readonly step: Step; readonly ok: boolean; readonly seconds: number; readonly output: string };

/** Runs the steps, as many at once as there are cores; one line for each as it ends, and the output of those that failed. */
export async function runSteps(steps: readonly Step[]): Promise<boolean> {
  const width = Math.max(...steps.map(({ name }) => name.length));
  const waiting = [...steps];
  const failed: Outcome[] = [];
  const worker = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const outcome = await run(step);
      if (!outcome.ok) failed.push(outcome);
      console.log(`${step.name.padEnd(width)}  ${outcome.ok ? 'ok    ' : 'failed'}  ${outcome.seconds.toFixed(1).padStart(5)} s`);
    }
  };
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, worker));
  for (const { step, output } of failed) console.error(`\n--- ${step.name}: ${step.command.join(' ')}\n${output.trimEnd()}`);
  return failed.length === 0;
}

function run(step: Step): Promise<Outcome> {
  const started = process.hrtime.bigint();
  const [command = 'node', ...args] = step.command;
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...step.env },
    shell: process.platform === 'win32',
  });
  let output = '';
  const finish = (ok: boolean): void => resolve({ step, ok, seconds: Number(process.hrtime.bigint() - started) / 1e9, output });
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.on('error', (error) => {
    output += `cannot run ${command}: ${error.message}. Run "npm ci" first.`;
    finish(false);
  });
  child.on('close', (code) => finish(code === 0));
  return promise;
}
