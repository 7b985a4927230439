import { SPLITS, type DatasetConfig, type Split } from '@atelier/core';

/**
 * How many of a class's pictures belong in each split: the largest-remainder method (Hamilton), so that
 * 0.8/0.1/0.1 of 10 is exactly 8/1/1. Equal remainders go to train, then validation, then test.
 * A single picture goes to train wherever train has any share.
 */
export function splitTargets(
  count: number,
  shares: Pick<DatasetConfig['split'], Split>,
): Record<Split, number> {
  if (count === 1 && shares.train > 0) return { train: 1, validation: 0, test: 0 };
  // 0.29 * 100 is a little below 29 in binary: its remainder of almost 1 is then the largest and makes up for it
  const exact = SPLITS.map((split) => ({ split, share: shares[split] * count }));
  const targets = Object.fromEntries(exact.map(({ split, share }) => [split, Math.floor(share)])) as Record<
    Split,
    number
  >;
  const left = count - SPLITS.reduce((sum, split) => sum + targets[split], 0);
  const byRemainder = exact
    .map(({ split, share }, i) => ({ split, i, remainder: Math.round((share % 1) * 1e6) }))
    .sort((a, b) => b.remainder - a.remainder || a.i - b.i);
  for (const { split } of byRemainder.slice(0, left)) targets[split] += 1;
  return targets;
}
