// The main thread's side of an engine's thread.
import { Worker } from 'node:worker_threads';
import type { AccessRecord } from '../iam/access.ts';
import { StartError } from '../start-error.ts';
import type { FaultMode, FaultService } from './faults.ts';
import type { AuditRecord, EngineData, FromEngine, ToEngine } from './messages.ts';

export type Engine = {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string;
  setFault(service: FaultService, mode: FaultMode): void;
  /** Deletes expired items now; resolves with how many. */
  sweep(): Promise<number>;
  /** Finishes what is being written and closes the files. */
  stop(): Promise<void>;
};

export type EngineListeners = {
  /** Puts an event into the audit trail; the write that it belongs to is answered after that. */
  readonly onEvent: (event: AuditRecord) => void;
  readonly onProblem: (text: string) => void;
  /** Each kind of access that a function's role was asked for, once. */
  readonly onAccess?: ((access: AccessRecord) => void) | undefined;
};

/** Rejects with a `StartError` when the data directory cannot be used. */
export function startEngine(data: EngineData, { onEvent, onProblem, onAccess }: EngineListeners): Promise<Engine> {
  const worker = new Worker(new URL('./engine-thread.ts', import.meta.url), { workerData: data, name: data.kind });
  const send = (message: ToEngine): void => {
    worker.postMessage(message);
  };
  const swept: ((deleted: number) => void)[] = [];
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      resolve();
    });
  });
  const engine = (port: number): Engine => ({
    endpoint: `http://127.0.0.1:${port}`,
    setFault: (service, mode) => {
      send({ type: 'fault', service, mode });
    },
    sweep: () =>
      new Promise((resolve) => {
        swept.push(resolve);
        send({ type: 'sweep' });
      }),
    stop: async () => {
      send({ type: 'stop' });
      await ended;
    },
  });
  return new Promise((resolve, reject) => {
    worker.on('error', (error: unknown) => {
      onProblem(`${data.kind} engine: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      reject(error instanceof Error ? error : new Error(String(error)));
    });
    worker.on('message', (message: FromEngine) => {
      if (message.type === 'event') {
        onEvent(message.event);
        send({ type: 'delivered', sequence: message.sequence });
      } else if (message.type === 'problem') onProblem(message.text);
      else if (message.type === 'access') onAccess?.(message.access);
      else if (message.type === 'swept')
        swept.splice(0).forEach((done) => {
          done(message.deleted);
        });
      else if (message.type === 'ready') resolve(engine(message.port));
      else {
        void worker.terminate();
        reject(message.forUser ? new StartError(message.message) : new Error(message.message));
      }
    });
  });
}
