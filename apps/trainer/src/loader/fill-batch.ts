import { randomStream, type DatasetConfig } from '@atelier/core';
import { createTransformer, sampleTraining } from '@atelier/transform';
import type { LoadedBatch, Pass } from './batch-source.js';
import type { NormalizedDataset } from './normalized-dataset.js';
import type { OpenSplit } from './open-split.js';

/** What batches are made by; plain data. */
export interface LoaderOptions {
  readonly dataset: NormalizedDataset;
  /** The dataset's seed. */
  readonly seed: number;
  /** The random transforms of training; null = none. */
  readonly augment: DatasetConfig['train']['augment'];
}

/** Reads some rows of a split into a batch and, in training, transforms each of them. Synchronous. */
export type FillBatch = (split: OpenSplit, pass: Pick<Pass, 'epoch'>, batch: LoadedBatch) => void;

/**
 * Makes the function that both batch sources fill their batches with. The transform of a picture is drawn from
 * (seed, epoch, sampleId), so it depends neither on the batch the picture is in nor on who fills it when.
 */
export async function batchFiller({ dataset, seed, augment }: LoaderOptions): Promise<FillBatch> {
  const [height, width] = dataset.shape;
  const pictureLength = height * width * 3;
  const transformer = augment === null ? null : await createTransformer({ width, height });
  return (split, { epoch }, { pixels, labels, rows }) => {
    rows.forEach((row, i) => {
      const picture = pixels.subarray(i * pictureLength, (i + 1) * pictureLength);
      split.readPixels(row, picture);
      labels[i] = split.labels[row] as number;
      if (epoch === null || augment === null || transformer === null) return;
      const random = randomStream(seed, ['train', 'augment', String(epoch), split.sampleIds[row] as string]);
      transformer.apply({
        pixels: picture,
        out: picture,
        parameters: sampleTraining(augment, random),
        fill: augment.fill,
        contrast: 'channel',
      });
    });
  };
}
