/** What one epoch came to: a line of history.jsonl. Losses and accuracies are means over its samples. */
export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  /** Updates in this epoch. */
  readonly steps: number;
  /** Of its last update. */
  readonly learningRate: number;
  readonly loss: number;
  readonly accuracy: number;
  /** null where nothing is held out for validation. */
  readonly valLoss: number | null;
  readonly valAccuracy: number | null;
  /** Of training and validation. */
  readonly durationMs: number;
  /** Training pictures per second of training. */
  readonly imagesPerSecond: number;
}

/** What an unfinished epoch has come to. */
export interface EpochSoFar {
  /** Updates made. */
  readonly step: number;
  readonly samples: number;
  /** Sum over the samples. */
  readonly loss: number;
  readonly correct: number;
  readonly durationMs: number;
}

/**
 * Where a training is, apart from the engine's variables. All its randomness (data order, augmentation, dropout) is
 * drawn from (seed, epoch, step or sample), so the position is the whole random state.
 */
export interface TrainingState {
  /** Of each finished epoch. */
  readonly history: readonly EpochRecord[];
  /** The epoch after those. */
  readonly current: EpochSoFar;
}

/** An epoch of which nothing has been done. */
export const untouchedEpoch: EpochSoFar = { step: 0, samples: 0, loss: 0, correct: 0, durationMs: 0 };

/** The loss that an epoch is judged by: of validation, or of training where nothing is held out. */
export const judgedLoss = (record: EpochRecord): number => record.valLoss ?? record.loss;
