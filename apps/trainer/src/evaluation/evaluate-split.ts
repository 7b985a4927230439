import type { Split } from '@atelier/core';
import type { Evaluation, TrainEngine } from '../engine/train-engine.js';
import type { BatchSource, LoadedBatch } from '../loader/batch-source.js';

/** What is evaluated, and by what. */
export interface EvaluationRequest {
  readonly engine: TrainEngine;
  readonly source: BatchSource;
  readonly split: Split;
  readonly batchSize: number;
  /** Ends the walk before its end. */
  readonly signal?: AbortSignal;
}

/**
 * Walks over a split in file order, never shuffled, so that row i of an answer is row i of the split.
 * @param visit gets each batch with what the model says of it; both hold only during the call
 * @returns false where the signal ended the walk
 */
export async function evaluateSplit(
  { engine, source, split, batchSize, signal }: EvaluationRequest,
  visit: (batch: LoadedBatch, evaluation: Evaluation) => void,
): Promise<boolean> {
  for await (const batch of source.batches({ split, batchSize, epoch: null, fromStep: 0 })) {
    visit(batch, await engine.evaluate(batch));
    // lets signals and the progress through: a native step blocks the thread
    await new Promise((resolve) => setImmediate(resolve));
    if (signal?.aborted === true) return false;
  }
  return true;
}

/** Pictures of a batch whose likeliest class is theirs; of equal ones the first counts. */
export function countCorrect(labels: Int32Array, probabilities: Float32Array): number {
  const classes = probabilities.length / labels.length;
  return labels.reduce((correct, label, row) => {
    const own = probabilities.subarray(row * classes, (row + 1) * classes);
    return correct + (own.indexOf(Math.max(...own)) === label ? 1 : 0);
  }, 0);
}
