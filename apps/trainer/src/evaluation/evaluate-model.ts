import path from 'node:path';
import { writeFileAtomic } from '@atelier/artifacts';
import type { TrainEngine } from '../engine/train-engine.js';
import type { BatchSource } from '../loader/batch-source.js';
import type { NormalizedDataset } from '../loader/normalized-dataset.js';
import { computeMetrics, type Metrics } from './metrics.js';
import { predictSplit, writePredictions } from './predictions.js';

/** `metrics.json`. */
export interface MetricsRecord {
  readonly formatVersion: 1;
  readonly run: string;
  /** SHA-256 of normalized/manifest.jsonl: what was evaluated on. */
  readonly evaluatedOn: string;
  /** null for a split without samples. */
  readonly validation: Metrics | null;
  readonly test: Metrics | null;
}

/** What {@link evaluateModel} evaluates, and where its answers go. */
export interface ModelEvaluation {
  readonly engine: TrainEngine;
  readonly source: BatchSource;
  readonly dataset: NormalizedDataset;
  readonly batchSize: number;
  /** The run's name and folder. */
  readonly run: { readonly name: string; readonly dir: string };
}

/** Evaluates a model on the validation and test splits and writes metrics.json and predictions.arrow. */
export async function evaluateModel(of: ModelEvaluation): Promise<MetricsRecord> {
  const { engine, source, dataset, batchSize, run } = of;
  const validation = await predictSplit(dataset, { engine, source, split: 'validation', batchSize });
  const test = await predictSplit(dataset, { engine, source, split: 'test', batchSize });
  const { classNames } = dataset;
  const record: MetricsRecord = {
    formatVersion: 1,
    run: run.name,
    evaluatedOn: dataset.sha256,
    validation: computeMetrics({ ...validation, classNames }),
    test: computeMetrics({ ...test, classNames }),
  };
  await writePredictions(run.dir, [validation, test], classNames);
  await writeFileAtomic(path.join(run.dir, 'metrics.json'), `${JSON.stringify(record, null, 2)}\n`);
  return record;
}
