/** What a child has used: unlike a wall-clock rate it hardly changes when others use the machine too. */
export type ProcessorTime = { readonly userAndSystemMs: number };

/** Answers any question of the parent's with what this process, all its threads together, has used so far. */
export function tellProcessorTime(): void {
  const { user, system } = process.cpuUsage();
  process.send?.({ userAndSystemMs: (user + system) / 1000 } satisfies ProcessorTime);
}
