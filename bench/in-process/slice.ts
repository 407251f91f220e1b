/** Tokens, or bare signatures, one after the other or several at once. */
export type InProcessName =
  'm2m-auth on the spot' | 'm2m-auth on the thread pool' | 'oidc-provider' | 'signature on the spot' | 'signature on the thread pool';

export type InProcessRequest = { readonly name: InProcessName; readonly concurrency: number; readonly seconds: number };
export type InProcessSlice = {
  readonly perSecond: number;
  /** Processor time of all threads for one token, in microseconds: hardly changed by whoever else uses the machine. */
  readonly processorUs: number;
};
