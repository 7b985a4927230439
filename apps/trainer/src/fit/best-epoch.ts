/** Which epoch has been best so far, and whether to go on. */
export interface BestEpoch {
  /** From 0; -1 before the first. */
  readonly epoch: number;
  readonly loss: number;
}

/** The epoch of the lowest loss; of equal ones the earlier. */
export function bestEpoch(losses: readonly number[]): BestEpoch {
  let best: BestEpoch = { epoch: -1, loss: Infinity };
  losses.forEach((loss, epoch) => {
    if (loss < best.loss) best = { epoch, loss };
  });
  return best;
}

/**
 * Whether training should end: `patience` epochs have passed without the loss falling by more than `minDelta` below
 * its lowest (Keras' EarlyStopping).
 */
export function shouldStopEarly(
  losses: readonly number[],
  rule: { patience: number; minDelta: number } | null,
): boolean {
  if (rule === null) return false;
  let lowest = Infinity;
  let waited = 0;
  for (const loss of losses) {
    if (loss < lowest - rule.minDelta) {
      lowest = loss;
      waited = 0;
    } else {
      waited++;
    }
  }
  return waited >= rule.patience;
}
