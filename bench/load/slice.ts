/** What the load generator is asked for, and what it answers. */
export type LoadRequest = {
  readonly port: number;
  readonly path: string;
  readonly connections: number;
  readonly seconds: number;
  /** One for every request, or several in turn. */
  readonly authorization: string | readonly string[];
  readonly body: string;
};
export type LoadSlice = {
  readonly count: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of the load generator for one token, in microseconds. */
  readonly generatorUs: number;
  /** Answers that were no token. */
  readonly failures: number;
};
