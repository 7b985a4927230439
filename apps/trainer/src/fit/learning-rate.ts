import type { DatasetConfig } from '@atelier/core';

/** A schedule and the rate it starts from. */
export interface LearningRateOptions {
  readonly schedule: DatasetConfig['train']['schedule'];
  /** Of the optimizer. */
  readonly initial: number;
  /** Of the whole training. */
  readonly epochs: number;
}

/** Where training is. */
export interface LearningRatePosition {
  /** From 0. */
  readonly epoch: number;
  /** Within the epoch, from 0. */
  readonly step: number;
  readonly stepsPerEpoch: number;
  /** Validation loss of each epoch so far (training loss where nothing is held out). */
  readonly losses: readonly number[];
}

/**
 * The learning rate of one step, a pure function of where training is, so that a resumed run has the same.
 *
 * step: times `factor` after every `everyEpochs`. cosine: linear from 0 over the warm-up, then half a cosine down to
 * `minLearningRate` at the end (Keras' CosineDecay). reduce_on_plateau: times `factor` after `patience` epochs without
 * improvement by more than `minDelta` (Keras' ReduceLROnPlateau).
 */
export function learningRateAt(options: LearningRateOptions, position: LearningRatePosition): number {
  const { schedule, initial } = options;
  switch (schedule.name) {
    case 'constant':
      return initial;
    case 'step':
      return initial * schedule.factor ** Math.floor(position.epoch / schedule.everyEpochs);
    case 'cosine':
      return cosine({ ...schedule, initial, epochs: options.epochs }, position);
    case 'reduce_on_plateau':
      return plateau({ ...schedule, initial }, position.losses);
  }
}

function cosine(
  options: { warmupEpochs: number; minLearningRate: number; initial: number; epochs: number },
  { epoch, step, stepsPerEpoch }: LearningRatePosition,
): number {
  const { warmupEpochs, minLearningRate, initial } = options;
  const done = epoch * stepsPerEpoch + step;
  const warmup = warmupEpochs * stepsPerEpoch;
  if (done < warmup) return (initial * (done + 1)) / warmup;
  const rest = options.epochs * stepsPerEpoch - warmup;
  const share = Math.min(1, (done - warmup) / Math.max(1, rest));
  return minLearningRate + ((initial - minLearningRate) * (1 + Math.cos(Math.PI * share))) / 2;
}

function plateau(
  options: { factor: number; patience: number; minDelta: number; minLearningRate: number; initial: number },
  losses: readonly number[],
): number {
  let rate = options.initial;
  let best = Infinity;
  let waited = 0;
  for (const loss of losses) {
    if (loss < best - options.minDelta) {
      best = loss;
      waited = 0;
    } else if (++waited >= options.patience) {
      rate = Math.max(options.minLearningRate, rate * options.factor);
      waited = 0;
    }
  }
  return rate;
}
