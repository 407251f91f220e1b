export const IN_PROCESS_NAMES = ['m2m-auth handler', 'oidc-provider', 'signature alone'] as const;
export type InProcessName = (typeof IN_PROCESS_NAMES)[number];

export type InProcessRequest = { readonly name: InProcessName; readonly concurrency: number; readonly seconds: number };
export type InProcessSlice = {
  readonly perSecond: number;
  /** Processor time of all threads for one token, in microseconds: hardly changed by whoever else uses the machine. */
  readonly processorUs: number;
};
