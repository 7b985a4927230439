import path from 'node:path';
import { writeArrowTable } from '@atelier/artifacts';
import type { Split } from '@atelier/core';
import { openSplit } from '../loader/open-split.js';
import type { NormalizedDataset } from '../loader/normalized-dataset.js';
import { evaluateSplit, type EvaluationRequest } from './evaluate-split.js';
import { predictedClasses } from './metrics.js';

/** What a model says of each sample of a split; rows in file order. */
export interface Predictions {
  readonly split: Split;
  readonly sampleIds: readonly string[];
  readonly sourceIds: readonly string[];
  /** int32 [rows]. */
  readonly labels: Int32Array;
  /** float32 [rows, classes]. */
  readonly probabilities: Float32Array;
  /** float32 [rows]. */
  readonly losses: Float32Array;
}

/** Predicts every sample of a split; a split without samples gives empty columns. */
export async function predictSplit(
  dataset: NormalizedDataset,
  request: Omit<EvaluationRequest, 'signal'>,
): Promise<Predictions> {
  const { rows, sampleIds, sourceIds, labels, close } = await openSplit(dataset, request.split);
  close();
  const classes = dataset.classNames.length;
  const probabilities = new Float32Array(rows * classes);
  const losses = new Float32Array(rows);
  if (rows > 0) {
    await evaluateSplit(request, (batch, evaluation) => {
      batch.rows.forEach((row, i) => {
        losses[row] = evaluation.losses[i] as number;
        probabilities.set(evaluation.probabilities.subarray(i * classes, (i + 1) * classes), row * classes);
      });
    });
  }
  return { split: request.split, sampleIds, sourceIds, labels, probabilities, losses };
}

/**
 * Writes predictions.arrow: sample_id, source_id, split, true and predicted (class indices), loss, probabilities
 * (a list of one float32 per class). The names of the classes stand in the schema's metadata, as JSON.
 */
export async function writePredictions(
  dir: string,
  predictions: readonly Predictions[],
  classNames: readonly string[],
): Promise<void> {
  const all = <T>(pick: (of: Predictions) => Iterable<T>): T[] => predictions.flatMap((of) => [...pick(of)]);
  await writeArrowTable(
    path.join(dir, 'predictions.arrow'),
    {
      sample_id: { type: 'utf8', values: all((of) => of.sampleIds) },
      source_id: { type: 'utf8', values: all((of) => of.sourceIds) },
      split: { type: 'utf8', values: all((of) => of.sampleIds.map(() => of.split)) },
      true: { type: 'int32', values: all((of) => of.labels) },
      predicted: { type: 'int32', values: all((of) => predictedClasses({ ...of, classNames })) },
      loss: { type: 'float32', values: all((of) => of.losses) },
      probabilities: {
        type: 'vector',
        size: classNames.length,
        values: Float32Array.from(all((of) => of.probabilities)),
      },
    },
    { 'atelier.classes': JSON.stringify(classNames) },
  );
}
