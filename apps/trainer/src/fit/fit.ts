import { initialPlateau, learningRateAt, observeLoss } from '@atelier/graph';
import { AtelierError, randomStream, type DatasetConfig, type Split } from '@atelier/core';
import type { TrainEngine } from '../engine/train-engine.js';
import { countCorrect, evaluateSplit } from '../evaluation/evaluate-split.js';
import type { BatchSource, LoadedBatch } from '../loader/batch-source.js';
import { batchCount } from '../loader/row-order.js';
import { bestEpoch, shouldStopEarly } from './best-epoch.js';
import {
  judgedLoss,
  untouchedEpoch,
  type EpochRecord,
  type EpochSoFar,
  type TrainingState,
} from './training-state.js';

/** How the current epoch is doing, after each step. */
export interface StepProgress {
  /** From 1. */
  readonly epoch: number;
  readonly steps: number;
  readonly soFar: EpochSoFar;
  readonly learningRate: number;
}

/** What happens along the way, for people. */
export interface FitObserver {
  step(progress: StepProgress): void;
  epoch(record: EpochRecord, state: { isBest: boolean }): void | Promise<void>;
}

/** Where training is kept. */
export interface FitStore {
  /** Keeps the engine's variables and the position; the one kept before is replaced. */
  saveCheckpoint(training: TrainingState): Promise<void>;
  /** Keeps the engine's weights as the best so far. @param epoch from 1 */
  saveBest(epoch: number): Promise<void>;
  /** The epochs and steps that the last checkpoint holds, for messages; null before the first. */
  lastCheckpoint(): string | null;
}

/** What {@link fit} works with. */
export interface FitOptions {
  readonly engine: TrainEngine;
  readonly source: BatchSource;
  readonly config: DatasetConfig['train'];
  /** The dataset's seed. */
  readonly seed: number;
  /** Pictures of each split. */
  readonly rows: Readonly<Record<Split, number>>;
  /** Of the train split, for messages. */
  readonly sampleIds: readonly string[];
  /** Where to go on from; the engine's variables have been restored already. */
  readonly start: TrainingState;
  readonly store: FitStore;
  readonly observer: FitObserver;
  /** Stops after the step that is running, with a checkpoint. */
  readonly signal: AbortSignal;
  /** Milliseconds, from any beginning. */
  readonly now: () => number;
}

/** How training ended. */
export interface FitResult {
  readonly outcome: 'finished' | 'stopped early' | 'interrupted';
  readonly training: TrainingState;
}

/**
 * Trains epoch by epoch, validates after each, keeps the weights of the lowest validation loss (of equal ones the
 * earlier; of the training loss where nothing is held out) and a checkpoint after each epoch. Everything random is
 * drawn from (seed, epoch, step or sample): stopped anywhere and resumed, it ends in the same weights.
 * @throws AtelierError TRAINING_FAILED where the loss is no longer finite
 */
export async function fit(options: FitOptions): Promise<FitResult> {
  const { config, store, observer, signal } = options;
  let training = options.start;
  for (;;) {
    const losses = training.history.map(judgedLoss);
    if (losses.length >= config.epochs) return { outcome: 'finished', training };
    if (shouldStopEarly(losses, config.earlyStopping)) return { outcome: 'stopped early', training };
    const trained = await trainEpoch(options, training);
    const record = trained.whole ? await finishEpoch(options, trained) : null;
    if (record === null) {
      training = { ...training, current: trained.current };
      await store.saveCheckpoint(training);
      return { outcome: 'interrupted', training };
    }
    training = { history: [...training.history, record], current: untouchedEpoch };
    const isBest = bestEpoch(training.history.map(judgedLoss)).epoch + 1 === record.epoch;
    if (isBest) await store.saveBest(record.epoch);
    await store.saveCheckpoint(training);
    await observer.epoch(record, { isBest });
    if (signal.aborted) return { outcome: 'interrupted', training };
  }
}

/** An epoch whose training has gone as far as it could. */
interface TrainedEpoch {
  /** From 1. */
  readonly epoch: number;
  readonly current: EpochSoFar;
  readonly learningRate: number;
  /** False where it was interrupted. */
  readonly whole: boolean;
}

