/**
 * Contestants in turn, A B C C B A ..., so that whatever else the machine does falls on all of them. Each is warmed up first: the
 * first second of a JavaScript process says nothing about the next hour.
 */
export async function interleave<T>(
  contestants: readonly string[],
  rounds: number,
  slice: (contestant: string) => Promise<T>,
): Promise<ReadonlyMap<string, readonly T[]>> {
  const slices = new Map<string, T[]>(contestants.map((name) => [name, []]));
  for (const name of contestants) await slice(name);
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? contestants : contestants.toReversed();
    for (const name of order) slices.get(name)?.push(await slice(name));
  }
  return slices;
}
