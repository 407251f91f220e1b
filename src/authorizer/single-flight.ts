/**
 * One fetch at a time for however many requests. Lambda freezes between calls, so a fetch may be found long after it was
 * begun, with its connection gone: one that should be over by its own time limit is abandoned for a new one.
 */
export type SingleFlight = {
  /** Begins a fetch, or joins the one under way; undefined while a recent failure says to leave the issuer alone. Never rejects. */
  join(nowMs: number): Promise<void> | undefined;
};

export type SingleFlightOptions = {
  /** Does the work and remembers the result; its rejection counts as a failure. */
  readonly run: (nowMs: number) => Promise<void>;
  /** After which a fetch under way counts as lost. */
  readonly abandonAfterMs: number;
  /** How long after a failure nothing new is begun. */
  readonly pauseAfterFailureMs: number;
};

export function createSingleFlight({ run, abandonAfterMs, pauseAfterFailureMs }: SingleFlightOptions): SingleFlight {
  let flight: { readonly done: Promise<void>; readonly startedMs: number } | undefined;
  let failedMs = -Infinity;
  return {
    join(nowMs) {
      if (flight !== undefined && nowMs - flight.startedMs < abandonAfterMs) return flight.done;
      if (nowMs - failedMs < pauseAfterFailureMs) return undefined;
      const done = run(nowMs)
        .catch(() => {
          failedMs = nowMs;
        })
        .finally(() => {
          if (flight?.done === done) flight = undefined;
        });
      flight = { done, startedMs: nowMs };
      return done;
    },
  };
}

/** Waits for work that never rejects, but no longer than `limitMs`. */
export async function waitAtMost(work: Promise<void>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  try {
    await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
