/** How much measuring: the same for every benchmark. */
export type BenchOptions = {
  /** Slices of each contestant, interleaved. */
  readonly rounds: number;
  /** Length of one slice. */
  readonly sliceSeconds: number;
  /** Execution environments of each function, where a benchmark runs several. */
  readonly environments: number;
  /** What the full table of `local-rate-full` holds. */
  readonly clients: number;
  readonly sessions: number;
};

/** One benchmark. `run` prints its tables and answers false when a figure that must hold does not. */
export type Bench = { readonly title: string; run(options: BenchOptions): Promise<boolean> };
