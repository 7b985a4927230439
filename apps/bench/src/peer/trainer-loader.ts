import type { DatasetConfig } from '@atelier/core';

/** What is used of a batch of the trainer's loader. */
interface LoadedBatch {
  readonly pixels: Uint8Array;
  readonly labels: Int32Array;
}

/** What is used of the trainer's BatchSource. */
export interface BatchSource {
  batches(pass: {
    split: 'train';
    batchSize: number;
    epoch: number | null;
    fromStep: number;
  }): AsyncIterable<LoadedBatch>;
}

interface LoaderModules {
  readNormalizedDataset(root: string): Promise<unknown>;
  workerSource(
    options: { dataset: unknown; seed: number; augment: DatasetConfig['train']['augment'] },
    size: { batchSize: number },
  ): BatchSource;
}

/**
 * The trainer's loader thread over a dataset's shards. Apps do not import each other; this one measures the other, so
 * it loads the built modules from where they lie.
 */
export async function trainerLoader(
  root: string,
  options: { batchSize: number; augment: DatasetConfig['train']['augment'] },
): Promise<BatchSource> {
  const load = async (name: string): Promise<unknown> =>
    import(new URL(`../../../trainer/dist/loader/${name}.js`, import.meta.url).href);
  const { readNormalizedDataset, workerSource } = {
    ...((await load('normalized-dataset')) as object),
    ...((await load('worker-source')) as object),
  } as LoaderModules;
  const dataset = await readNormalizedDataset(root);
  return workerSource({ dataset, seed: 1, augment: options.augment }, { batchSize: options.batchSize });
}
