// Question and answer of fill-process.ts.
export type FillRequest = {
  readonly dataDir: string;
  /** A client that has at least one session there. */
  readonly modelClientId: string;
  readonly clients: number;
  readonly sessions: number;
};
export type Filled = { readonly items: number; readonly seconds: number };

/** All of them have the secret of the model. */
export const filledClientId = (index: number): string => `bench-full-${String(index).padStart(9, '0')}`;
