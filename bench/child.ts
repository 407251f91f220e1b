// A process of its own for whoever is measured or measures: neither shares an event loop with the other.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export type Child = {
  /** Sends a request and waits for its answer; one at a time. */
  ask<T>(question: object): Promise<T>;
  stop(): Promise<void>;
};

/** @param file relative to `bench/`. Standard output is discarded: the function's log lines, written as Lambda's are. */
export async function startChild(file: string, ...args: readonly string[]): Promise<{ readonly child: Child; readonly hello: unknown }> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const hello = await answerOf(child, file);
  return {
    hello,
    child: {
      async ask<T>(question: object): Promise<T> {
        const answer = answerOf(child, file);
        child.send(question);
        return (await answer) as T;
      },
      async stop() {
        const gone = once(child, 'exit');
        child.disconnect();
        await gone;
      },
    },
  };
}

function answerOf(child: ChildProcess, file: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error(`${file} ended early`));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve(message);
    });
  });
}
