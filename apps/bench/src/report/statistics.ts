/** The middle of numbers, by linear interpolation (numpy.median). @param values at least one */
export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** The value below which a share of the numbers lies, by linear interpolation (numpy.quantile's default). */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] as number;
  const above = sorted[Math.ceil(at)] as number;
  return below + (above - below) * (at - Math.floor(at));
}

/** How long one contender took against another. */
export interface Ratio {
  /** Of the medians over everything that was counted. */
  readonly ratio: number;
  /** The lowest and highest ratio of the medians of one round: how much the comparison itself varied. */
  readonly low: number;
  readonly high: number;
}

/** Compares the durations of two contenders. @param ours the durations of each round; as many rounds as theirs */
export function compareRounds(
  ours: readonly (readonly number[])[],
  theirs: readonly (readonly number[])[],
): Ratio {
  const each = ours.map((round, i) => median(round) / median(theirs[i] as readonly number[]));
  return {
    ratio: median(ours.flat()) / median(theirs.flat()),
    low: Math.min(...each),
    high: Math.max(...each),
  };
}
