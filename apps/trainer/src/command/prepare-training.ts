import {
  AtelierError,
  canonicalJson,
  SPLITS,
  type DatasetConfig,
  type Json,
  type Split,
} from '@atelier/core';
import { seedModel, type ModelMetadata } from '@atelier/model';
import type { LayersModel } from '@tensorflow/tfjs';
import type { EngineOptions, TrainEngine } from '../engine/train-engine.js';
import { balancedClassWeights } from '../fit/class-weights.js';
import { rowCount, type NormalizedDataset } from '../loader/normalized-dataset.js';

/**
 * Refuses tensors that were made with other settings than those in force: the model would be told the wrong ones.
 * @throws AtelierError INPUT_CHANGED or INPUT_MISSING
 */
export function checkDataset(
  dataset: NormalizedDataset,
  { resize, train }: DatasetConfig,
  root: string,
): void {
  if (canonicalJson(dataset.resize as Json) !== canonicalJson(resize as Json)) {
    throw new AtelierError({
      code: 'INPUT_CHANGED',
      action: 'train on',
      path: root,
      problem: 'its tensors were made with other resize settings than those of dataset.json and --set',
      hint: 'Run "npx atelier preprocess" with the same settings first.',
    });
  }
  if (rowCount(dataset, 'train') === 0) {
    throw new AtelierError({
      code: 'INPUT_MISSING',
      action: `train for ${train.epochs} epochs on`,
      path: root,
      problem: 'its train split holds no pictures',
      hint: 'Put pictures into class folders below images/ and run "npx atelier preprocess".',
    });
  }
}

/** Pictures of each split. */
export function splitRows(dataset: NormalizedDataset): Record<Split, number> {
  return Object.fromEntries(SPLITS.map((split) => [split, rowCount(dataset, split)])) as Record<
    Split,
    number
  >;
}

/** The network with its starting weights. */
export function startingModel(dataset: NormalizedDataset, config: DatasetConfig): Promise<LayersModel> {
  const { mean, std } = dataset;
  return seedModel({
    shape: dataset.shape,
    classes: dataset.classNames.length,
    network: config.train.model,
    standardize: mean !== null && std !== null ? { mean, std } : null,
    seed: config.seed,
  });
}

/** What the engine trains with. @param labels class indices of the train split */
export function engineOptions(
  { optimizer, globalClipNorm, labelSmoothing, precision, classWeights }: DatasetConfig['train'],
  { labels, classes }: { labels: Int32Array; classes: number },
): EngineOptions {
  const weights = classWeights === 'balanced' ? balancedClassWeights(labels, classes) : null;
  return { optimizer, globalClipNorm, labelSmoothing, precision, classWeights: weights };
}

/** What is kept with the trained model. */
export function modelMetadata(of: {
  runId: string;
  dataset: NormalizedDataset;
  config: DatasetConfig;
  engine: TrainEngine;
  artifacts: Readonly<Record<string, string>>;
}): ModelMetadata {
  const { runId, dataset, config, engine, artifacts } = of;
  const [height, width, channels] = dataset.shape;
  const { quarantineBudget: _quarantineBudget, ...limits } = config.limits;
  return {
    formatVersion: 1,
    runId,
    classNames: dataset.classNames,
    input: { height, width, channels, valueRange: [0, 255], dtype: 'uint8' },
    resize: dataset.resize,
    normalize: { mean: dataset.mean, std: dataset.std },
    limits,
    versions: { node: process.versions.node, ...engine.versions },
    trainedOn: artifacts,
  };
}
