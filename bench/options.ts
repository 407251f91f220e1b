/** How much measuring: the same for every benchmark. */
export type BenchOptions = {
  /** Slices of each contestant, interleaved. */
  readonly rounds: number;
  /** Length of one slice. */
  readonly sliceSeconds: number;
};

/** One benchmark. `run` prints its tables and answers false when a figure that must hold does not. */
export type Bench = { readonly title: string; run(options: BenchOptions): Promise<boolean> };
