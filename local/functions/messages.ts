// What goes between the main thread and a function's worker. Events and results travel as JSON text, as they do on Lambda.
export type EnvironmentSpec = {
  readonly functionName: string;
  readonly functionArn: string;
  readonly directory: string;
  readonly handler: string;
  readonly memoryMb: number;
};

export type ToWorker = {
  readonly id: string;
  /** JSON. */
  readonly event: string;
  /** Epoch milliseconds. */
  readonly deadlineMs: number;
};

export type Failure = { readonly errorType: string; readonly errorMessage: string; readonly trace: string };
export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'output'; readonly text: string }
  | { readonly type: 'result'; readonly id: string; readonly result: string }
  | ({ readonly type: 'failure'; readonly id: string } & Failure)
  | ({ readonly type: 'init-failure' } & Failure);
