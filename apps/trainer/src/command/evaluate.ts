import { AtelierError } from '@atelier/core';
import { loadModel, type LoadedModel } from '@atelier/model';
import { openDataset, resolveDataset } from '@atelier/stage';
import { chooseEngine, engineLine } from '../engine/choose-engine.js';
import { inferenceOptions } from '../engine/train-engine.js';
import { evaluateModel } from '../evaluation/evaluate-model.js';
import { metricsReport } from '../evaluation/report.js';
import { readNormalizedDataset, type NormalizedDataset } from '../loader/normalized-dataset.js';
import { workerSource } from '../loader/worker-source.js';
import { findRun } from '../run/run-folder.js';
import type { CommandLine } from './arguments.js';

/** `evaluate`: evaluates a run on the dataset as it is now, and prints the metrics. */
export async function evaluate({ dataset: folder, set, run: name, json }: CommandLine): Promise<void> {
  const { root, config } = await openDataset(resolveDataset(folder), set);
  const run = await findRun(root, name);
  const { model, metadata } = await loadModel(run.dir);
  const dataset = await readNormalizedDataset(root);
  checkFits({ metadata, dataset, dir: run.dir });
  const choice = await chooseEngine(config.train.engine, { model, options: inferenceOptions });
  const { batchSize } = config.train;
  const source = workerSource({ dataset, seed: config.seed, augment: null }, { batchSize });
  try {
    process.stderr.write(`${engineLine(choice)}\n`);
    if (!Object.values(metadata.trainedOn).includes(dataset.sha256)) {
      process.stderr.write('note: the dataset has changed since this model was trained\n');
    }
    const metrics = await evaluateModel({ engine: choice.engine, source, dataset, batchSize, run });
    process.stdout.write(json ? `${JSON.stringify(metrics)}\n` : `${await metricsReport(metrics)}\n`);
  } finally {
    await source.close();
    choice.engine.dispose();
    model.dispose();
  }
}

/** A model of other classes or another size would answer, and every answer would be wrong. */
function checkFits(of: { metadata: LoadedModel['metadata']; dataset: NormalizedDataset; dir: string }): void {
  const { metadata, dataset, dir } = of;
  const { height, width, channels } = metadata.input;
  const sameClasses = metadata.classNames.join('\0') === dataset.classNames.join('\0');
  const sameShape = [height, width, channels].join() === dataset.shape.join();
  if (sameClasses && sameShape) return;
  throw new AtelierError({
    code: 'INPUT_CHANGED',
    action: 'evaluate the model',
    path: dir,
    problem: sameClasses
      ? `it takes pictures of ${width}x${height}, the dataset has ${dataset.shape[1]}x${dataset.shape[0]}`
      : `it knows the classes ${metadata.classNames.join(', ')}; the dataset has ${dataset.classNames.join(', ')}`,
    hint: 'Train a model on the dataset as it is now.',
  });
}
