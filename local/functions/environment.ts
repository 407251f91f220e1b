// One execution environment: a worker thread, its requests under way, and what becomes of them when it fails.
import { randomUUID } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { Failure, FromWorker, EnvironmentSpec, ToWorker } from './messages.ts';

export type InvocationResult =
  | { readonly ok: true; /** What the handler returned. */ readonly payload: unknown }
  /** Lambda's function errors: thrown, timed out, crashed, or never initialised. */
  | ({ readonly ok: false; readonly kind: 'thrown' | 'timeout' | 'crash' | 'init' } & Failure);

export type ExecutionEnvironment = {
  /** `event` is JSON. Never rejects. */
  invoke(event: string, timeoutMs: number): Promise<InvocationResult>;
  /** False once it crashed, failed to initialise or let a request time out: it takes no more requests. */
  usable(): boolean;
  stop(): Promise<void>;
};

export type EnvironmentOptions = {
  readonly spec: EnvironmentSpec;
  readonly variables: Readonly<Record<string, string>>;
  /** Standard output of the function, as written. */
  readonly onOutput: (text: string) => void;
};

type Pending = { readonly settle: (result: InvocationResult) => void; readonly timer: NodeJS.Timeout };

export function startEnvironment({ spec, variables, onOutput }: EnvironmentOptions): ExecutionEnvironment {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: spec,
    env: { ...variables },
    name: spec.functionName,
    stdin: false,
  });
  const pending = new Map<string, Pending>();
  let broken: InvocationResult | undefined;
  let draining = false;

  const settle = (id: string, result: InvocationResult): void => {
    const waiting = pending.get(id);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    pending.delete(id);
    waiting.settle(result);
    if (draining && pending.size === 0) void worker.terminate();
  };
  const breakDown = (result: InvocationResult): void => {
    broken ??= result;
    for (const id of [...pending.keys()]) settle(id, broken);
  };

  worker.on('message', (message: FromWorker) => {
    if (message.type === 'output') onOutput(message.text);
    else if (message.type === 'result') settle(message.id, { ok: true, payload: JSON.parse(message.result) });
    else if (message.type === 'failure') settle(message.id, { ok: false, kind: 'thrown', ...failureOf(message) });
    else if (message.type === 'init-failure') {
      breakDown({ ok: false, kind: 'init', ...failureOf(message) });
      void worker.terminate();
    }
  });
  worker.on('error', (error: unknown) => {
    const known = error instanceof Error ? error : new Error(String(error));
    breakDown({ ok: false, kind: 'crash', errorType: 'Runtime.ExitError', errorMessage: known.message, trace: known.stack ?? '' });
  });
  worker.on('exit', (code) => {
    breakDown({
      ok: false,
      kind: 'crash',
      errorType: 'Runtime.ExitError',
      errorMessage: `the function exited with code ${code}`,
      trace: '',
    });
  });

  return {
    invoke(event, timeoutMs) {
      if (broken) return Promise.resolve(broken);
      const id = randomUUID();
      return new Promise((resolve) => {
        const timer = setTimeout(() => {
          // Lambda would end the environment; here others may still be served by it, so it only gets no new requests.
          draining = true;
          settle(id, {
            ok: false,
            kind: 'timeout',
            errorType: 'Sandbox.Timedout',
            errorMessage: `Task timed out after ${timeoutMs / 1000} seconds`,
            trace: '',
          });
        }, timeoutMs);
        pending.set(id, { settle: resolve, timer });
        const message: ToWorker = { id, event, deadlineMs: Date.now() + timeoutMs };
        worker.postMessage(message);
      });
    },
    usable: () => !broken && !draining,
    async stop() {
      breakDown({ ok: false, kind: 'crash', errorType: 'Runtime.ExitError', errorMessage: 'the service is stopping', trace: '' });
      await worker.terminate();
    },
  };
}

const failureOf = ({ errorType, errorMessage, trace }: Failure): Failure => ({ errorType, errorMessage, trace });