async function trainEpoch(options: FitOptions, training: TrainingState): Promise<TrainedEpoch> {
  const { engine, source, config, seed, rows, store, observer, signal, now } = options;
  const epoch = training.history.length;
  const steps = batchCount(rows.train, config.batchSize);
  const rateAt = learningRates(config, training, steps);
  let { current } = training;
  let savedAt = now();
  let since = now();
  const pass = { split: 'train', batchSize: config.batchSize, epoch, fromStep: current.step } as const;
  if (signal.aborted) return { epoch: epoch + 1, current, learningRate: rateAt(current.step), whole: false };
  for await (const batch of source.batches(pass)) {
    const dropoutSeed = randomStream(seed, [
      'train',
      'dropout',
      String(epoch),
      String(current.step),
    ]).uint32();
    const learningRate = rateAt(current.step);
    const { loss, correct } = await engine.train(batch, { learningRate, seed: dropoutSeed });
    if (!Number.isFinite(loss)) throw lostLoss(options, { epoch, step: current.step, loss, batch });
    const at = now();
    current = addStep(current, { loss, correct, size: batch.labels.length, durationMs: at - since });
    since = at;
    observer.step({ epoch: epoch + 1, steps, soFar: current, learningRate });
    // lets signals, the loader's messages and the progress through: a native step blocks the thread
    await new Promise((resolve) => setImmediate(resolve));
    if (signal.aborted) break;
    if (config.checkpointMinutes !== null && at - savedAt > config.checkpointMinutes * 60_000) {
      await store.saveCheckpoint({ ...training, current });
      savedAt = now();
    }
  }
  const learningRate = rateAt(Math.max(0, current.step - 1));
  return { epoch: epoch + 1, current, learningRate, whole: current.step === steps };
}

/** The learning rate of each step of the current epoch, a function of the losses so far. */
function learningRates(
  { schedule, optimizer, epochs }: DatasetConfig['train'],
  { history }: TrainingState,
  steps: number,
): (step: number) => number {
  const plateau =
    schedule.name === 'reduce_on_plateau'
      ? history.map(judgedLoss).reduce((state, loss) => observeLoss(schedule, state, loss), initialPlateau)
      : initialPlateau;
  return (step) =>
    learningRateAt(schedule, optimizer.learningRate, {
      epoch: history.length + step / steps,
      epochs,
      plateau,
    });
}

function addStep(
  current: EpochSoFar,
  step: { loss: number; correct: number; size: number; durationMs: number },
): EpochSoFar {
  return {
    step: current.step + 1,
    samples: current.samples + step.size,
    loss: current.loss + step.loss * step.size,
    correct: current.correct + step.correct,
    durationMs: current.durationMs + step.durationMs,
  };
}

/** Validates, and sums the epoch up; null where that was interrupted. */
async function finishEpoch(options: FitOptions, trained: TrainedEpoch): Promise<EpochRecord | null> {
  const { engine, source, config, rows, signal, now } = options;
  const { epoch, current, learningRate } = trained;
  const start = now();
  let loss = 0;
  let correct = 0;
  if (rows.validation > 0) {
    const request = { engine, source, split: 'validation', batchSize: config.batchSize, signal } as const;
    const whole = await evaluateSplit(request, ({ labels }, { losses, probabilities }) => {
      loss += losses.reduce((sum, value) => sum + value, 0);
      correct += countCorrect(labels, probabilities);
    });
    if (!whole) return null;
  }
  const mean = (sum: number) => (rows.validation > 0 ? sum / rows.validation : null);
  return {
    epoch,
    steps: current.step,
    learningRate,
    loss: current.loss / current.samples,
    accuracy: current.correct / current.samples,
    valLoss: mean(loss),
    valAccuracy: mean(correct),
    durationMs: Math.round(current.durationMs + now() - start),
    imagesPerSecond: Math.round((current.samples * 10_000) / current.durationMs) / 10,
  };
}

function lostLoss(
  { store, sampleIds }: FitOptions,
  { epoch, step, loss, batch }: { epoch: number; step: number; loss: number; batch: LoadedBatch },
): AtelierError {
  const names = [...batch.rows].map((row) => sampleIds[row] as string);
  const checkpoint = store.lastCheckpoint();
  return new AtelierError({
    code: 'TRAINING_FAILED',
    action: 'go on training',
    problem:
      `the loss of epoch ${epoch + 1}, step ${step + 1} is ${loss}; the last checkpoint ` +
      `${checkpoint === null ? 'does not exist yet' : `is of ${checkpoint}`}; the samples of the step are ${names.join(', ')}`,
    hint: 'Lower train.optimizer.learningRate, or set train.globalClipNorm to 1, and look at these pictures.',
  });
}
