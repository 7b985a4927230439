import { AtelierError } from '@atelier/core';

/** How the learning rate changes while training goes on. */
export type ScheduleOptions =
  | { readonly name: 'constant' }
  | {
      readonly name: 'step';
      /** The rate is multiplied by `factor` each time this many epochs are over. */
      readonly everyEpochs: number;
      /** In (0, 1). */
      readonly factor: number;
    }
  | {
      readonly name: 'cosine';
      /** Epochs of linear rise from nothing to the full rate. */
      readonly warmupEpochs: number;
      /** The rate at the end. */
      readonly minLearningRate: number;
    }
  | PlateauOptions;

/** Lowers the rate when the watched loss stops falling; Keras' ReduceLROnPlateau without cooldown. */
export interface PlateauOptions {
  readonly name: 'reduce_on_plateau';
  /** The rate is multiplied by this, in (0, 1). */
  readonly factor: number;
  /** Epochs without improvement after which it is. */
  readonly patience: number;
  /** A loss counts as improved when it is lower than the best by more than this. */
  readonly minDelta: number;
  readonly minLearningRate: number;
}

/** Where training stands. */
export interface ScheduleMoment {
  /** Epochs done, with the part of the current one: 2.5 is the middle of the third. */
  readonly epoch: number;
  /** Epochs that training will have. */
  readonly epochs: number;
}

/** What is remembered between epochs: plain data, to be kept in a checkpoint. */
export interface PlateauState {
  /** The rate is the optimizer's times this. */
  readonly scale: number;
  /** The lowest loss so far; null before the first epoch. */
  readonly best: number | null;
  /** Epochs since then. */
  readonly wait: number;
}

/** The state before the first epoch. */
export const initialPlateau: PlateauState = { scale: 1, best: null, wait: 0 };

/**
 * The learning rate of the next step.
 * @param schedule its options
 * @param initial the optimizer's own rate
 * @param moment where training stands, and for "reduce_on_plateau" what {@link observeLoss} last gave
 */
export function learningRateAt(
  schedule: ScheduleOptions,
  initial: number,
  { epoch, epochs, plateau = initialPlateau }: ScheduleMoment & { readonly plateau?: PlateauState },
): number {
  switch (schedule.name) {
    case 'constant':
      return initial;
    case 'step':
      return initial * schedule.factor ** Math.floor(epoch / schedule.everyEpochs);
    case 'cosine':
      return cosine(schedule, initial, { epoch, epochs });
    case 'reduce_on_plateau':
      return Math.max(initial * plateau.scale, Math.min(initial, schedule.minLearningRate));
    default:
      throw unknown(schedule);
  }
}

/** Half a wave of cosine from the full rate to the least (Loshchilov and Hutter 2017), after a linear rise. */
function cosine(
  { warmupEpochs, minLearningRate }: Extract<ScheduleOptions, { name: 'cosine' }>,
  initial: number,
  { epoch, epochs }: ScheduleMoment,
): number {
  if (epoch < warmupEpochs) return (initial * epoch) / warmupEpochs;
  const length = epochs - warmupEpochs;
  const done = length <= 0 ? 1 : Math.min(1, (epoch - warmupEpochs) / length);
  return minLearningRate + ((initial - minLearningRate) * (1 + Math.cos(Math.PI * done))) / 2;
}

/**
 * Takes note of the loss at the end of an epoch.
 * @returns the state with which the next epoch's rate is computed; `previous` is not changed
 */
export function observeLoss(options: PlateauOptions, previous: PlateauState, loss: number): PlateauState {
  if (previous.best === null || loss < previous.best - options.minDelta) {
    return { ...previous, best: loss, wait: 0 };
  }
  const wait = previous.wait + 1;
  if (wait < options.patience) return { ...previous, wait };
  return { ...previous, scale: previous.scale * options.factor, wait: 0 };
}

function unknown(schedule: never): AtelierError {
  return new AtelierError({
    code: 'CONFIG_INVALID',
    action: 'compute the learning rate',
    problem: `"${String((schedule as ScheduleOptions).name)}" is no schedule`,
    hint: 'Choose constant, step, cosine or reduce_on_plateau.',
  });
}
