/**
 * Counts calls and the waits that they make. Calls that start before any earlier one is answered belong to one wait; nothing is
 * answered until everything that can start has started, so the count does not depend on how fast the machine is.
 */
export type CountedCalls = {
  /** Counts one call, and answers it together with the others of its wait. */
  call<T>(name: string, answer: () => T): Promise<T>;
  /** The names of the calls since the last `take`, one list a wait, each in the order of the alphabet. */
  take(): readonly (readonly string[])[];
};

export function createCountedCalls(): CountedCalls {
  let waits: string[][] = [];
  let held: (() => void)[] = [];

  const release = (): void => {
    const released = held;
    held = [];
    for (const resume of released) resume();
  };

  return {
    async call(name, answer) {
      if (held.length === 0) {
        waits.push([]);
        // After all microtasks: whoever was to call beside this one has done so.
        setImmediate(release);
      }
      waits.at(-1)?.push(name);
      await new Promise<void>((resume) => held.push(resume));
      return answer();
    },
    take() {
      const taken = waits.map((names) => names.toSorted());
      waits = [];
      return taken;
    },
  };
}

/** `BatchGetItem + UpdateItem, then Sign`; `none` for no call at all. */
export const describeCalls = (waits: readonly (readonly string[])[]): string =>
  waits.length === 0 ? 'none' : waits.map((names) => names.join(' + ')).join(', then ');
