// Medians, because a shared machine slows some slices and speeds up none.
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** Nearest rank. @param share 0.99 for the 99th percentile. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}

/** Of two contestants' slices, the ratio in each round: neighbours in time share whatever else the machine was doing. */
export const ratios = (of: readonly number[], to: readonly number[]): readonly number[] =>
  of.map((value, round) => value / (to[round] ?? Number.NaN));

/** `0.87 (0.81 to 0.92)`: the median and what the rounds ranged between. */
export const withRange = (values: readonly number[], format: (value: number) => string): string =>
  `${format(median(values))} (${format(Math.min(...values))} to ${format(Math.max(...values))})`;

/** How far a contestant's own slices lay apart: (highest - lowest) / median. */
export const spread = (values: readonly number[]): number => (Math.max(...values) - Math.min(...values)) / median(values);
