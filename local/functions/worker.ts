// Runs inside a worker thread: one execution environment of one function, with the very bundle that would be uploaded.
// Unlike Lambda's default it takes several requests at once, so that one environment serves hundreds of parallel callers.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { EnvironmentSpec, FromWorker, ToWorker } from './messages.ts';

type Handler = (event: unknown, context: unknown) => unknown;

const port = parentPort;
if (!port) throw new Error('functions/worker.ts runs in a worker thread only');
const spec = workerData as EnvironmentSpec;
const send = (message: FromWorker): void => {
  port.postMessage(message);
};

/** Standard output goes ahead of the answer on the same channel: a line is in the log before the caller has its answer. */
const captured = (chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean => {
  send({ type: 'output', text: typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8') });
  const callback = typeof encoding === 'function' ? encoding : done;
  if (typeof callback === 'function') queueMicrotask(callback as () => void);
  return true;
};
process.stdout.write = captured;
process.stderr.write = captured;

const failureOf = (error: unknown): { errorType: string; errorMessage: string; trace: string } =>
  error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, trace: error.stack ?? '' }
    : { errorType: 'Error', errorMessage: String(error), trace: '' };

function loadHandler(): Handler {
  const dot = spec.handler.lastIndexOf('.');
  const file = join(spec.directory, `${spec.handler.slice(0, dot)}.js`);
  const module = createRequire(file)(file) as Record<string, unknown>;
  const handler = module[spec.handler.slice(dot + 1)];
  if (typeof handler !== 'function') throw new TypeError(`${spec.handler} is undefined or not exported`);
  return handler as Handler;
}

async function invoke(handler: Handler, { id, event, deadlineMs }: ToWorker): Promise<void> {
  const context = {
    awsRequestId: id,
    functionName: spec.functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: spec.functionArn,
    memoryLimitInMB: String(spec.memoryMb),
    logGroupName: `/aws/lambda/${spec.functionName}`,
    logStreamName: 'local',
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
  };
  try {
    const result = JSON.stringify(await handler(JSON.parse(event), context)) as string | undefined;
    send({ type: 'result', id, result: result ?? 'null' });
  } catch (error) {
    send({ type: 'failure', id, ...failureOf(error) });
  }
}

try {
  const handler = loadHandler();
  port.on('message', (message: ToWorker) => void invoke(handler, message));
  send({ type: 'ready' });
} catch (error) {
  send({ type: 'init-failure', ...failureOf(error) });
}
